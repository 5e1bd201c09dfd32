package import Values

/// `bpmn:boundaryEvent` with `bpmn:escalationEventDefinition`: catches escalations out of its activity; interrupts it, or
/// starts a path beside it.
package struct EscalationBoundaryEvent: BoundaryElement, CodeCatcher {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "escalationEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID
    package let isInterrupting: Bool
    package let match: EscalationMatcher
    package var escalations: [EscalationMatcher] { [match] }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id),
            let match = EscalationMatcher(in: node, element: id, reader: &reader)
        else { return nil }
        self.id = id
        self.attachedTo = attachedTo
        self.match = match
        isInterrupting = node.attribute("cancelActivity") != "false"
    }
}
