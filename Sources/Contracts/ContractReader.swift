import OrderedCollections
package import Values

extension Contract {
    /// Reads a contract file. Throws every problem at once, with file, line and field.
    ///
    /// - Parameter isNew: nobody has taken it yet, so that it may be refused for what earlier versions of Waybill did not see.
    package init(_ source: LocatedValue, isNew: Bool = true) throws(Diagnostics) {
        var reader = ContractReader(source, isNew: isNew)
        guard let contract = reader.read() else { throw Diagnostics(reader.fields.diagnostics) }
        self = contract
    }
}

/// Reads one contract. Sections that do not depend on each other are all read, whatever is wrong with one of them.
struct ContractReader {
    var fields: FieldReader
    private let isNew: Bool

    init(_ source: LocatedValue, isNew: Bool) {
        fields = FieldReader(source)
        self.isNew = isNew
    }

    static let commonFields = [
        "kind", "name", "version", "title", "description", "categories", "input", "output", "errors", "events", "retry",
        "timeout",
        "heartbeat", "concurrency", "priority", "settings", "secrets", "examples",
    ]
    /// The fields that only contracts of one kind have.
    static func ownFields(of kind: Contract.Kind) -> [String] {
        switch kind {
        case .task: []
        case .workflow: ["process", "objectId", "businessKey", "retention"]
        case .decision: ["decision"]
        }
    }

    /// Nil if anything is wrong; `fields` has it all.
    mutating func read() -> Contract? {
        if let members = fields.source.value.objectValue, members["kind"] == nil {
            // Its other fields are those of something else, most likely.
            fields.report(
                "missing-field", at: "", "the field \"kind\" is missing",
                suggestion: "a file that is no contract belongs into another directory")
            return nil
        }
        let wanted = fields.source.value["kind"]?.stringValue.flatMap(Contract.Kind.init(rawValue:))
        let isWorkflow = wanted == .workflow
        // `$schema` is for editors.
        let known = Self.commonFields + (wanted.map(Self.ownFields) ?? []) + ["$schema"]
        guard let top = fields.fields(of: fields.source.value, at: "", known: known) else { return nil }

        let kind = readKind(top)
        let name = readName(top)
        let version = readVersion(top)
        let input = readSchema("input", in: top, absent: Self.noInput)
        let output = readSchema("output", in: top, absent: Self.anyOutput)
        let retry = readRetry(top)
        let timeout = fields.duration("timeout", in: top) ?? .seconds(3600)
        let heartbeat = fields.duration("heartbeat", in: top)
        if let heartbeat, heartbeat > timeout {
            fields.report("invalid-value", at: "/heartbeat", "heartbeat must not be longer than timeout")
        }
        let errors = readErrors(top)
        let events = readEvents(top)
        let examples = readExamples(top, input: input?.schema, output: output?.schema)
        let process = isWorkflow ? fields.string("process", in: top, required: true) : nil
        let objectId = isWorkflow ? fields.string("objectId", in: top) : nil
        let decision = wanted == .decision ? fields.string("decision", in: top) : nil
        if let objectId, let input, !input.schema.propertyNames.contains(objectId) {
            fields.report(
                "unknown-input", at: "/objectId", "objectId names no input: \"\(objectId)\"",
                suggestion: Spelling.suggestion(for: objectId, among: input.schema.propertyNames))
        }
        let retention = isWorkflow ? fields.duration("retention", in: top) : nil
        let isUnique = isWorkflow && readBusinessKey(top)
        let title = fields.string("title", in: top)
        let description = fields.string("description", in: top)
        let categories = fields.strings("categories", in: top)
        let concurrency = fields.integer("concurrency", in: top, within: 1...1_000_000)
        let priority = fields.integer("priority", in: top, within: -1_000_000...1_000_000) ?? 0
        let settings = fields.strings("settings", in: top)
        let secrets = fields.strings("secrets", in: top)

        guard fields.diagnostics.isEmpty, let kind, let name, let version, let input, let output else { return nil }
        var contract = Contract(
            kind: kind, name: name, version: version, title: title, description: description, categories: categories,
            input: input.source, output: output.source, errors: errors, events: events, retry: retry, timeout: timeout,
            heartbeat: heartbeat, concurrency: concurrency, priority: priority, retention: retention, secrets: secrets,
            examples: examples, process: process, objectId: objectId, isBusinessKeyUnique: isUnique, decision: decision)
        contract.settings = settings
        contract.places.positions = fields.source.positions
        return contract
    }

