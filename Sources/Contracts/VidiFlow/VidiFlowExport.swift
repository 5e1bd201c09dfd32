import OrderedCollections
package import Values

extension Contract {
    /// The contract as VidiFlow's ConfigPortal keeps it. Throws what its contracts cannot say: lists, objects and alternatives.
    package func vidiFlow() throws(Diagnostics) -> JSON {
        var problems: [Diagnostic] = []
        let input = self.input.decoded()
        let required = input["required"]?.listValue ?? []
        let parameters = Self.entries(of: input, "input", self, &problems).map { name, entry, schema in
            var entry = entry
            let isOptional = !required.contains(.string(name)) || schema["default"] != nil
            entry["IsOptional"] = .bool(isOptional)
            if let value = schema["default"] {
                entry["DefaultValue"] = Self.text(of: value, said: schema["x-vidiflow"]?["default"], in: schema)
            }
            return Value.object(entry)
        }
        let results = Self.entries(of: output.decoded(), "output", self, &problems).map { Value.object($0.entry) }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        let origin = input["x-vidiflow"]
        var members: OrderedDictionary<String, Value> = [
            "Type": .number(Decimal128(Kind.allCases.firstIndex(of: kind) ?? 0)),
            "Name": origin?["name"] ?? .string(name), "Version": .string(version.description),
        ]
        if let guid = origin?["guid"] { members["Guid"] = guid }
        members["FriendlyName"] = .string(title ?? name)
        members["BriefDescription"] = origin?["briefDescription"] ?? .string(title ?? description ?? name)
        members["FullDescription"] = .string(description ?? title ?? name)
        members["Categories"] = .list(categories.map { .string($0) })
        members["GenericOutputEvents"] = .null
        members["Parameters"] = .list(parameters)
        members["Results"] = .list(results)
        if !events.isEmpty {
            members["BoundaryEvents"] = .list(
                events.map { event in
                    var entry: OrderedDictionary<String, Value> = ["Name": .string(event.name)]
                    if let interrupting = event.interrupting { entry["Interrupting"] = .bool(interrupting) }
                    return .object(entry)
                })
        }
        return Value.object(members).json
    }

    private static func entries(
        of schema: Value, _ side: String, _ contract: Contract, _ problems: inout [Diagnostic]
    ) -> [(name: String, entry: OrderedDictionary<String, Value>, schema: Value)] {
        (schema["properties"]?.objectValue ?? [:]).compactMap { name, member in
            guard let type = VidiFlowType(of: member) else {
                problems.append(
                    Diagnostic(
                        code: "not-in-vidiflow", element: "\(side).properties.\(name)",
                        message: "\(side).\(name) of \(contract.reference) is none of text, number, true or false",
                        suggestion: "VidiFlow's contracts have no lists and objects; export a contract without them"))
                return nil
            }
            var entry: OrderedDictionary<String, Value> = [
                "Name": .string(name), "Type": .number(Decimal128(type.rawValue)),
            ]
            if let text = member["title"] { entry["FriendlyName"] = text }
            if let text = member["x-vidiflow"]?["briefDescription"] { entry["BriefDescription"] = text }
            if let text = member["description"] { entry["FullDescription"] = text }
            let said = member["x-vidiflow"]?["examples"]?.listValue ?? []
            let examples = (member["examples"]?.listValue ?? []).enumerated().map { index, value in
                text(of: value, said: said.indices.contains(index) ? said[index] : nil, in: member)
            }
            if !examples.isEmpty { entry["Examples"] = .list(examples) }
            return (name, entry, member)
        }
    }

    /// In the words of the file that it came from, as long as they mean this value.
    private static func text(of value: Value, said: Value?, in schema: Value) -> Value {
        if let said, let text = said.stringValue, VidiFlowType(of: schema)?.value(of: text) == value { return said }
        return .string(VidiFlowType.text(of: value))
    }
}
