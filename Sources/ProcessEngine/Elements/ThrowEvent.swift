import HashTreeCollections
package import Values

/// `bpmn:intermediateThrowEvent`: throws messages, signals, escalations or compensation, and goes on; without an event
/// definition it only goes on. `bpmn:endEvent` with such definitions throws them, and its path ends; one with several may end
/// its scope with an error, a cancel or a termination after the others.
package struct ThrowEvent: ThrowingElement, CompensatingElement, TriggeredElement {
    package static let tag = "intermediateThrowEvent"
    package let id: ElementID
    package let thrown: [EventThrow]
    package let isEnd: Bool
    package let ending: Ending?

    package indirect enum Ending: Sendable {
        case error(ErrorEndEvent)
        case cancel
        case terminate
    }

    package var triggers: [EventTrigger] { [] }

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        guard ThrowReader.describes(eventDefinitions, atEnd: node.name == EndEvent.tag) else { return false }
        return node.name == tag || node.name == EndEvent.tag && !eventDefinitions.isEmpty
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        isEnd = node.name == EndEvent.tag
        ending = isEnd ? ThrowReader.ending(of: node, element: id, reader: &reader) : nil
        let all = ThrowReader.read(node, element: id, reader: &reader)
        // A cancel undoes everything itself.
        if case .cancel = ending { thrown = all.filter { !$0.isCompensation } } else { thrown = all }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let isOver = try step.throwEvents(thrown, from: activity)
        if isOver { try finish(activity, in: &step) }
    }

    /// Whether neither the calling instance nor a handler is waited for any more.
    private func isOver(_ activity: Int, in step: Step) -> Bool {
        let waiting = step.activity(activity)
        if waiting.subscriptions.contains(where: { step.instance.subscription($0)?.kind == .answer }) { return false }
        if waiting.compensating.isEmpty { return true }
        let waitsForHandlers = thrown.contains { if case .compensation(_, true) = $0 { true } else { false } }
        return !waitsForHandlers && !step.compensatesElsewhere(activity)
    }

    package func compensated(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard isOver(activity, in: step) else { return }
        if case .cancel = ending {
            return CancelEndEvent(id: id).compensated(activity, in: &step)
        }
        try finish(activity, in: &step)
    }

    private func finish(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        switch ending {
        case nil: try step.leave(activity)
        case .error(let error): try error.enter(activity, in: &step)
        case .cancel: try CancelEndEvent(id: id).enter(activity, in: &step)
        case .terminate: try TerminateEndEvent(id: id).enter(activity, in: &step)
        }
    }

    /// The calling instance knows of the escalation and lets it go on.
    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        if let subscription = occurrence.subscription {
            step.record(.subscription(.closed(subscription: subscription)))
        }
        if isOver(occurrence.activity, in: step) { try finish(occurrence.activity, in: &step) }
    }

    /// What was thrown is not thrown again.
    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .waiting where activity.hasUndone: try finish(activity.number, in: &step)
        case .entering, .waiting: try step.begin(self, activity.number)
        case .leaving: try finish(activity.number, in: &step)
        }
    }
}
