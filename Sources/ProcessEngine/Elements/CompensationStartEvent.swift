package import Values

/// `bpmn:startEvent` with `bpmn:compensateEventDefinition`: its event subprocess undoes the subprocess around it, once
/// that has completed.
package struct CompensationStartEvent: StartElement {
    package static let tag = "startEvent"
    package static let eventDefinition: String? = "compensateEventDefinition"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }
}
