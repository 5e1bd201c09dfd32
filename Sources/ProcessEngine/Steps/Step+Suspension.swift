import HashTreeCollections
import Values

/// An operator stops an instance, and lets it go on.
///
/// While it is suspended no token moves by itself. What comes from outside is held, in the journal like everything else, and done
/// when the instance goes on. An operator may repair it meanwhile.
extension Step {
    mutating func suspend() throws(Rejection) {
        guard !instance.isSuspended else { throw Rejection(.conflict, "the instance is suspended already") }
        record(.suspended)
    }

    mutating func resume() throws(Rejection) {
        guard let suspension = instance.suspension else {
            throw Rejection(.conflict, "the instance is not suspended")
        }
        record(.resumed)
        changes = suspension.changes
        newConditions = suspension.conditions
        run()
        for input in suspension.held where !instance.isEnded {
            beginNextCommand()
            do throws(Rejection) {
                try Engine.carryOut(input.command, in: &self)
            } catch {
                giveBack(input, suspension)
            }
            run()
        }
    }

    /// Who waited does no more. Of results and signals nothing remains to be done; a message looks for somebody else.
    private mutating func giveBack(_ input: HeldInput, _ suspension: Suspension) {
        guard case .correlated(let number, let variables, _) = input, let subscription = suspension.waited[number],
            case .message(let name, let key) = subscription.kind
        else { return }
        record(
            .thrown(
                .message(
                    ThrownMessage(
                        name: name, by: subscription.element, correlationKey: key, businessKey: instance.businessKey,
                        variables: variables))))
    }

    /// Holds what comes from outside. Rejects what would be rejected anyway, and what somebody waits for to be done.
    mutating func hold(_ command: Command) throws(Rejection) {
        switch command {
        case .completeTask(let number, let output):
            try requireUnfinished(number)
            record(.held(.taskCompleted(task: number, output: output)))
        case .failTask(let number, let failure):
            let task = try requireUnfinished(number)
            guard incident(of: task) == nil else {
                throw Rejection(.conflict, "task \(number) has an open incident", element: task.element)
            }
            record(.held(.taskFailed(task: number, failure)))
        case .throwError(let number, let error):
            try requireUnfinished(number)
            guard !error.code.isEmpty else { throw Rejection(.invalid, "a BPMN error needs a code") }
            record(.held(.taskErrorThrown(task: number, error)))
        case .recordTaskEvent(let number, let name, let payload):
            try requireUnfinished(number)
            guard !name.isEmpty else { throw Rejection(.invalid, "an event needs a name") }
            record(.held(.taskEvent(task: number, name: name, payload: payload)))
        case .correlate(let number, let variables): try holdMessage(for: number, variables)
        case .signal(let name, let variables):
            try checkNames(variables, element: nil)
            guard instance.openSubscriptions.contains(where: { $0.kind == .signal(name: name) }) else { return }
            record(.held(.signal(name: name, variables: variables)))
        case .endCall(let call, let outcome):
            guard instance.call(call) != nil, instance.suspension?.endedCalls.contains(call) != true else {
                throw Rejection(.gone, "there is no open call \(call)")
            }
            record(.held(.callEnded(call: call, outcome)))
        case .answerEscalation:
            guard instance.openSubscriptions.contains(where: { $0.kind == .answer }) else {
                throw Rejection(.gone, "no escalation waits for an answer")
            }
            record(.held(.escalationAnswered))
        case .start, .fireTimer, .cancel, .resolveIncident, .suspendTask, .setVariables, .claimUserTask,
            .completeUserTask, .throwUserTaskError, .escalateUserTask, .modify, .migrate, .suspend, .resume:
            throw Rejection(.conflict, "the instance is suspended: resume it first")
        }
    }

    private mutating func holdMessage(for number: Int, _ variables: [Variable]) throws(Rejection) {
        guard let subscription = instance.subscription(number),
            instance.suspension?.spent.contains(number) != true
        else { throw Rejection(.gone, "there is no open subscription \(number)") }
        try checkNames(variables, element: subscription.element)
        let isLast: Bool
        switch definition.element(subscription.element) {
        case let boundary as TriggeredBoundaryEvent: isLast = boundary.isInterrupting || boundary.isParallel
        case let start as TriggeredStartEvent: isLast = start.isInterrupting || start.isParallel
        default: isLast = true
        }
        record(.held(.correlated(subscription: number, variables: variables, isLast: isLast)))
    }

    @discardableResult
    private func requireUnfinished(_ number: Int) throws(Rejection) -> OpenTask {
        guard let task = instance.task(number), instance.suspension?.endedTasks.contains(number) != true else {
            throw Rejection(.gone, "there is no open task \(number)")
        }
        return task
    }
}

extension Command {
    /// What an operator may do to a suspended instance.
    var isForSuspended: Bool {
        switch self {
        case .start, .cancel, .resume, .suspend, .setVariables, .modify, .migrate, .claimUserTask, .suspendTask,
            .resolveIncident:
            true
        case .completeTask, .throwError, .failTask, .recordTaskEvent, .fireTimer, .completeUserTask,
            .throwUserTaskError, .escalateUserTask, .correlate, .signal, .endCall, .answerEscalation:
            false
        }
    }
}
