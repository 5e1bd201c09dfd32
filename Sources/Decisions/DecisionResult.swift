package import Expressions
package import Values

/// What evaluating a decision gave, and how it came to it.
package struct DecisionResult: Sendable {
    package let value: Datum
    /// Every decision and table that was evaluated, in the order in which they were finished.
    package let trace: [DecisionTrace]
    /// Steps beyond what is kept of the trace.
    package let traceOmitted: Int
    /// Why something became null that might not have been meant to.
    package let diagnostics: [Diagnostic]
    /// The value as JSON carries it.
    package let json: JSON
}

/// One step of an evaluation.
package struct DecisionTrace: Sendable {
    package enum Kind: String, Sendable { case decision, table, service }

    package let kind: Kind
    /// Id of the element, or of the table.
    package let id: String
    package let name: String
    package let value: JSON
    /// Of a table: what its input expressions gave.
    package let inputs: [Input]
    /// Of a table: the rules that matched, in the order of the table.
    package let matched: [MatchedRule]

    package struct Input: Sendable {
        package let label: String
        package let value: JSON
    }

    package struct MatchedRule: Sendable {
        /// Counted from 1.
        package let number: Int
        package let id: String
        package let outputs: [JSON]
        package let annotations: [String]
    }
}

/// The value of an input, or of a decision that is given instead of evaluated.
package struct DecisionInput: Sendable {
    package let name: String
    /// Nil: in every file that has an input of that name.
    package let namespace: String?
    package let value: Datum
    /// Whether temporal values are texts, as in JSON.
    package let isText: Bool

    package init(name: String, namespace: String? = nil, value: Datum, isText: Bool = false) {
        self.name = name
        self.namespace = namespace
        self.value = value
        self.isText = isText
    }

    /// The members of a JSON object as inputs.
    package static func members(of object: JSON) -> [DecisionInput] {
        (object.members() ?? []).map { DecisionInput(name: $0.name, value: Datum($0.value.decoded()), isText: true) }
    }
}
