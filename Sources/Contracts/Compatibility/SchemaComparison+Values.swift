import Values

/// Types, values and limits.
extension SchemaComparison {
    mutating func compareValues(_ wide: Value, _ narrow: Value, at element: SchemaPlace) {
        if narrow["type"] != nil {
            let allowed = Self.types(of: narrow)
            let lost = Self.types(of: wide).filter {
                !allowed.contains($0) && !($0 == "integer" && allowed.contains("number"))
            }
            if !lost.isEmpty {
                let names = lost.joined(separator: ", ")
                add(element, input: "no longer takes the type \(names)", output: "may now have the type \(names)")
            }
        }
        guard let allowed = narrow["enum"]?.listValue ?? narrow["const"].map({ [$0] }) else { return }
        guard let before = wide["enum"]?.listValue ?? wide["const"].map({ [$0] }) else {
            return add(
                element, input: "is now limited to certain values", output: "is no longer limited to certain values")
        }
        let lost = before.filter { !allowed.contains($0) }.map(\.brief)
        if !lost.isEmpty {
            let values = lost.joined(separator: ", ")
            add(element, input: "no longer takes \(values)", output: "may now be \(values)")
        }
    }

    static func types(of schema: Value) -> [String] {
        if let one = schema["type"]?.stringValue { return [one] }
        if let several = schema["type"]?.listValue { return several.compactMap(\.stringValue) }
        let values = schema["enum"]?.listValue ?? schema["const"].map { [$0] }
        guard let values else { return ["null", "boolean", "number", "string", "array", "object"] }
        return values.map(typeName)
    }

    private static func typeName(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .number(let number): number.isInteger ? "integer" : "number"
        case .string: "string"
        case .list: "array"
        case .object: "object"
        }
    }

    private static let lowerLimits = ["minLength", "minItems", "minProperties"]
    private static let upperLimits = ["maxLength", "maxItems", "maxProperties"]

    mutating func compareLimits(_ wide: Value, _ narrow: Value, at element: SchemaPlace) {
        let types = Self.types(of: wide)
        /// A limit on values of another type limits nothing.
        func matters(_ keyword: String) -> Bool {
            switch keyword {
            case "minItems", "maxItems", "uniqueItems": types.contains("array")
            case "minProperties", "maxProperties": types.contains("object")
            default: types.contains("string")
            }
        }
        for keyword in Self.lowerLimits where matters(keyword) {
            guard let limit = narrow[keyword]?.numberValue, !limit.isZero else { continue }
            if !(wide[keyword]?.numberValue.map { $0 >= limit } ?? false) { addLimit(keyword, limit, at: element) }
        }
        for keyword in Self.upperLimits where matters(keyword) {
            guard let limit = narrow[keyword]?.numberValue else { continue }
            if !(wide[keyword]?.numberValue.map { $0 <= limit } ?? false) { addLimit(keyword, limit, at: element) }
        }
        let isNumber = types.contains("number") || types.contains("integer")
        if isNumber { compareRange(wide, narrow, at: element) }
        if isNumber, let divisor = narrow["multipleOf"]?.numberValue {
            let before =
                wide["multipleOf"]?.numberValue ?? (types == ["integer"] ? Decimal128(1) : nil)
            if before?.remainder(dividingBy: divisor)?.isZero != true { addLimit("multipleOf", divisor, at: element) }
        }
        for keyword in ["pattern", "format"] where matters(keyword) {
            guard let rule = narrow[keyword], wide[keyword] != rule else { continue }
            add(
                element, input: "now must keep \(keyword) \(rule.brief)",
                output: "no longer keeps \(keyword) \(rule.brief)")
        }
        if matters("uniqueItems"), narrow["uniqueItems"] == .bool(true), wide["uniqueItems"] != .bool(true) {
            add(element, input: "must no longer repeat elements", output: "may now repeat elements")
        }
    }

    /// `minimum` with `exclusiveMinimum`, and `maximum` with `exclusiveMaximum`.
    private mutating func compareRange(_ wide: Value, _ narrow: Value, at element: SchemaPlace) {
        for (name, sign) in [("inimum", 1), ("aximum", -1)] {
            var including = wide["m\(name)"]?.numberValue
            let excluding = wide["exclusiveM\(name)"]?.numberValue
            // The next whole number is as good a limit.
            if Self.types(of: wide) == ["integer"], let limit = excluding, limit.isInteger,
                let next = sign > 0 ? limit.adding(1) : limit.subtracting(1)
            {
                including = including.map { sign > 0 ? max($0, next) : min($0, next) } ?? next
            }
            /// Whether all that the wide side allows is on the right side of the limit, or beyond it.
            func holds(_ limit: Decimal128, excludes: Bool) -> Bool {
                func isBeyond(_ bound: Decimal128, orAt: Bool) -> Bool {
                    (sign > 0 ? bound > limit : bound < limit) || (orAt && bound == limit)
                }
                return including.map { isBeyond($0, orAt: !excludes) } ?? false
                    || excluding.map { isBeyond($0, orAt: true) } ?? false
            }
            if let limit = narrow["m\(name)"]?.numberValue, !holds(limit, excludes: false) {
                addLimit("m\(name)", limit, at: element)
            }
            if let limit = narrow["exclusiveM\(name)"]?.numberValue, !holds(limit, excludes: true) {
                addLimit("exclusiveM\(name)", limit, at: element)
            }
        }
    }

    private mutating func addLimit(_ keyword: String, _ limit: Decimal128, at element: SchemaPlace) {
        add(element, input: "now has \(keyword) \(limit)", output: "no longer keeps \(keyword) \(limit)")
    }
}
