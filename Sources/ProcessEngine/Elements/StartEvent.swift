package import Values

/// `bpmn:startEvent` without an event definition: where a scope begins.
package struct StartEvent: StartElement {
    package static let tag = "startEvent"
    package let id: ElementID
    /// The variable that gets the name of who started the instance.
    package let initiator: String?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        initiator = node.attribute("initiator", namespace: BPMN.camunda).flatMap { $0.isEmpty ? nil : $0 }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        if let initiator {
            let name: JSON = step.instance.labels.startedBy.map { .string($0) } ?? .null
            step.setVariables([Variable(name: initiator, value: name)], from: step.activity(activity).scope)
        }
        try step.leave(activity)
    }
}
