package import Values

/// `bpmn:boundaryEvent` with a timer, message, signal or condition, or several, errors and escalations among them: waits while its activity is at work;
/// interrupts it, or starts a path beside it as often as it comes.
package struct TriggeredBoundaryEvent: BoundaryElement, TriggeredElement, CodeCatcher {
    package static let tag = "boundaryEvent"
    package let id: ElementID
    package let attachedTo: ElementID
    package let isInterrupting: Bool
    package let triggers: [EventTrigger]
    /// It takes all triggers, not one of them.
    package let isParallel: Bool
    package let errors: [ErrorMatcher]
    package let escalations: [EscalationMatcher]

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && TriggerReader.describes(eventDefinitions, withCodes: true)
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id),
            let triggers = TriggerReader.read(node, element: id, reader: &reader)
        else { return nil }
        self.id = id
        self.attachedTo = attachedTo
        self.isInterrupting = node.attribute("cancelActivity") != "false"
        self.triggers = triggers.all
        isParallel = triggers.isParallel
        errors = triggers.errors
        escalations = triggers.escalations
        if !isInterrupting, !errors.isEmpty {
            reader.report(
                "invalid-boundary-event", node, element: id, "an error always interrupts its activity",
                "remove cancelActivity=\"false\"")
        }
    }

    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        let isLast = !isParallel || step.isLast(occurrence, of: id)
        let host = step.activity(occurrence.activity)
        guard isLast else { return step.setVariables(occurrence.variables, from: host.scope) }
        if isInterrupting {
            step.cancel(host.number)
        } else if !isParallel, let timer = occurrence.timer {
            for case .timer(let trigger) in triggers {
                guard
                    let due = trigger.nextDue(
                        after: timer.dueAt, firings: host.firings(of: id),
                        for: step.visibleVariables(from: host.scope))
                else { continue }
                step.open(.timer(dueAt: due), of: id, for: host.number)
            }
        }
        step.setVariables(occurrence.variables, from: host.scope)
        step.enter(self, in: host.scope)
        if isParallel, !isInterrupting { try step.rearm(host.number) }
    }
}
