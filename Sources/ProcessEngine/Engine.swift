/// The core: what happens next in one process instance.
package enum Engine {
    /// How many elements one command may enter. More means a loop without a wait state: an incident, not a hang.
    package static let transitionLimit = 10_000

    /// Decides which events a command leads to. Same arguments, same answer; the instance is as before until they are
    /// applied.
    package static func decide(
        _ command: Command, for instance: ProcessInstance, of definition: ProcessDefinition,
        in surroundings: Surroundings
    ) throws(Rejection) -> [Event] {
        try advance(command, instance, of: definition, in: surroundings).events
    }

    /// The events that a command leads to, and the instance that they are applied to.
    package static func advance(
        _ command: Command, _ instance: ProcessInstance, of definition: ProcessDefinition, in surroundings: Surroundings
    ) throws(Rejection) -> (events: [Event], after: ProcessInstance) {
        if case .start(let start) = command {
            guard instance.isEmpty else { throw Rejection(.conflict, "the instance is started already") }
            let step = try decideStart(start, instance, definition, surroundings)
            return (step.events, step.instance)
        }
        guard let running = instance.definition else { throw Rejection(.gone, "the instance is not started") }
        guard running.process == definition.process else {
            throw Rejection(.invalid, "the instance is of process \(running.process), not of \(definition.process)")
        }
        guard !instance.isEnded else { throw Rejection(.gone, "the instance has ended") }
        var step = Step(of: try newDefinition(by: command, instance) ?? definition, instance, surroundings)
        if instance.isSuspended, !command.isForSuspended {
            try step.hold(command)
            return (step.events, step.instance)
        }
        try carryOut(command, in: &step)
        step.run()
        return (step.events, step.instance)
    }

    /// Of a migration: the version in which the instance is to go on, if it can.
    private static func newDefinition(
        by command: Command, _ instance: ProcessInstance
    ) throws(Rejection) -> ProcessDefinition? {
        guard case .migrate(let plan) = command else { return nil }
        let problems = plan.problems(of: instance)
        guard problems.isEmpty else {
            throw Rejection(
                .conflict,
                "it cannot be migrated to \(plan.target.id): "
                    + problems.map(\.description).joined(separator: "; "),
                element: problems.first?.element)
        }
        return plan.target.definition
    }

    private static func decideStart(
        _ start: Command.Start, _ instance: ProcessInstance, _ definition: ProcessDefinition,
        _ surroundings: Surroundings
    ) throws(Rejection) -> Step {
        guard start.definition.process == definition.process else {
            throw Rejection(
                .invalid, "the definition is of process \(definition.process), not of \(start.definition.process)")
        }
        let entry = start.placements.isEmpty ? try startElement(start.startEvent, of: definition) : nil
        var step = Step(of: definition, instance, surroundings, stopsAtIncident: true)
        let root = ProcessInstance.rootScope
        step.record(
            .instanceStarted(
                Event.InstanceStarted(
                    definition: start.definition, businessKey: start.businessKey, labels: start.labels,
                    parent: start.parent, caughtErrors: start.caughtErrors, priority: start.priority,
                    uniqueKey: start.uniqueKey)))
        if !start.variables.isEmpty { step.record(.variablesSet(scope: root, start.variables)) }
        do throws(IncidentCause) {
            try step.runProcessListeners(.start)
            try step.armEventSubprocesses(in: nil, scope: root, of: 0)
        } catch {
            throw Rejection(.stuck, "the process cannot begin: \(error.message)")
        }
        switch entry {
        case nil: try step.place(start.placements)
        case let event as any CatchElement: step.start(with: event)
        case let event as TriggeredStartEvent where event.isParallel && start.trigger != nil:
            step.start(with: start.trigger, of: event)
        case let entry?: step.send(Token(element: entry.id, flow: nil, scope: root))
        }
        step.run()
        if let incident = step.firstIncident {
            throw Rejection(
                .stuck, "the process cannot reach its first wait state: \(incident.message)", element: incident.element)
        }
        return step
    }

    /// A start event, or what else the deployment subscribed to.
    private static func startElement(
        _ wanted: ElementID?, of definition: ProcessDefinition
    ) throws(Rejection) -> any FlowElement {
        let plain = definition.startEvents(in: nil)
        guard let wanted else {
            if let only = definition.initialStart, let element = definition.element(only) { return element }
            throw Rejection(
                .invalid,
                "process \(definition.process) has \(plain.count) start events without an event definition: name one"
            )
        }
        let isStart = plain.contains(wanted) || definition.startSubscriptions.contains { $0.element == wanted }
        guard isStart, let element = definition.element(wanted) else {
            throw Rejection(.invalid, "process \(definition.process) has no start event \(wanted)", element: wanted)
        }
        return element
    }

    static func carryOut(_ command: Command, in step: inout Step) throws(Rejection) {
        switch command {
        case .start: throw Rejection(.conflict, "the instance is started already")
        case .migrate(let plan): try step.migrate(by: plan)
        case .completeTask(let number, let output): try step.completeTask(number, output: output)
        case .failTask(let number, let failure): try step.failTask(number, failure)
        case .throwError(let number, let error): try step.throwError(error, fromTask: number)
        case .fireTimer(let number): try step.fireTimer(number)
        case .cancel(let reason):
            step.endInstance(.canceled(reason: reason))
        case .resolveIncident(let number, let retries): try step.resolveIncident(number, retries: retries)
        case .recordTaskEvent(let number, let name, let payload):
            try step.recordTaskEvent(number, name: name, payload: payload)
        case .suspendTask(let number, let kind, let message): try step.suspendTask(number, kind: kind, message: message)
        case .claimUserTask(let number, let assignee): try step.claimUserTask(number, assignee: assignee)
        case .completeUserTask(let number, let variables): try step.completeUserTask(number, variables: variables)
        case .throwUserTaskError(let number, let error): try step.throwUserTaskError(number, error)
        case .escalateUserTask(let number, let code, let variables):
            try step.escalateUserTask(number, code: code, variables: variables)
        case .correlate(let subscription, let variables): try step.correlate(subscription, variables: variables)
        case .signal(let name, let variables):
            try step.checkNames(variables, element: nil)
            step.deliverSignal(name, variables: variables)
        case .endCall(let call, let outcome): try step.endCall(call, outcome)
        case .answerEscalation: try step.answerEscalation()
        case .modify(let modifications): try step.modify(modifications)
        case .suspend: try step.suspend()
        case .resume: try step.resume()
        case .setVariables(let variables):
            try step.checkNames(variables, element: nil)
            guard !variables.isEmpty else { return }
            step.record(.variablesSet(scope: ProcessInstance.rootScope, variables))
        }
    }
}
