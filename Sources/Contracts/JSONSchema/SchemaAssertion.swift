import OrderedCollections
import Values

/// A keyword that looks at one value alone. Each passes on values of types it is not about.
enum SchemaAssertion: Sendable {
    case type([SchemaType])
    case enumeration([Value])
    case constant(Value)
    case minimum(Decimal128)
    case maximum(Decimal128)
    case exclusiveMinimum(Decimal128)
    case exclusiveMaximum(Decimal128)
    case multipleOf(Decimal128)
    case minLength(Int)
    case maxLength(Int)
    case pattern(Pattern, source: String)
    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    case minProperties(Int)
    case maxProperties(Int)
    case required([String])
    case dependentRequired([(name: String, needs: [String])])
    case format(SchemaFormat)

    var keyword: String {
        switch self {
        case .type: "type"
        case .enumeration: "enum"
        case .constant: "const"
        case .minimum: "minimum"
        case .maximum: "maximum"
        case .exclusiveMinimum: "exclusiveMinimum"
        case .exclusiveMaximum: "exclusiveMaximum"
        case .multipleOf: "multipleOf"
        case .minLength: "minLength"
        case .maxLength: "maxLength"
        case .pattern: "pattern"
        case .minItems: "minItems"
        case .maxItems: "maxItems"
        case .uniqueItems: "uniqueItems"
        case .minProperties: "minProperties"
        case .maxProperties: "maxProperties"
        case .required: "required"
        case .dependentRequired: "dependentRequired"
        case .format: "format"
        }
    }

    /// What is wrong with the value, each to follow its name; empty if nothing is.
    func failures(of value: Value) -> [String] {
        switch value {
        case .number(let number): if let failure = failure(of: number) { return [failure] }
        case .string(let string): if let failure = failure(of: string) { return [failure] }
        case .list(let list): if let failure = failure(of: list) { return [failure] }
        case .object: if let failures = failures(ofObject: value), !failures.isEmpty { return failures }
        case .null, .bool: break
        }
        switch self {
        case .type(let types):
            if types.contains(where: { $0.includes(value) }) { return [] }
            return ["must be \(types.map(\.phrase).joined(separator: " or ")), not \(value.brief)"]
        case .enumeration(let values):
            if values.contains(value) { return [] }
            if values.isEmpty { return ["is not allowed: the schema allows no value"] }
            if values.count == 1 { return ["must be \(values[0].brief), not \(value.brief)"] }
            let shown = values.prefix(20).map(\.brief).joined(separator: ", ") + (values.count > 20 ? ", …" : "")
            return ["must be one of \(shown), not \(value.brief)"]
        case .constant(let constant):
            return constant == value ? [] : ["must be \(constant.brief), not \(value.brief)"]
        case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .multipleOf, .minLength, .maxLength, .pattern,
            .minItems,
            .maxItems, .uniqueItems, .minProperties, .maxProperties, .required, .dependentRequired, .format:
            return []
        }
    }

    private func failure(of number: Decimal128) -> String? {
        switch self {
        case .minimum(let limit) where number < limit: return "must be at least \(limit), not \(number)"
        case .maximum(let limit) where number > limit: return "must be at most \(limit), not \(number)"
        case .exclusiveMinimum(let limit) where number <= limit: return "must be more than \(limit), not \(number)"
        case .exclusiveMaximum(let limit) where number >= limit: return "must be less than \(limit), not \(number)"
        case .multipleOf(let divisor):
            guard let remainder = number.remainder(dividingBy: divisor), remainder.isZero else {
                return "must be a multiple of \(divisor), not \(number)"
            }
            return nil
        case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .type, .enumeration, .constant, .minLength,
            .maxLength,
            .pattern, .minItems, .maxItems, .uniqueItems, .minProperties, .maxProperties, .required, .dependentRequired,
            .format:
            return nil
        }
    }

    private func failure(of string: String) -> String? {
        switch self {
        case .minLength(let limit) where string.unicodeScalars.count < limit:
            return limit == 1 ? "must not be empty" : "must have at least \(limit) characters"
        case .maxLength(let limit) where string.unicodeScalars.count > limit:
            return "must have at most \(limit) characters"
        case .pattern(let pattern, let source):
            do {
                if try pattern.matches(anywhereIn: string) { return nil }
                return "must match the pattern \(source), not \(Value.string(string).brief)"
            } catch {
                return "could not be matched with the pattern \(source): \(error.message)"
            }
        case .format(let format):
            return format.accepts(string) ? nil : "must be \(format.phrase), not \(Value.string(string).brief)"
        case .minLength, .maxLength, .type, .enumeration, .constant, .minimum, .maximum, .exclusiveMinimum,
            .exclusiveMaximum,
            .multipleOf, .minItems, .maxItems, .uniqueItems, .minProperties, .maxProperties, .required,
            .dependentRequired:
            return nil
        }
    }

    private func failure(of list: [Value]) -> String? {
        switch self {
        case .minItems(let limit) where list.count < limit:
            return "must have at least \(limit) elements, not \(list.count)"
        case .maxItems(let limit) where list.count > limit:
            return "must have at most \(limit) elements, not \(list.count)"
        case .uniqueItems:
            var seen: Set<Value> = []
            let repeated = list.first { !seen.insert($0).inserted }
            return repeated.map { "must not have an element twice: \($0.brief)" }
        case .minItems, .maxItems, .type, .enumeration, .constant, .minimum, .maximum, .exclusiveMinimum,
            .exclusiveMaximum,
            .multipleOf, .minLength, .maxLength, .pattern, .minProperties, .maxProperties, .required,
            .dependentRequired, .format:
            return nil
        }
    }

    private func failures(ofObject value: Value) -> [String]? {
        guard let object = value.objectValue else { return nil }
        switch self {
        case .minProperties(let limit) where object.count < limit: return ["must have at least \(limit) members"]
        case .maxProperties(let limit) where object.count > limit: return ["must have at most \(limit) members"]
        case .required(let names):
            return names.filter { object.member($0) == nil }.map { "requires \"\($0)\"" }
        case .dependentRequired(let dependencies):
            return dependencies.filter { object.member($0.name) != nil }.flatMap { dependency in
                dependency.needs.filter { object.member($0) == nil }.map {
                    "requires \"\($0)\", since it has \"\(dependency.name)\""
                }
            }
        case .minProperties, .maxProperties, .type, .enumeration, .constant, .minimum, .maximum, .exclusiveMinimum,
            .exclusiveMaximum, .multipleOf, .minLength, .maxLength, .pattern, .minItems, .maxItems, .uniqueItems,
            .format:
            return nil
        }
    }
}

/// The types of JSON Schema.
enum SchemaType: String, Sendable {
    case null, boolean, number, integer, string, array, object

    func includes(_ value: Value) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.number, .number), (.string, .string), (.array, .list),
            (.object, .object):
            true
        case (.integer, .number(let number)): number.isInteger
        case (.null, _), (.boolean, _), (.number, _), (.integer, _), (.string, _), (.array, _), (.object, _): false
        }
    }

    var phrase: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .integer: "a whole number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension Value {
    /// The value in a message: scalars as JSON, cut if long; lists and objects by kind.
    package var brief: String {
        switch self {
        case .list, .object: return kindName
        case .null, .bool, .number: return json.text
        case .string(let string):
            let limit = 60
            let cut = string.unicodeScalars.count > limit
            guard cut else { return json.text }
            var prefix = String.UnicodeScalarView()
            prefix.append(contentsOf: string.unicodeScalars.prefix(limit))
            return Value.string(String(prefix) + "…").json.text
        }
    }
}
