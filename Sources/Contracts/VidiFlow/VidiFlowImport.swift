import OrderedCollections
package import Values

/// Reads a contract as VidiFlow's ConfigPortal keeps it: `Type, Name, Version, Guid, Parameters[], Results[], …`.
///
/// What it is called here, and what only VidiFlow knows of it, is kept in the input schema as `x-vidiflow`, so that an export gives back
/// the same name, Guid and brief description; that of a parameter or result, and how it writes values (`True`, `1.50`), in its schema.
package struct VidiFlowImport {
    /// What to take instead of what the file says.
    package struct Options: Sendable {
        package var name: String?
        package var kind: Contract.Kind?
        /// Of a workflow: its BPMN process.
        package var process: String?

        package init(name: String? = nil, kind: Contract.Kind? = nil, process: String? = nil) {
            self.name = name
            self.kind = kind
            self.process = process
        }
    }

    private var fields: FieldReader
    private let options: Options

    /// The contract, and a warning for each field that has no place in it. Throws everything wrong with the file, with its place.
    package static func read(
        _ source: LocatedValue, options: Options = Options()
    ) throws(Diagnostics) -> (contract: Contract, warnings: [Diagnostic]) {
        var reader = VidiFlowImport(fields: FieldReader(source), options: options)
        let contract = reader.contract()
        var problems = reader.fields.diagnostics
        for index in problems.indices {
            switch problems[index].code {
            case "unknown-field":
                problems[index].severity = .warning
                problems[index].message += " in VidiFlow's contracts; it is left out"
            case "invalid-example":
                problems[index].severity = .warning
                problems[index].message += "; it is left out"
            default: continue
            }
        }
        guard !problems.contains(where: { $0.severity == .error }), let contract else { throw Diagnostics(problems) }
        return (try Contract(LocatedValue(file: source.file, value: contract, positions: [:])), problems)
    }

    private init(fields: FieldReader, options: Options) {
        self.fields = fields
        self.options = options
    }

    private static let knownFields = [
        "Description", "BriefDescription", "FullDescription", "FriendlyName", "Categories", "GenericOutputEvents",
        "Guid",
        "Name",
        "Version", "Type", "Parameters", "Results", "BoundaryEvents", "InternalParameters", "InternalResults",
    ]

    private mutating func contract() -> Value? {
        guard let top = fields.fields(of: fields.source.value, at: "", known: Self.knownFields) else { return nil }
        let name = fields.string("Name", in: top, required: true)
        let version = fields.string("Version", in: top, required: true).map(Self.version)
        let kind = kind(top)
        let input = parameters(top, name: name)
        let output = results(top)
        let events = events(top)
        guard let name, let version, let kind, let input, let output else { return nil }
        var members: OrderedDictionary<String, Value> = [
            "kind": .string(kind.rawValue), "name": .string(options.name ?? Self.contractName(name)),
            "version": .string(version),
        ]
        if let title = text("FriendlyName", in: top) { members["title"] = .string(title) }
        if let text = description(in: top) {
            members["description"] = .string(text)
        }
        let categories = present("Categories", in: top) ? fields.strings("Categories", in: top) : []
        if !categories.isEmpty { members["categories"] = .list(categories.map { .string($0) }) }
        if kind == .workflow { members["process"] = .string(options.process ?? name) }
        if kind == .decision { members["decision"] = .string(name) }
        members["input"] = input
        members["output"] = output
        if !events.isEmpty { members["events"] = .list(events) }
        return .object(members)
    }

    /// `Transcode Media` and `TranscodeMedia` are `transcode-media`; dots stay.
    static func contractName(_ text: String) -> String {
        var name = ""
        var wasLower = false
        for scalar in text.unicodeScalars {
            let isLetter = scalar.isASCII && scalar.properties.isAlphabetic
            let isDigit = scalar.isASCII && scalar.properties.numericType != nil
            if isLetter, scalar.properties.isUppercase, wasLower { name += "-" }
            if isLetter || isDigit {
                name += scalar.properties.lowercaseMapping
            } else if scalar == "." {
                name += "."
            } else if name.last != "-", name.last != ".", !name.isEmpty {
                name += "-"
            }
            wasLower = isLetter && scalar.properties.isLowercase || isDigit
        }
        while name.last == "-" { name.removeLast() }
        return name
    }

    // MARK: Parts

    private func present(_ name: String, in top: FieldReader.Fields) -> Bool {
        top.members[name].map { $0 != .null } ?? false
    }

    /// A text, if it is there and not empty.
    private func text(_ name: String, in top: FieldReader.Fields) -> String? {
        top.members[name]?.stringValue.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    }

    private func description(in fields: FieldReader.Fields) -> String? {
        ["FullDescription", "Description", "BriefDescription"].lazy.compactMap { text($0, in: fields) }.first
    }

    /// `3` is `3.0`.
    private static func version(_ text: String) -> String {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? text + ".0" : text
    }

    private mutating func kind(_ top: FieldReader.Fields) -> Contract.Kind? {
        if let kind = options.kind { return kind }
        guard let value = fields.required("Type", in: top) else { return nil }
        let kinds: [Contract.Kind] = [.task, .workflow, .decision]
        if let number = value.intValue, kinds.indices.contains(number) { return kinds[number] }
        switch value.stringValue?.lowercased().filter({ $0.isLetter }) {
        case "task", "servicetask", "agent": return .task
        case "workflow": return .workflow
        case "businessrule", "rule", "decision": return .decision
        default:
            fields.report(
                "invalid-value", at: "/Type", "Type \(value.brief) is none of service task, workflow and business rule",
                suggestion: "say which it is, with --kind")
            return nil
        }
    }

    private mutating func entries(_ list: String, in top: FieldReader.Fields) -> [(
        pointer: String, fields: FieldReader.Fields
    )] {
        guard present(list, in: top) else { return [] }
        let known = [
            "Name", "Type", "Description", "FullDescription", "BriefDescription", "FriendlyName", "Examples",
            "IsOptional",
            "DefaultValue", "SubType", "Interrupting",
        ]
        return fields.list(list, in: top).compactMap { pointer, value in
            fields.fields(of: value, at: pointer, known: known).map { (pointer, $0) }
        }
    }

    private mutating func parameters(_ top: FieldReader.Fields, name: String?) -> Value? {
        var properties: OrderedDictionary<String, Value> = [:]
        var required: [Value] = []
        for (pointer, entry) in entries("Parameters", in: top) {
            guard let (name, type, schema) = parameter(entry, at: pointer) else { continue }
            var member = schema
            let isOptional = entry.members["IsOptional"]?.boolValue
            let text = entry.members["DefaultValue"]?.stringValue
            // Who gives a default and does not say whether it may be left out means that it may.
            if isOptional == false || isOptional == nil && text?.isEmpty ?? true {
                required.append(.string(name))
            } else if let text, !text.isEmpty || type == .string {
                guard let value = type.value(of: text) else {
                    fields.report(
                        "invalid-value", at: entry.pointer(to: "DefaultValue"),
                        "the default \"\(text)\" of \(name) is not \(type.phrase)")
                    continue
                }
                member["default"] = value
                if VidiFlowType.text(of: value) != text { Self.keep(.string(text), as: "default", in: &member) }
            }
            properties[name] = .object(member)
        }
        var input: OrderedDictionary<String, Value> = ["type": "object"]
        if !required.isEmpty { input["required"] = .list(required) }
        input["properties"] = .object(properties)
        input["additionalProperties"] = false
        var origin: OrderedDictionary<String, Value> = [:]
        if let name { origin["name"] = .string(name) }
        if let guid = top.members["Guid"]?.stringValue { origin["guid"] = .string(guid) }
        if let brief = text("BriefDescription", in: top) { origin["briefDescription"] = .string(brief) }
        input["x-vidiflow"] = .object(origin)
        return .object(input)
    }

    private mutating func parameter(
        _ entry: FieldReader.Fields, at pointer: String
    ) -> (name: String, type: VidiFlowType, schema: OrderedDictionary<String, Value>)? {
        let name = fields.string("Name", in: entry, required: true)
        guard let value = fields.required("Type", in: entry), let name else { return nil }
        guard let type = value.intValue.flatMap(VidiFlowType.init(rawValue:)) else {
            fields.report(
                "invalid-value", at: entry.pointer(to: "Type"),
                "the type \(value.brief) of \(name) is none of 0 (string), 1 (bool), 2 (int), 3 (double) and 4 (dateTime)"
            )
            return nil
        }
        var schema = OrderedDictionary(uniqueKeysWithValues: type.schema.map { ($0.name, $0.value) })
        if let title = text("FriendlyName", in: entry) { schema["title"] = .string(title) }
        if let text = description(in: entry) {
            schema["description"] = .string(text)
        }
        if let brief = text("BriefDescription", in: entry) {
            Self.keep(.string(brief), as: "briefDescription", in: &schema)
        }
        let examples = examples(of: name, type, in: entry)
        if !examples.isEmpty {
            schema["examples"] = .list(examples.map(\.value))
            if examples.contains(where: { VidiFlowType.text(of: $0.value) != $0.text }) {
                Self.keep(.list(examples.map { .string($0.text) }), as: "examples", in: &schema)
            }
        }
        return (name, type, schema)
    }

    private mutating func examples(
        of name: String, _ type: VidiFlowType, in entry: FieldReader.Fields
    ) -> [(text: String, value: Value)] {
        guard present("Examples", in: entry) else { return [] }
        return fields.list("Examples", in: entry).compactMap { pointer, example in
            guard let text = example.stringValue, let value = type.value(of: text) else {
                fields.report(
                    "invalid-example", at: pointer, "the example \(example.brief) of \(name) is not \(type.phrase)")
                return nil
            }
            return (text, value)
        }
    }

    /// What only VidiFlow knows of a parameter.
    private static func keep(_ value: Value, as name: String, in schema: inout OrderedDictionary<String, Value>) {
        var origin = schema["x-vidiflow"]?.objectValue ?? [:]
        origin[name] = value
        schema["x-vidiflow"] = .object(origin)
    }

    /// Nothing says which results are always there.
    private mutating func results(_ top: FieldReader.Fields) -> Value? {
        var properties: OrderedDictionary<String, Value> = [:]
        for (pointer, entry) in entries("Results", in: top) {
            guard let (name, _, schema) = parameter(entry, at: pointer) else { continue }
            properties[name] = .object(schema)
        }
        return .object(["type": "object", "properties": .object(properties)])
    }

    private mutating func events(_ top: FieldReader.Fields) -> [Value] {
        entries("BoundaryEvents", in: top).compactMap { _, entry in
            guard let name = fields.string("Name", in: entry, required: true) else { return nil }
            var event: OrderedDictionary<String, Value> = ["name": .string(name)]
            if let interrupting = entry.members["Interrupting"]?.boolValue {
                event["interrupting"] = .bool(interrupting)
            }
            return .object(event)
        }
    }
}
