package import ProcessEngine
package import Values

/// A decision's value rule by rule, as Camunda's `mapDecisionResult` looks at it.
package struct DecisionResultRows {
    private let whole: JSON
    package let rows: [[(name: String, value: JSON)]]

    package init(_ value: JSON, _ form: DecisionModel.ResultForm) {
        whole = value
        let values = form.isList ? value.elements() ?? [] : value.isNull ? [] : [value]
        rows = values.map { value in
            if form.outputs.count == 1 { return [(form.outputs[0], value)] }
            return value.members() ?? []
        }
    }

    package func value(as shape: DecisionResultShape) throws(DecisionFailure) -> JSON {
        switch shape {
        case .asIs: return whole
        case .resultList: return .array(rows.map { .object($0) })
        case .singleResult: return try single().map { .object($0) } ?? .null
        case .singleEntry: return try single().map { row throws(DecisionFailure) in try Self.entry(of: row) } ?? .null
        case .collectEntries:
            var entries: [JSON] = []
            for row in rows { entries.append(try Self.entry(of: row)) }
            return .array(entries)
        }
    }

    private func single() throws(DecisionFailure) -> [(name: String, value: JSON)]? {
        guard rows.count <= 1 else {
            throw DecisionFailure("\(rows.count) rules matched, where the task takes the result of one")
        }
        return rows.first
    }

    private static func entry(of row: [(name: String, value: JSON)]) throws(DecisionFailure) -> JSON {
        guard row.count <= 1 else {
            throw DecisionFailure(
                "a rule has the outputs \(row.map(\.name).joined(separator: ", ")), where the task takes one")
        }
        return row.first?.value ?? .null
    }
}