    /// Whether the business keys of running instances must differ.
    private mutating func readBusinessKey(_ top: FieldReader.Fields) -> Bool {
        guard let text = fields.string("businessKey", in: top) else { return false }
        if text != "unique" {
            fields.report(
                "invalid-value", at: "/businessKey", "businessKey can be unique, not \"\(text.prefix(100))\"",
                suggestion: "leave it out, and instances may share a business key")
        }
        return true
    }

    /// A contract that says nothing of its input takes none; one that says nothing of its output may give anything.
    private static let noInput: Value = ["type": "object", "properties": [:], "additionalProperties": false]
    private static let anyOutput: Value = ["type": "object"]

    private mutating func readKind(_ top: FieldReader.Fields) -> Contract.Kind? {
        guard let text = fields.string("kind", in: top, required: true) else { return nil }
        if let kind = Contract.Kind(rawValue: text) { return kind }
        let kinds = Contract.Kind.allCases.map(\.rawValue)
        fields.report(
            "invalid-value", at: "/kind", "kind must be \(kinds.joined(separator: ", ")), not \"\(text.prefix(100))\"",
            suggestion: Spelling.suggestion(for: text, among: kinds))
        return nil
    }

    private mutating func readName(_ top: FieldReader.Fields) -> String? {
        guard let text = fields.string("name", in: top, required: true) else { return nil }
        if Contract.isName(text) { return text }
        fields.report(
            "invalid-name", at: "/name", "\"\(text.prefix(120))\" is not a contract name",
            suggestion: "use lower-case words joined by dots, at most 100 characters, as in media.transcode")
        return nil
    }

    private mutating func readVersion(_ top: FieldReader.Fields) -> ContractVersion? {
        guard let value = fields.required("version", in: top) else { return nil }
        if value.numberValue != nil {
            fields.report(
                "unquoted-version", at: "/version", "a version is text, not a number: 2.10 would be read as 2.1",
                suggestion: "quote the version, as in version: \"2.10\"")
            return nil
        }
        guard let text = fields.string(value, at: "/version") else { return nil }
        if let version = ContractVersion(text) { return version }
        fields.report(
            "invalid-version", at: "/version", "\"\(text.prefix(100))\" is not a version",
            suggestion: "write major.minor, as in \"2.1\"")
        return nil
    }

    /// A schema of an object, compiled.
    private mutating func readSchema(
        _ name: String, in top: FieldReader.Fields, absent: Value
    ) -> (source: JSON, schema: JSONSchema)? {
        let pointer = top.pointer(to: name)
        let value = top.members[name] ?? absent
        guard let members = value.objectValue else {
            fields.report(
                "wrong-type", at: pointer, "\(name) must be a JSON Schema of an object, not \(value.kindName)",
                suggestion: "begin it with type: object")
            return nil
        }
        guard let schema = compile(value, at: pointer) else { return nil }
        let refersElsewhere = ["$ref", "$dynamicRef", "allOf"].contains { members[$0] != nil }
        guard members["type"] == .string("object") || (members["type"] == nil && refersElsewhere) else {
            fields.report(
                "invalid-schema", at: pointer, "\(name) must describe an object",
                suggestion: "add type: object to \(name)")
            return nil
        }
        if isNew, name == "input" { checkRequired(schema, at: pointer) }
        return (value.json, schema)
    }

    /// A contract that lists its inputs takes no others.
    private mutating func checkRequired(_ schema: JSONSchema, at pointer: String) {
        guard schema.listsItsProperties else { return }
        let names = schema.propertyNames
        for (index, name) in schema.requiredNames.enumerated() where !names.contains(name) {
            fields.report(
                "invalid-schema", at: "\(pointer)/required/\(index)",
                "\"\(name)\" is required, and is none of the inputs",
                suggestion: Spelling.suggestion(for: name, among: names) ?? "declare it in properties")
        }
    }

