package import Expressions
package import Values

/// `bpmn:sequenceFlow`: where a token goes next, under which condition.
package struct SequenceFlow: Sendable, Hashable {
    package let id: ElementID
    package let source: ElementID
    package let target: ElementID
    package let condition: Expression?
    /// Taken if no other flow of its source is.
    package let isDefault: Bool
    package let position: SourcePosition
    let listeners: [Listener]

    func holds(for variables: VisibleVariables) throws(IncidentCause) -> Bool {
        guard let condition else { return true }
        do {
            return try condition.evaluateCondition(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the condition of flow \(id) failed: \(error)")
        }
    }

    static func noneHolds(after element: ElementID) -> IncidentCause {
        IncidentCause(
            .noFlowTaken, "no outgoing flow of \(element) has a condition that holds, and it has no default flow")
    }
}
