import HashTreeCollections
package import Values

/// `bpmn:startEvent` with a timer, message, signal or condition, or several of them: starts an instance, or an event
/// subprocess in a running one (then errors and escalations may be among them).
package struct TriggeredStartEvent: StartElement, TriggeredElement, CodeCatcher {
    package static let tag = "startEvent"
    package let id: ElementID
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
        guard let triggers = TriggerReader.read(node, element: id, reader: &reader) else {
            return nil
        }
        self.id = id
        self.triggers = triggers.all
        isParallel = triggers.isParallel
        errors = triggers.errors
        escalations = triggers.escalations
        isInterrupting = node.attribute("isInterrupting") != "false"
        let catchesCodes = !errors.isEmpty || !escalations.isEmpty
        if catchesCodes, !reader.isInEventSubprocess {
            reader.reportUnsupported(node, element: id, "a start event of a process with an error or escalation")
        }
        if !isInterrupting, !errors.isEmpty {
            reader.report(
                "invalid-start-event", node, element: id, "an error always interrupts what is beside it",
                "remove isInterrupting=\"false\"")
        }
    }

    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        if let waiting = step.instance.activity(occurrence.activity), waiting.element == id {
            return try startOn(with: occurrence, waiting, in: &step)
        }
        let scope =
            occurrence.activity == 0
            ? ProcessInstance.rootScope : step.instance.activity(occurrence.activity)?.innerScope
        guard let scope, let container = step.definition.parent(of: id),
            let subprocess = step.definition.element(container) as? EventSubProcess
        else { return }
        if isParallel {
            guard step.isLast(occurrence, of: id) else { return step.setVariables(occurrence.variables, from: scope) }
        } else if !isInterrupting, let timer = occurrence.timer {
            rearm(timer, in: &step)
        }
        let number = step.startEventSubprocess(
            subprocess, at: id, in: scope, isInterrupting: isInterrupting, variables: occurrence.variables)
        guard isParallel, !isInterrupting else { return }
        step.attempt(number) { step throws(IncidentCause) in try step.rearm(number) }
    }

    /// Of a process: one more of all its triggers.
    private func startOn(
        with occurrence: Occurrence, _ waiting: Activity, in step: inout Step
    ) throws(IncidentCause) {
        step.setVariables(occurrence.variables, from: waiting.scope)
        if step.isLast(occurrence, of: id) { try step.leave(waiting.number) }
    }

    private func rearm(_ timer: OpenTimer, in step: inout Step) {
        let host = step.instance.activity(timer.activity)
        let firings = host?.firings(of: id) ?? step.instance.rootFirings[id] ?? 0
        let variables = step.visibleVariables(from: host?.innerScope ?? ProcessInstance.rootScope)
        for case .timer(let trigger) in triggers {
            if let due = trigger.nextDue(after: timer.dueAt, firings: firings, for: variables) {
                step.open(.timer(dueAt: due), of: id, for: timer.activity)
            }
        }
    }
}
