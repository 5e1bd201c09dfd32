package import Expressions
package import Values

/// What makes the decisions of business rule tasks. Pure: same decision, same variables, same answer.
package protocol DecisionMaker: Sendable {
    func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<JSON, DecisionFailure>
}

/// Which decision, and what of its result is asked for.
package struct DecisionReference: Sendable, Hashable {
    package var name: String
    package var binding: CallTarget.Binding
    package var shape: DecisionResultShape

    package init(name: String, binding: CallTarget.Binding = .latest, shape: DecisionResultShape = .asIs) {
        self.name = name
        self.binding = binding
        self.shape = shape
    }
}

/// How a decision table's matched rules become one value: Camunda's names. More rules than the shape allows are a
/// failure.
package enum DecisionResultShape: String, Sendable, Hashable {
    /// The one output of the one rule that matched.
    case singleEntry
    /// The outputs of the one rule that matched, an object.
    case singleResult
    /// The one output of each rule that matched, a list.
    case collectEntries
    /// The outputs of each rule that matched, a list of objects.
    case resultList
    /// As DMN says.
    case asIs
}

package struct DecisionFailure: Error, Sendable, Hashable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// Where no decisions are deployed.
package struct NoDecisions: DecisionMaker {
    package init() {}

    package func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<JSON, DecisionFailure> {
        .failure(DecisionFailure("there is no decision \(reference.name)"))
    }
}
