package import Values

/// `bpmn:boundaryEvent` with `bpmn:errorEventDefinition`: catches BPMN errors of its activity, of one code or of any.
package struct ErrorBoundaryEvent: BoundaryElement, CodeCatcher {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "errorEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID
    package let match: ErrorMatcher
    package let isInterrupting = true
    package var errors: [ErrorMatcher] { [match] }
    /// Nil catches every error.
    package var code: String? { match.code }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id),
            let match = ErrorMatcher(in: node, element: id, reader: &reader)
        else { return nil }
        if node.attribute("cancelActivity") == "false" {
            reader.report(
                "invalid-boundary-event", node, element: id, "an error always interrupts its activity",
                "remove cancelActivity=\"false\"")
        }
        self.id = id
        self.attachedTo = attachedTo
        self.match = match
    }
}
