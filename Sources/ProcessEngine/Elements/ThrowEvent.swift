package import Values

/// `bpmn:intermediateThrowEvent`: throws messages, signals, escalations or compensation, and goes on; without an event
/// definition it only goes on. `bpmn:endEvent` with such definitions throws them, and its path ends.
package struct ThrowEvent: ThrowingElement, CompensatingElement, TriggeredElement {
    package static let tag = "intermediateThrowEvent"
    package let id: ElementID
    package let thrown: [EventThrow]
    package let isEnd: Bool
    package var triggers: [EventTrigger] { [] }

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        guard ThrowReader.describes(eventDefinitions) else { return false }
        return node.name == tag || node.name == EndEvent.tag && !eventDefinitions.isEmpty
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        isEnd = node.name == EndEvent.tag
        thrown = ThrowReader.read(node, element: id, reader: &reader)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let isOver = try step.throwEvents(thrown, from: activity)
        if isOver { try step.leave(activity) }
    }

    package func compensated(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }

    /// The calling instance knows of the escalation and lets it go on.
    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        try step.leave(occurrence.activity)
    }
}
