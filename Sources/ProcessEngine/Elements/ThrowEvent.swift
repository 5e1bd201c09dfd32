package import Values

/// `bpmn:intermediateThrowEvent`: throws messages, signals, escalations or compensation, and goes on; without an event
/// definition it only goes on.
package struct ThrowEvent: ThrowingElement, CompensatingElement, TriggeredElement {
    package static let tag = "intermediateThrowEvent"
    package let id: ElementID
    package let thrown: [EventThrow]
    package var triggers: [EventTrigger] { [] }

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && ThrowReader.describes(eventDefinitions)
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
