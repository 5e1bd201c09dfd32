package import Values

extension DecisionResult {
    /// All of it, as programs read it: `value`, `trace`, `diagnostics`.
    package var report: JSON {
        var members: [(name: String, value: JSON)] = [
            ("value", json), ("trace", .array(trace.map(\.report))),
            ("diagnostics", .array(diagnostics.map(\.report))),
        ]
        if traceOmitted > 0 { members.append(("traceOmitted", .number(traceOmitted))) }
        return .object(members)
    }
}

extension DecisionTrace {
    fileprivate var report: JSON {
        var members: [(name: String, value: JSON)] = [
            ("kind", .string(kind.rawValue)), ("id", .string(id)), ("name", .string(name)), ("value", value),
        ]
        if kind == .table {
            members.append(
                ("inputs", .array(inputs.map { .object([("label", .string($0.label)), ("value", $0.value)]) })))
            members.append(("rules", .array(matched.map(\.report))))
        }
        return .object(members)
    }
}

extension DecisionTrace.MatchedRule {
    fileprivate var report: JSON {
        .object([
            ("number", .number(number)), ("id", .string(id)), ("outputs", .array(outputs)),
            ("annotations", .array(annotations.map { .string($0) })),
        ])
    }
}

extension Diagnostic {
    fileprivate var report: JSON {
        .object([
            ("severity", .string(severity.rawValue)), ("code", .string(code)), ("file", .string(file)),
            ("line", .number(position.line)), ("column", .number(position.column)),
            ("element", element.map { .string($0) } ?? .null), ("message", .string(message)),
        ])
    }
}
