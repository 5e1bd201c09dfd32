package import Values

/// `bpmn:endEvent` with `bpmn:terminateEventDefinition`: ends everything in its scope, which completes.
package struct TerminateEndEvent: FlowElement {
    package static let tag = "endEvent"
    package static let eventDefinition: String? = "terminateEventDefinition"
    package let id: ElementID

    package var isEnd: Bool { true }

    init(id: ElementID) {
        self.id = id
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let scope = step.activity(activity).scope
        step.completeWithoutLeaving(activity)
        step.clear(scope)
        step.settleLater(scope)
    }
}
