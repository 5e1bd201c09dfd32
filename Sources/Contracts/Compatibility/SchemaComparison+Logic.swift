import OrderedCollections
import Values

/// Alternatives, negations and conditions.
extension SchemaComparison {
    /// `anyOf` or `oneOf` of a schema, if it has one of them.
    static func alternatives(of schema: Value) -> [Value]? {
        let any = schema["anyOf"]?.listValue
        let one = schema["oneOf"]?.listValue
        return any != nil && one != nil ? any : any ?? one
    }

    /// Each alternative of the wide side, with what stands beside it, must be allowed.
    mutating func compareEach(
        of alternatives: [Value], _ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int
    ) {
        if !hasReferences, wide["anyOf"] == narrow["anyOf"], wide["oneOf"] == narrow["oneOf"] {
            return compare(Self.withoutAlternatives(wide), Self.withoutAlternatives(narrow), at: element, depth: depth)
        }
        // Which alternative counts may depend on there being one only.
        if let now = narrow["oneOf"]?.listValue, wide["oneOf"] != narrow["oneOf"], !Self.areDistinct(now) {
            return addAlternatives("oneOf", at: element)
        }
        let base = Self.withoutAlternatives(wide)
        for alternative in alternatives {
            spendOnAlternative()
            compare(.object(["allOf": .list([alternative, base])]), narrow, at: element, depth: depth + 1)
        }
    }

    mutating func compareLogic(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        for part in narrow["allOf"]?.listValue ?? [] where wide["allOf"]?.listValue?.contains(part) != true {
            compare(wide, part, at: element, depth: depth + 1)
        }
        if let any = narrow["anyOf"]?.listValue, wide["anyOf"] != narrow["anyOf"],
            !any.contains(where: { fits(wide, $0, depth: depth) })
        {
            addAlternatives("anyOf", at: element)
        }
        if let one = narrow["oneOf"]?.listValue, wide["oneOf"] != narrow["oneOf"],
            !Self.areDistinct(one) || !one.contains(where: { fits(wide, $0, depth: depth) })
        {
            addAlternatives("oneOf", at: element)
        }
        if let not = narrow["not"], wide["not"] != not, !wide.excludes(not, role) {
            add(element, input: "now excludes values (not)", output: "may now have values that were excluded (not)")
        }
        if narrow["if"] != nil, ["if", "then", "else"].contains(where: { wide[$0] != narrow[$0] }) {
            add(
                element, input: "now depends on a condition (if) in another way",
                output: "no longer keeps what depends on a condition (if)")
        }
        for keyword in ["$ref", "$dynamicRef"] {
            guard let reference = narrow[keyword], wide[keyword] != reference else { continue }
            add(
                element, input: "now refers to \(reference.brief), which cannot be weighed",
                output: "no longer refers to \(reference.brief), which cannot be weighed")
        }
    }

    /// The same schema with its few values listed, or an alternative for each of its types, where the other side is written like that.
    static func spelledOut(_ wide: Value, for narrow: Value) -> Value? {
        guard var members = wide.objectValue, members["enum"] == nil, members["const"] == nil,
            alternatives(of: wide) == nil
        else { return nil }
        if narrow["enum"] != nil || narrow["const"] != nil, let values = fewValues(of: wide) {
            members["enum"] = .list(values)
            return .object(members)
        }
        guard alternatives(of: narrow) != nil, let types = members["type"]?.listValue, types.count > 1 else {
            return nil
        }
        members["type"] = nil
        members["anyOf"] = .list(types.map { ["type": $0] })
        return .object(members)
    }

    private static let fewest = 100

    /// All that a schema of truth values or of a short range of whole numbers allows.
    private static func fewValues(of schema: Value) -> [Value]? {
        let types = self.types(of: schema)
        if Set(types).isSubset(of: ["boolean", "null"]) {
            return (types.contains("boolean") ? [true, false] : []) + (types.contains("null") ? [nil] : [])
        }
        guard types == ["integer"], let compiled = try? JSONSchema(schema),
            let low = (schema["minimum"] ?? schema["exclusiveMinimum"])?.numberValue?.rounded(scale: 0, mode: .floor)?
                .intValue,
            let high = (schema["maximum"] ?? schema["exclusiveMaximum"])?.numberValue?.rounded(scale: 0, mode: .floor)?
                .intValue,
            low <= high, high.subtractingReportingOverflow(low).overflow == false, high - low <= fewest
        else { return nil }
        return (low...high).map { .number(Decimal128($0)) }.filter { compiled.isValid($0) }
    }

    private mutating func addAlternatives(_ keyword: String, at element: SchemaPlace) {
        add(
            element, input: "may no longer fit any of its alternatives (\(keyword))",
            output: "may no longer be one of its alternatives (\(keyword))")
    }

    private static func withoutAlternatives(_ schema: Value) -> Value {
        guard var members = schema.objectValue else { return schema }
        members["anyOf"] = nil
        members["oneOf"] = nil
        return .object(members)
    }

    /// Whether no value fits two of the schemas, as far as types, constants and discriminating members tell.
    private static func areDistinct(_ schemas: [Value]) -> Bool {
        schemas.indices.allSatisfy { left in
            schemas.indices.dropFirst(left + 1).allSatisfy { areDistinct(schemas[left], schemas[$0], depth: 0) }
        }
    }

    private static func areDistinct(_ left: Value, _ right: Value, depth: Int) -> Bool {
        if let left = left["type"]?.stringValue, let right = right["type"]?.stringValue, left != right {
            return Set([left, right]) != ["integer", "number"]
        }
        func values(_ schema: Value) -> [Value]? { schema["enum"]?.listValue ?? schema["const"].map { [$0] } }
        if let left = values(left), let right = values(right) { return !left.contains { right.contains($0) } }
        guard depth == 0, let required = left["required"]?.listValue, let others = right["required"]?.listValue else {
            return false
        }
        return required.filter { others.contains($0) }.compactMap(\.stringValue).contains { name in
            guard let left = left["properties"]?[name], let right = right["properties"]?[name] else { return false }
            return areDistinct(left, right, depth: 1)
        }
    }
}

extension Value {
    /// Whether the schema's `not` excludes all that another one fits.
    fileprivate func excludes(_ schema: Value, _ role: SchemaComparison.Role) -> Bool {
        guard let not = self["not"], !SchemaComparison.refers(not), !SchemaComparison.refers(schema) else {
            return false
        }
        var comparison = SchemaComparison(from: schema, to: not, role: role)
        return comparison.compare(at: SchemaPlace()).isEmpty
    }
}
