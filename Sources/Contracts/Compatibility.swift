import OrderedCollections
package import Values

/// What a new version of a contract breaks for those who use the old one. A new minor version must break nothing.
///
/// The comparison is structural: it knows types, members, enumerations and limits, and follows `$ref`. Where schemas use
/// keywords it cannot weigh (`anyOf`, `if`, patterns, …), a difference counts as a break only if it can only narrow.
package enum Compatibility {
    /// Breaks from `old` to `new`, with the field as element; empty if a user of `old` can be served by `new`.
    package static func breaks(from old: Contract, to new: Contract) -> [Diagnostic] {
        var breaks: [Diagnostic] = []
        func add(_ element: String, _ message: String) {
            breaks.append(
                Diagnostic(
                    code: "breaking-change", element: element,
                    message: "\(new.reference) breaks users of \(old.reference): \(message)",
                    suggestion: "give it the version \(old.version.major + 1).0, or take the change back"))
        }
        if old.kind != new.kind { add("kind", "it was a \(old.kind.rawValue) and is a \(new.kind.rawValue)") }

        // What was accepted must still be accepted.
        var inputs = SchemaComparison(from: old.input.decoded(), to: new.input.decoded(), role: .input)
        for finding in inputs.compare() { add(finding.element, finding.message) }
        // What is given now must be what was promised.
        var outputs = SchemaComparison(from: new.output.decoded(), to: old.output.decoded(), role: .output)
        for finding in outputs.compare() { add(finding.element, finding.message) }

        for error in old.errors where !new.errors.contains(where: { $0.code == error.code }) {
            add("errors", "the error code \"\(error.code)\" is gone")
        }
        for event in old.events {
            guard let now = new.events.first(where: { $0.name == event.name }) else {
                add("events", "the event \"\(event.name)\" is gone")
                continue
            }
            if let interrupting = now.interrupting, interrupting != event.interrupting ?? interrupting {
                add("events", "the event \"\(event.name)\" \(interrupting ? "now ends" : "no longer ends") the attempt")
            }
            guard let before = event.payload else { continue }
            guard let after = now.payload else {
                add("events", "the event \"\(event.name)\" no longer promises what comes with it")
                continue
            }
            var payloads = SchemaComparison(
                from: after.decoded(), to: before.decoded(), role: .output, root: event.name)
            for finding in payloads.compare() { add("events.\(finding.element)", finding.message) }
        }
        return breaks
    }
}

/// Finds what the schema `to` refuses that the schema `from` allows.
///
/// For inputs, `from` is the old schema; for outputs it is the new one, since there the reader is the one who must not be surprised.
private struct SchemaComparison {
    enum Role { case input, output }

    struct Finding {
        var element: String
        var message: String
    }

    let from: Value
    let to: Value
    let role: Role
    var root: String?
    private var findings: [Finding] = []
    /// Pairs already compared: references may form cycles.
    private var visited: Set<[Value]> = []

    init(from: Value, to: Value, role: Role, root: String? = nil) {
        self.from = from
        self.to = to
        self.role = role
        self.root = root
    }

    mutating func compare() -> [Finding] {
        compare(from, to, at: root ?? (role == .input ? "input" : "output"), depth: 0)
        return findings
    }

    private mutating func add(_ element: String, input: String, output: String) {
        findings.append(Finding(element: element, message: "\(element) \(role == .input ? input : output)"))
    }

    private mutating func compare(_ wide: Value, _ narrow: Value, at element: String, depth: Int) {
        guard depth < 64 else { return }
        let wide = resolve(wide, in: from)
        let narrow = resolve(narrow, in: to)
        guard wide != narrow, narrow != .bool(true), wide != .bool(false), visited.insert([wide, narrow]).inserted
        else { return }
        if narrow == .bool(false) {
            add(element, input: "is no longer allowed", output: "was never to appear, and may now")
            return
        }
        compareTypes(wide, narrow, at: element)
        compareValues(wide, narrow, at: element)
        compareLimits(wide, narrow, at: element)
        compareMembers(wide, narrow, at: element, depth: depth)
        if narrow["items"] != nil {
            compare(wide["items"] ?? true, narrow["items"] ?? true, at: "\(element)[]", depth: depth + 1)
        }
    }

    /// Follows references to places in the same document.
    private func resolve(_ schema: Value, in document: Value) -> Value {
        var schema = schema
        for _ in 0..<64 {
            guard let reference = schema["$ref"]?.stringValue, reference.hasPrefix("#"), schema.objectValue?.count == 1,
                let pointer = URIReference.percentDecoded(String(reference.dropFirst())),
                let tokens = JSONPointer.tokens(of: pointer)
            else { return schema }
            var target: Value? = document
            for token in tokens { target = target?[token] ?? Int(token).flatMap { target?[$0] } }
            guard let target else { return schema }
            schema = target
        }
        return schema
    }

