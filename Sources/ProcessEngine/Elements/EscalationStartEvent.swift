package import Values

/// `bpmn:startEvent` with `bpmn:escalationEventDefinition`: begins an event subprocess when an escalation is thrown
/// beside it.
package struct EscalationStartEvent: StartElement, CodeCatcher {
    package static let tag = "startEvent"
    package static let eventDefinition: String? = "escalationEventDefinition"
    package let id: ElementID
    package let isInterrupting: Bool
    package let match: EscalationMatcher
    package var escalations: [EscalationMatcher] { [match] }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let match = EscalationMatcher(in: node, element: id, reader: &reader) else { return nil }
        self.id = id
        self.match = match
        isInterrupting = node.attribute("isInterrupting") != "false"
    }
}
