package import Values

/// `bpmn:intermediateCatchEvent` with `bpmn:timerEventDefinition`: waits for a date or a duration.
package struct TimerCatchEvent: TimerElement {
    package static let tag = "intermediateCatchEvent"
    package static let eventDefinition: String? = "timerEventDefinition"
    package let id: ElementID
    package let trigger: TimerTrigger

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let trigger = TimerTrigger(in: node, element: id, allowsCycle: false, reader: &reader) else { return nil }
        self.id = id
        self.trigger = trigger
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let scope = step.activity(activity).scope
        let due = try trigger.firstDue(for: step.visibleVariables(from: scope), element: id)
        step.record(.timerScheduled(timer: step.instance.lastTimer + 1, activity: activity, element: id, dueAt: due))
    }

    package func timerFired(_ timer: OpenTimer, in step: inout Step) throws(IncidentCause) {
        try step.leave(timer.activity)
    }
}
