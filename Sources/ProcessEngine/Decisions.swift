package import Expressions
package import Values

/// What makes the decisions of business rule tasks. Pure: same decisions, same variables, same answer.
package protocol DecisionMaker: Sendable {
    /// The decision's value, and the version that gave it.
    func decide(
        _ reference: DecisionReference, with variables: any VariableScope
    ) -> Result<DecisionAnswer, DecisionFailure>
}

/// Which decision, for whom, and what of its result is asked for.
package struct DecisionReference: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
        case named(String, CallTarget.Binding)
        /// The newest minor of a decision contract.
        case contract(ContractKey)
    }

    package var target: Target
    /// What was deployed together with it is what a binding to the deployment means.
    package var caller: DefinitionID?
    package var shape: DecisionResultShape

    package init(_ target: Target, caller: DefinitionID? = nil, shape: DecisionResultShape = .asIs) {
        self.target = target
        self.caller = caller
        self.shape = shape
    }
}

/// A version of a decision; versions count from 1.
package struct DecisionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var decision: String
    package var version: Int

    package init(decision: String, version: Int) {
        self.decision = decision
        self.version = version
    }

    /// Reads its description.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let version = Int(text[text.index(after: colon)...]), version > 0
        else { return nil }
        self.init(decision: String(text[..<colon]), version: version)
    }

    package var description: String { "\(decision):\(version)" }

    package static func < (left: DecisionID, right: DecisionID) -> Bool {
        (left.decision, left.version) < (right.decision, right.version)
    }
}

package struct DecisionAnswer: Sendable, Hashable {
    package var decision: DecisionID
    package var value: JSON

    package init(decision: DecisionID, value: JSON) {
        self.decision = decision
        self.value = value
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

/// Why there is no answer: with the rule and the reason, as far as they are known.
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
    ) -> Result<DecisionAnswer, DecisionFailure> {
        .failure(DecisionFailure("no decisions are deployed"))
    }
}
