package import Values

/// `bpmn:manualTask` and `bpmn:task`: work that no system knows of; passed at once.
package struct ManualTask: FlowElement {
    package static let tag = "manualTask"
    package static let isActivity = true
    package let id: ElementID

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag || node.name == "task"
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard try step.armConditions(of: activity) else { return }
        try step.leave(activity)
    }
}
