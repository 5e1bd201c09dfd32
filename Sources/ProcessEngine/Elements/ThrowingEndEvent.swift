package import Values

/// `bpmn:endEvent` with messages, signals, escalations or compensation: throws them, and its path ends.
package struct ThrowingEndEvent: ThrowingElement, CompensatingElement, TriggeredElement {
    package static let tag = "endEvent"
    package let id: ElementID
    package let thrown: [EventThrow]
    package var triggers: [EventTrigger] { [] }

    package var isEnd: Bool { true }

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && !eventDefinitions.isEmpty && ThrowReader.describes(eventDefinitions)
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
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
