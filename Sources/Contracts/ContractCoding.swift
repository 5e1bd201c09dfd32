package import Values

extension Contract {
    /// The contract as JSON, in a fixed order of fields and with every policy spelled out: what is stored and hashed. Schemas keep the
    /// order of their members, since the order of the inputs is shown to people.
    package var canonical: JSON {
        var members: [(name: String, value: JSON)] = [
            ("kind", .string(kind.rawValue)), ("name", .string(name)), ("version", .string(version.description)),
        ]
        if let title { members.append(("title", .string(title))) }
        if let description { members.append(("description", .string(description))) }
        if !categories.isEmpty { members.append(("categories", .array(categories.map(JSON.string)))) }
        if let process { members.append(("process", .string(process))) }
        if let objectId { members.append(("objectId", .string(objectId))) }
        if isBusinessKeyUnique { members.append(("businessKey", .string("unique"))) }
        if let decision { members.append(("decision", .string(decision))) }
        members.append(("input", input))
        members.append(("output", output))
        if !errors.isEmpty { members.append(("errors", .array(errors.map(\.json)))) }
        if !events.isEmpty { members.append(("events", .array(events.map(\.json)))) }
        members.append(("retry", retry.json))
        members.append(("timeout", .string(timeout.iso8601)))
        if let heartbeat { members.append(("heartbeat", .string(heartbeat.iso8601))) }
        if let concurrency { members.append(("concurrency", .number(concurrency))) }
        members.append(("priority", .number(priority)))
        if !settings.isEmpty { members.append(("settings", .array(settings.map(JSON.string)))) }
        if let retention { members.append(("retention", .string(retention.iso8601))) }
        if !secrets.isEmpty { members.append(("secrets", .array(secrets.map(JSON.string)))) }
        if !examples.isEmpty { members.append(("examples", .array(examples.map(\.json)))) }
        return .object(members)
    }

    /// Reads what `canonical` wrote.
    package init(canonical: JSON) throws(Diagnostics) {
        try self.init(LocatedValue(value: canonical.decoded()), isNew: false)
    }
}

extension Contract.DeclaredError {
    fileprivate var json: JSON {
        var members: [(name: String, value: JSON)] = [("code", .string(code))]
        if let description { members.append(("description", .string(description))) }
        return .object(members)
    }
}

extension Contract.DeclaredEvent {
    fileprivate var json: JSON {
        var members: [(name: String, value: JSON)] = [("name", .string(name))]
        if let description { members.append(("description", .string(description))) }
        if let interrupting { members.append(("interrupting", .bool(interrupting))) }
        if let payload { members.append(("payload", payload)) }
        return .object(members)
    }
}

extension Contract.Retry {
    fileprivate var json: JSON {
        .object([
            ("maxAttempts", .number(maxAttempts)), ("backoff", .string(backoff.iso8601)),
            ("multiplier", Decimal128(approximating: multiplier).map { Value.number($0).json } ?? .number(1)),
            ("maxBackoff", .string(maxBackoff.iso8601)),
        ])
    }
}

extension Contract.Example {
    fileprivate var json: JSON {
        var members: [(name: String, value: JSON)] = []
        if let title { members.append(("title", .string(title))) }
        if let input { members.append(("input", input)) }
        if let output { members.append(("output", output)) }
        return .object(members)
    }
}

extension Duration {
    fileprivate var iso8601: String { CalendarDuration(self).iso8601 }
}
