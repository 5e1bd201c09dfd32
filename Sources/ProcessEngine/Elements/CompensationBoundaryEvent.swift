package import Values

/// `bpmn:boundaryEvent` with `bpmn:compensateEventDefinition`: names, by an association, what undoes its activity. No
/// token ever reaches it.
package struct CompensationBoundaryEvent: BoundaryElement {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "compensateEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id) else { return nil }
        self.id = id
        self.attachedTo = attachedTo
    }
}