    private mutating func compile(_ value: Value, at pointer: String) -> JSONSchema? {
        do {
            return try JSONSchema(checking: value, isNew: isNew)
        } catch {
            for problem in error.all {
                fields.report(
                    "invalid-schema", at: pointer + problem.path, problem.message, suggestion: problem.suggestion)
            }
            return nil
        }
    }

    private mutating func readRetry(_ top: FieldReader.Fields) -> Contract.Retry {
        var retry = Contract.Retry()
        guard let value = top.members["retry"],
            let section = fields.fields(
                of: value, at: "/retry", known: ["maxAttempts", "backoff", "multiplier", "maxBackoff"])
        else { return retry }
        retry.maxAttempts = fields.integer("maxAttempts", in: section, within: 1...10_000) ?? retry.maxAttempts
        retry.backoff = fields.duration("backoff", in: section, allowingZero: true) ?? retry.backoff
        retry.multiplier = fields.number("multiplier", in: section, within: 1...1000) ?? retry.multiplier
        retry.maxBackoff =
            fields.duration("maxBackoff", in: section, allowingZero: true) ?? max(retry.maxBackoff, retry.backoff)
        if section.has("maxBackoff"), retry.maxBackoff < retry.backoff {
            fields.report("invalid-value", at: "/retry/maxBackoff", "maxBackoff must not be shorter than backoff")
        }
        return retry
    }

    private mutating func readErrors(_ top: FieldReader.Fields) -> [Contract.DeclaredError] {
        var errors: [Contract.DeclaredError] = []
        for (pointer, value) in fields.list("errors", in: top) {
            guard let entry = fields.fields(of: value, at: pointer, known: ["code", "description"]) else { continue }
            let description = fields.string("description", in: entry)
            guard let code = fields.string("code", in: entry, required: true) else { continue }
            if errors.contains(where: { $0.code == code }) {
                fields.report("duplicate", at: pointer, "the error code \"\(code)\" is declared twice")
            } else {
                errors.append(Contract.DeclaredError(code: code, description: description))
            }
        }
        return errors
    }

    private mutating func readEvents(_ top: FieldReader.Fields) -> [Contract.DeclaredEvent] {
        var events: [Contract.DeclaredEvent] = []
        for (pointer, value) in fields.list("events", in: top) {
            let known = ["name", "description", "interrupting", "payload"]
            guard let entry = fields.fields(of: value, at: pointer, known: known) else { continue }
            var event = Contract.DeclaredEvent(
                name: "", description: fields.string("description", in: entry),
                interrupting: fields.bool("interrupting", in: entry))
            if let payload = entry.members["payload"], compile(payload, at: entry.pointer(to: "payload")) != nil {
                event.payload = payload.json
            }
            guard let name = fields.string("name", in: entry, required: true) else { continue }
            event.name = name
            if events.contains(where: { $0.name == name }) {
                fields.report("duplicate", at: pointer, "the event \"\(name)\" is declared twice")
            } else {
                events.append(event)
            }
        }
        return events
    }

    private mutating func readExamples(
        _ top: FieldReader.Fields, input: JSONSchema?, output: JSONSchema?
    ) -> [Contract.Example] {
        var examples: [Contract.Example] = []
        for (pointer, value) in fields.list("examples", in: top) {
            guard let entry = fields.fields(of: value, at: pointer, known: ["title", "input", "output"]) else {
                continue
            }
            var example = Contract.Example(title: fields.string("title", in: entry))
            if let value = entry.members["input"] {
                example.input = value.json
                check(value, "input", of: entry, against: input)
            }
            if let value = entry.members["output"] {
                example.output = value.json
                check(value, "output", of: entry, against: output)
            }
            examples.append(example)
        }
        return examples
    }

    private mutating func check(
        _ value: Value, _ name: String, of entry: FieldReader.Fields, against schema: JSONSchema?
    ) {
        for violation in schema?.validate(value) ?? [] {
            fields.report(
                "example-mismatch", at: entry.pointer(to: name) + violation.path,
                "the example does not fit the \(name) schema: \(violation.sentence(about: name))")
        }
    }
}
