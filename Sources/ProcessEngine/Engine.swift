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
        if case .start(let start) = command {
            guard instance.isEmpty else { throw Rejection(.conflict, "the instance is started already") }
            return try decideStart(start, instance, definition, surroundings)
        }
        guard let running = instance.definition else { throw Rejection(.gone, "the instance is not started") }
        guard running.process == definition.process else {
            throw Rejection(.invalid, "the instance is of process \(running.process), not of \(definition.process)")
        }
        guard !instance.isEnded else { throw Rejection(.gone, "the instance has ended") }
        var step = Step(of: definition, instance, surroundings)
        try carryOut(command, in: &step)
        step.run()
        return step.events
    }

    private static func decideStart(
        _ start: Command.Start, _ instance: ProcessInstance, _ definition: ProcessDefinition,
        _ surroundings: Surroundings
    ) throws(Rejection) -> [Event] {
        guard start.definition.process == definition.process else {
            throw Rejection(
                .invalid, "the definition is of process \(definition.process), not of \(start.definition.process)")
        }
        let entry = try startEvent(start.startEvent, of: definition)
        var step = Step(of: definition, instance, surroundings, stopsAtIncident: true)
        step.record(
            .instanceStarted(
                Event.InstanceStarted(
                    definition: start.definition, businessKey: start.businessKey, labels: start.labels)))
        if !start.variables.isEmpty {
            step.record(.variablesSet(scope: ProcessInstance.rootScope, start.variables))
        }
        step.send(Token(element: entry, flow: nil, scope: ProcessInstance.rootScope))
        step.run()
        if let incident = step.firstIncident {
            throw Rejection(
                .stuck, "the process cannot reach its first wait state: \(incident.message)", element: incident.element)
        }
        return step.events
    }

    private static func startEvent(_ wanted: ElementID?, of definition: ProcessDefinition) throws(Rejection)
        -> ElementID
    {
        let starts = definition.startEvents(in: nil)
        guard let wanted else {
            guard let only = starts.first, starts.count == 1 else {
                throw Rejection(.invalid, "process \(definition.process) has \(starts.count) start events: name one")
            }
            return only
        }
        guard starts.contains(wanted) else {
            throw Rejection(.invalid, "process \(definition.process) has no start event \(wanted)", element: wanted)
        }
        return wanted
    }

    private static func carryOut(_ command: Command, in step: inout Step) throws(Rejection) {
        switch command {
        case .start: throw Rejection(.conflict, "the instance is started already")
        case .completeTask(let number, let output): try step.completeTask(number, output: output)
        case .failTask(let number, let failure): try step.failTask(number, failure)
        case .throwError(let number, let error): try step.throwError(error, fromTask: number)
        case .fireTimer(let number): try step.fireTimer(number)
        case .cancel(let reason):
            step.endInstance(.canceled(reason: reason))
        case .resolveIncident(let number, let retries): try step.resolveIncident(number, retries: retries)
        case .recordTaskEvent(let number, let name, let payload):
            guard let task = step.instance.task(number) else {
                throw Rejection(.gone, "there is no open task \(number)")
            }
            guard !name.isEmpty else { throw Rejection(.invalid, "an event needs a name", element: task.element) }
            step.record(.taskEventRecorded(task: number, name: name, payload: payload))
        case .suspendTask(let number, let kind, let message): try step.suspendTask(number, kind: kind, message: message)
        case .setVariables(let variables):
            guard !variables.contains(where: { $0.name.isEmpty }) else {
                throw Rejection(.invalid, "a variable has no name")
            }
            guard !variables.isEmpty else { return }
            step.record(.variablesSet(scope: ProcessInstance.rootScope, variables))
        }
    }
}