    private func types(of schema: Value) -> [String] {
        if let one = schema["type"]?.stringValue { return [one] }
        if let several = schema["type"]?.listValue { return several.compactMap(\.stringValue) }
        let values = schema["enum"]?.listValue ?? schema["const"].map { [$0] }
        guard let values else { return ["null", "boolean", "number", "string", "array", "object"] }
        return values.map(Self.typeName)
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

    private mutating func compareTypes(_ wide: Value, _ narrow: Value, at element: String) {
        guard narrow["type"] != nil else { return }
        let allowed = types(of: narrow)
        let lost = types(of: wide).filter { !allowed.contains($0) && !($0 == "integer" && allowed.contains("number")) }
        if !lost.isEmpty {
            let names = lost.joined(separator: ", ")
            add(element, input: "no longer takes the type \(names)", output: "may now have the type \(names)")
        }
    }

    private mutating func compareValues(_ wide: Value, _ narrow: Value, at element: String) {
        guard let allowed = narrow["enum"]?.listValue ?? narrow["const"].map({ [$0] }) else { return }
        guard let before = wide["enum"]?.listValue ?? wide["const"].map({ [$0] }) else {
            add(element, input: "is now limited to certain values", output: "is no longer limited to certain values")
            return
        }
        let lost = before.filter { !allowed.contains($0) }.map(\.brief)
        if !lost.isEmpty {
            let values = lost.joined(separator: ", ")
            add(element, input: "no longer takes \(values)", output: "may now be \(values)")
        }
    }

    private static let lowerLimits = [
        "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains",
    ]
    private static let upperLimits = [
        "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains",
    ]

    private mutating func compareLimits(_ wide: Value, _ narrow: Value, at element: String) {
        for (keywords, isLower) in [(Self.lowerLimits, true), (Self.upperLimits, false)] {
            for keyword in keywords {
                guard let limit = narrow[keyword]?.numberValue else { continue }
                let before = wide[keyword]?.numberValue
                let holds =
                    before.map { isLower ? $0 >= limit : $0 <= limit }
                    ?? (isLower && limit.isZero && keyword.hasPrefix("min") && keyword != "minimum")
                if !holds {
                    add(element, input: "now has \(keyword) \(limit)", output: "no longer keeps \(keyword) \(limit)")
                }
            }
        }
        for keyword in ["pattern", "format", "multipleOf"] {
            guard let rule = narrow[keyword], wide[keyword] != rule else { continue }
            add(
                element, input: "now must keep \(keyword) \(rule.brief)",
                output: "no longer keeps \(keyword) \(rule.brief)")
        }
        if narrow["uniqueItems"] == .bool(true), wide["uniqueItems"] != .bool(true) {
            add(element, input: "must no longer repeat elements", output: "may now repeat elements")
        }
    }

    private mutating func compareMembers(_ wide: Value, _ narrow: Value, at element: String, depth: Int) {
        let before = wide["required"]?.listValue ?? []
        for name in (narrow["required"]?.listValue ?? []).compactMap(\.stringValue)
        where !before.contains(.string(name)) {
            add("\(element).\(name)", input: "is now required", output: "is no longer always there")
        }
        let wideMembers = wide["properties"]?.objectValue ?? [:]
        let narrowMembers = narrow["properties"]?.objectValue ?? [:]
        for (name, schema) in wideMembers {
            if let other = narrowMembers[name] {
                compare(schema, other, at: "\(element).\(name)", depth: depth + 1)
            } else if schema != .bool(false) {
                compareMissing(name, schema, narrow, at: element, isTop: depth == 0, depth: depth)
            }
        }
        for (name, schema) in narrowMembers where wideMembers[name] == nil {
            // Members the wide side does not declare: an output that is gone; an input that is new and may be left out is no break.
            if role == .output, schema != .bool(false) {
                findings.append(Finding(element: "\(element).\(name)", message: "\(element).\(name) is gone"))
            } else if role == .input, let additional = wide["additionalProperties"], additional != .bool(false) {
                compare(additional, schema, at: "\(element).\(name)", depth: depth + 1)
            }
        }
        if narrow["additionalProperties"] == .bool(false), wide["additionalProperties"] != .bool(false),
            depth > 0 || role == .output
        {
            add(
                element, input: "no longer takes members it does not declare",
                output: "may now have members that were excluded")
        }
    }

    /// A member that only the wide side declares: an input that was taken away, or an output that is new.
    private mutating func compareMissing(
        _ name: String, _ schema: Value, _ narrow: Value, at element: String, isTop: Bool, depth: Int
    ) {
        let path = "\(element).\(name)"
        let additional = narrow["additionalProperties"] ?? true
        // An input contract that lists its inputs takes no others, whatever JSON Schema says.
        if additional == .bool(false) || (role == .input && isTop && narrow["additionalProperties"] == nil) {
            add(path, input: "is gone", output: "is new where no new members were to be expected")
        } else {
            compare(schema, additional, at: path, depth: depth + 1)
        }
    }
}
