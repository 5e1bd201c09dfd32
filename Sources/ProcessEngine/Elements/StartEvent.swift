package import Values

/// `bpmn:startEvent` without an event definition: where a scope begins.
package struct StartEvent: StartElement {
    package static let tag = "startEvent"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }
}
