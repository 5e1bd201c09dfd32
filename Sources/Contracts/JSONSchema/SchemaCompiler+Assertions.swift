import OrderedCollections
import Values

extension SchemaCompiler {
    /// The keywords of the validation vocabulary.
    mutating func assertions(of schema: SchemaIndex.Located, _ members: OrderedDictionary<String, Value>)
        -> [SchemaAssertion]
    {
        var result: [SchemaAssertion] = []
        if let types = types(of: schema, members) { result.append(.type(types)) }
        if let value = members["enum"] {
            if let values = value.listValue {
                result.append(.enumeration(values))
            } else {
                report(schema, "enum", "enum must be a list of values")
            }
        }
        if let value = members["const"] { result.append(.constant(value)) }

        result += number("minimum", of: schema, members).map(SchemaAssertion.minimum)
        result += number("maximum", of: schema, members).map(SchemaAssertion.maximum)
        result += number("exclusiveMinimum", of: schema, members).map(SchemaAssertion.exclusiveMinimum)
        result += number("exclusiveMaximum", of: schema, members).map(SchemaAssertion.exclusiveMaximum)
        if let divisor = number("multipleOf", of: schema, members).first {
            if divisor > .zero {
                result.append(.multipleOf(divisor))
            } else {
                report(schema, "multipleOf", "multipleOf must be above zero")
            }
        }

        if let limit = count("minLength", of: schema, members) { result.append(.minLength(limit)) }
        if let limit = count("maxLength", of: schema, members) { result.append(.maxLength(limit)) }
        if let value = members["pattern"] {
            if let source = value.stringValue {
                if let pattern = pattern(source, of: schema, "pattern") {
                    result.append(.pattern(pattern, source: source))
                }
            } else {
                report(schema, "pattern", "pattern must be text")
            }
        }
        if let limit = count("minItems", of: schema, members) { result.append(.minItems(limit)) }
        if let limit = count("maxItems", of: schema, members) { result.append(.maxItems(limit)) }
        if let value = members["uniqueItems"] {
            if value == .bool(true) {
                result.append(.uniqueItems)
            } else if value.boolValue == nil {
                report(schema, "uniqueItems", "uniqueItems must be true or false")
            }
        }
        if let limit = count("minProperties", of: schema, members) { result.append(.minProperties(limit)) }
        if let limit = count("maxProperties", of: schema, members) { result.append(.maxProperties(limit)) }
        if let value = members["required"] {
            if let names = names(value) {
                result.append(.required(names))
            } else {
                report(schema, "required", "required must be a list of names")
            }
        }
        if let dependencies = dependentRequired(of: schema, members) { result.append(.dependentRequired(dependencies)) }
        return result
    }

    private mutating func types(of schema: SchemaIndex.Located, _ members: OrderedDictionary<String, Value>)
        -> [SchemaType]?
    {
        guard let value = members["type"] else { return nil }
        let names = value.stringValue.map { [Value.string($0)] } ?? value.listValue ?? []
        let types = names.compactMap { $0.stringValue.flatMap(SchemaType.init(rawValue:)) }
        guard !types.isEmpty, types.count == names.count else {
            report(
                schema, "type",
                "type must be null, boolean, integer, number, string, array or object, or a list of these")
            return nil
        }
        return types
    }

    /// None or one, so that it can be appended.
    private mutating func number(
        _ keyword: String, of schema: SchemaIndex.Located, _ members: OrderedDictionary<String, Value>
    ) -> [Decimal128] {
        guard let value = members[keyword] else { return [] }
        if let number = value.numberValue { return [number] }
        report(schema, keyword, "\(keyword) must be a number")
        return []
    }

    private func names(_ value: Value) -> [String]? {
        guard let list = value.listValue else { return nil }
        let names = list.compactMap(\.stringValue)
        return names.count == list.count ? names : nil
    }

    private mutating func dependentRequired(
        of schema: SchemaIndex.Located, _ members: OrderedDictionary<String, Value>
    ) -> [(name: String, needs: [String])]? {
        guard let value = members["dependentRequired"] else { return nil }
        guard let object = value.objectValue else {
            report(schema, "dependentRequired", "dependentRequired must be an object of lists of names")
            return nil
        }
        var dependencies: [(name: String, needs: [String])] = []
        for (name, needs) in object {
            guard let needs = names(needs) else {
                report(schema, "dependentRequired", "dependentRequired must be an object of lists of names")
                return nil
            }
            dependencies.append((name, needs))
        }
        return dependencies
    }
}
