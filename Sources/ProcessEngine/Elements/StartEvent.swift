package import Values

/// `bpmn:startEvent` without an event definition: where a process or a subprocess begins.
package struct StartEvent: FlowElement {
    package static let tag = "startEvent"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
