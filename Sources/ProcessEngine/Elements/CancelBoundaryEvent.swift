package import Values

/// `bpmn:boundaryEvent` with `bpmn:cancelEventDefinition`: the way on from a transaction that was canceled and undone.
package struct CancelBoundaryEvent: BoundaryElement {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "cancelEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id) else { return nil }
        self.id = id
        self.attachedTo = attachedTo
    }
}
