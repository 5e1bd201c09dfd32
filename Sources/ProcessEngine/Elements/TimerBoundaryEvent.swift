package import Values

/// `bpmn:boundaryEvent` with `bpmn:timerEventDefinition`: runs with its activity; interrupts it, or starts a path
/// beside it.
package struct TimerBoundaryEvent: BoundaryElement, TimerElement {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "timerEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID
    package let isInterrupting: Bool
    package let trigger: TimerTrigger

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id),
            let trigger = TimerTrigger(in: node, element: id, allowsCycle: true, reader: &reader)
        else { return nil }
        self.id = id
        self.attachedTo = attachedTo
        self.isInterrupting = node.attribute("cancelActivity") != "false"
        self.trigger = trigger
    }

    package func firstDue(in scope: Int, of step: Step) throws(IncidentCause) -> Timestamp? {
        try trigger.firstDue(for: step.visibleVariables(from: scope), element: id)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }

    package func timerFired(_ timer: OpenTimer, in step: inout Step) throws(IncidentCause) {
        let host = step.activity(timer.activity)
        if isInterrupting {
            step.cancel(host.number)
        } else if let due = trigger.nextDue(
            after: timer.dueAt, firings: host.firings(of: id), now: step.surroundings.now)
        {
            step.record(
                .timerScheduled(timer: step.instance.lastTimer + 1, activity: host.number, element: id, dueAt: due))
        }
        step.enter(self, in: host.scope)
    }
}
