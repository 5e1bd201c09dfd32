import HashTreeCollections
import OrderedCollections
import Values

/// What commands about tasks, timers and incidents do.
extension Step {
    mutating func completeTask(_ number: Int, output: [Variable]) throws(Rejection) {
        let task = try openTask(number)
        guard let element = definition.element(task.element) as? any TaskElement else {
            throw Self.misfit(task.element)
        }
        // A name that is given twice counts once, with its last value.
        let members = OrderedDictionary(output.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let object = JSON.object(members.map { ($0.key, $0.value) })
        switch surroundings.contracts.checkOutput(object, of: task.contract) {
        case .failure(let violation):
            let problems = violation.problems.joined(separator: " ")
            try failTask(number, TaskFailure(message: "the output does not fit contract \(task.contract): \(problems)"))
        case .success(let checked):
            let variables =
                checked == object ? members.map { Variable(name: $0.key, value: $0.value) } : checked.variables
            if var error = definedError(of: task, variables) {
                error.variables = variables
                return try throwError(error, fromTask: number)
            }
            resolveIncident(of: task)
            record(.taskCompleted(task: number))
            attempt(task.activity) { step throws(IncidentCause) in
                try element.taskCompleted(task, output: variables, in: &step)
            }
        }
    }

    /// A failure of a task that waits for an operator already is refused: it changes nothing.
    mutating func failTask(_ number: Int, _ failure: TaskFailure) throws(Rejection) {
        let task = try openTask(number)
        if let incident = incident(of: task) {
            throw Rejection(.conflict, "task \(number) has an open incident: \(incident)", element: task.element)
        }
        if let error = definedError(of: task, [], failure) {
            return try throwError(error, fromTask: number)
        }
        let (retriesLeft, pause) = consequence(of: failure, for: task)
        record(
            .taskFailed(
                Event.TaskFailed(
                    task: number, message: failure.message, details: failure.details, retriesLeft: retriesLeft,
                    dueAt: surroundings.now.advanced(by: pause))))
        if retriesLeft == 0 {
            raiseIncident(IncidentCause(.taskFailed, failure.message), activity: task.activity, task: number)
        }
    }

    /// The attempts left, and the pause until the next.
    private func consequence(of failure: TaskFailure, for task: OpenTask) -> (retriesLeft: Int, pause: Duration) {
        if let counted = failure.retriesLeft { return (max(counted, 0), max(failure.retryAfter ?? .zero, .zero)) }
        let policy = surroundings.contracts.policy(of: task.contract) ?? .withoutContract
        return (
            failure.retry == false ? 0 : max(task.retriesLeft - 1, 0),
            max(policy.pause(afterAttempt: task.failures + 1), failure.retryAfter ?? .zero)
        )
    }

    mutating func throwError(_ error: BPMNError, fromTask number: Int) throws(Rejection) {
        let task = try openTask(number)
        guard !error.code.isEmpty else { throw Rejection(.invalid, "a BPMN error needs a code", element: task.element) }
        // Like an output that does not fit: an agent that breaks its contract must not end the process by it.
        if let declared = surroundings.contracts.errorCodes(of: task.contract), !declared.contains(error.code) {
            let why = error.message.map { ": \($0)" } ?? ""
            return try failTask(
                number,
                TaskFailure(message: "contract \(task.contract) does not declare the BPMN error \(error.code)\(why)"))
        }
        resolveIncident(of: task)
        record(.taskErrorThrown(task: number, code: error.code, message: error.message))
        propagate(error, from: task.activity)
    }

    mutating func recordTaskEvent(_ number: Int, name: String, payload: JSON) throws(Rejection) {
        let task = try openTask(number)
        guard !name.isEmpty else { throw Rejection(.invalid, "an event needs a name", element: task.element) }
        record(.taskEventRecorded(task: number, name: name, payload: payload))
        var host = activity(task.activity)
        // The boundary events of a run of a loop are its body's.
        if instance.isIteration(host.scope), let body = instance.scope(host.scope)?.activity { host = activity(body) }
        let waiting = host.subscriptions.compactMap { instance.subscription($0) }.first {
            if case .message(name, _) = $0.kind { $0.element != host.element } else { false }
        }
        guard let waiting else { return }
        trigger(waiting, variables: (payload.members() ?? []).map { Variable(name: $0.name, value: $0.value) })
    }

    mutating func suspendTask(_ number: Int, kind: Event.Incident.Kind, message: String) throws(Rejection) {
        let task = try openTask(number)
        guard incident(of: task) == nil else {
            throw Rejection(.conflict, "task \(number) has an open incident already", element: task.element)
        }
        raiseIncident(IncidentCause(kind, message), activity: task.activity, task: number)
    }

    mutating func fireTimer(_ number: Int) throws(Rejection) {
        guard let timer = instance.timer(number), hasOwner(timer.activity) else {
            throw Rejection(.gone, "there is no open timer \(number)")
        }
        if let savePoint = instance.activity(timer.activity)?.savePoint, savePoint.timer == number {
            return pass(savePoint, of: timer.activity)
        }
        guard let element = definition.element(timer.element) as? any TriggeredElement else {
            throw Self.misfit(timer.element)
        }
        record(.timerFired(timer: number))
        happen(Occurrence(activity: timer.activity, timer: timer, subscription: nil, variables: []), at: element)
    }

    mutating func correlate(_ number: Int, variables: [Variable]) throws(Rejection) {
        guard let subscription = instance.subscription(number), hasOwner(subscription.activity) else {
            throw Rejection(.gone, "there is no open subscription \(number)")
        }
        try checkNames(variables, element: subscription.element)
        trigger(subscription, variables: variables)
    }

    // MARK: User tasks

    mutating func claimUserTask(_ number: Int, assignee: String?) throws(Rejection) {
        let task = try openUserTask(number)
        guard task.assignee != assignee else { return }
        if let assignee {
            guard !assignee.isEmpty else {
                throw Rejection(.invalid, "say who claims the user task", element: task.element)
            }
            // Nobody loses a task without hearing of it: it is given back first.
            if let holder = task.assignee {
                throw Rejection(.conflict, "user task \(number) is claimed by \(holder)", element: task.element)
            }
        }
        record(.userTask(.claimed(userTask: number, assignee: assignee)))
        do throws(IncidentCause) {
            var claimed = instance.userTask(number)
            try runListeners(.update, of: task.activity, &claimed)
            try runListeners(.assignment, of: task.activity, &claimed)
            if let claimed, claimed.assignee != assignee {
                record(.userTask(.claimed(userTask: number, assignee: claimed.assignee)))
            }
        } catch {
            throw Rejection(.conflict, error.message, element: task.element)
        }
    }

    mutating func completeUserTask(_ number: Int, variables: [Variable]) throws(Rejection) {
        let task = try openUserTask(number)
        try checkNames(variables, element: task.element)
        record(.userTask(.completed(userTask: number)))
        setResult(variables, of: task.activity)
        attempt(task.activity) { step throws(IncidentCause) in
            var completed: OpenUserTask? = task
            try step.runListeners(.complete, of: task.activity, &completed)
            try step.leave(task.activity)
        }
    }

    mutating func throwUserTaskError(_ number: Int, _ error: BPMNError) throws(Rejection) {
        let task = try openUserTask(number)
        guard !error.code.isEmpty else { throw Rejection(.invalid, "a BPMN error needs a code", element: task.element) }
        record(.userTask(.errorThrown(userTask: number, code: error.code, message: error.message)))
        propagate(error, from: task.activity)
    }

    mutating func escalateUserTask(_ number: Int, code: String, variables: [Variable]) throws(Rejection) {
        let task = try openUserTask(number)
        try checkNames(variables, element: task.element)
        escalate(code, variables: variables, from: task.activity, by: task.element)
    }

    // MARK: Calls

    mutating func endCall(_ number: Int, _ outcome: CallOutcome) throws(Rejection) {
        guard let call = instance.call(number) else { throw Rejection(.gone, "there is no open call \(number)") }
        guard let element = definition.element(call.element) as? any CallingElement else {
            throw Self.misfit(call.element)
        }
        switch outcome {
        case .completed(let variables): completeCall(call, of: element, with: variables)
        case .error(let error, let variables):
            record(.call(.completed(call: number)))
            setResult(element.passedBack(variables, withErrorIn: self), of: call.activity)
            propagate(error, from: call.activity, of: returned(call, variables))
        case .uncaughtError(let error, let variables):
            record(.call(.completed(call: number)))
            propagate(error, from: call.activity, of: returned(call, variables))
        case .escalation(let code, let variables):
            let passed: [Variable]
            do throws(IncidentCause) {
                passed = try element.passedBack(variables, in: self)
            } catch {
                throw Rejection(.invalid, error.message, element: call.element)
            }
            escalate(code, variables: passed, from: call.activity, by: call.element)
            if instance.call(number) != nil { record(.call(.escalated(call: number))) }
        case .failed(let message): failCall(call, message)
        }
    }

    private func returned(_ call: CallEvent.Call, _ variables: [Variable]) -> ReturnedCall {
        ReturnedCall(call: call, variables: call.declared(variables, by: surroundings.contracts))
    }

    private mutating func completeCall(
        _ call: CallEvent.Call, of element: any CallingElement, with variables: [Variable]
    ) {
        switch call.checked(variables, against: surroundings.contracts) {
        case .success(let output):
            record(.call(.completed(call: call.call)))
            attempt(call.activity) { step throws(IncidentCause) in
                try element.completed(call, with: output, in: &step)
            }
        case .failure(let violation):
            failCall(call, "its output does not fit its contract: \(violation.problems.joined(separator: " "))")
        }
    }

    private mutating func failCall(_ call: CallEvent.Call, _ message: String) {
        record(.call(.failed(call: call.call)))
        let cause = IncidentCause(.callFailed, "the called process \(call.target.process) failed: \(message)")
        raiseIncident(cause, activity: call.activity, task: nil)
    }

    /// The calling instance has heard of an escalation: what waited for that goes on.
    mutating func answerEscalation() throws(Rejection) {
        guard
            let waiting = instance.openSubscriptions.first(where: { $0.kind == .answer && hasOwner($0.activity) })
        else {
            throw Rejection(.gone, "no escalation waits for an answer")
        }
        trigger(waiting, variables: [])
    }

    // MARK: Incidents

    mutating func resolveIncident(_ number: Int, retries: Int?) throws(Rejection) {
        guard let incident = instance.incident(number) else {
            throw Rejection(.gone, "there is no open incident \(number)")
        }
        if let retries, retries < 1 {
            throw Rejection(.invalid, "a task needs at least one attempt", element: incident.element)
        }
        if let task = incident.task, let open = instance.task(task) {
            let attempts = retries ?? defaultRetries(of: open, after: incident.kind)
            record(.taskRetried(task: task, retries: attempts, dueAt: surroundings.now))
            record(.incidentResolved(incident: number))
            return goOn(at: open.activity)
        }
        guard let element = definition.element(incident.element) else { throw Self.misfit(incident.element) }
        record(.incidentResolved(incident: number))
        // What older versions wrote may have left an incident behind whose activity went on.
        guard let activity = instance.activity(incident.activity) else { return }
        if isAtWork(activity) { return goOn(at: activity.number) }
        attempt(incident.activity) { step throws(IncidentCause) in
            if incident.kind == .uncaughtError {
                step.closeTriggers(of: activity)
                try step.begin(element, activity.number)
            } else if let loop = step.definition.loop(of: activity.element), !step.instance.isIteration(activity.scope)
            {
                try step.retryLoop(loop, activity)
            } else {
                try element.retry(activity, in: &step)
            }
        }
    }

    /// Whether something of the activity is open that comes to an end by itself: nothing is to be begun again then.
    private func isAtWork(_ activity: Activity) -> Bool {
        if activity.task != nil || activity.userTask != nil || activity.call != nil { return true }
        if !activity.compensating.isEmpty { return true }
        guard activity.phase == .waiting else { return false }
        if let number = activity.innerScope, let scope = instance.scope(number),
            !scope.isIdle || !scope.waiting.isEmpty
        {
            return true
        }
        return activity.timers.contains { instance.timer($0)?.element == activity.element }
            || activity.subscriptions.contains { instance.subscription($0)?.element == activity.element }
    }

    /// An activity at work was stuck at something beside that: at an event that it could not wait for again, or at the question
    /// whether it ends.
    private mutating func goOn(at number: Int) {
        attempt(number) { step throws(IncidentCause) in
            try step.rearm(number)
            guard let scope = step.activity(number).innerScope,
                let subprocess = step.element(of: number, as: AdHocSubProcess.self),
                !step.instance.isLoopBody(step.activity(number))
            else { return }
            _ = try subprocess.ends(number, scope: scope, in: &step)
        }
    }

    /// What never spent an attempt keeps what it had left; what used them all gets as many as a new task.
    private func defaultRetries(of task: OpenTask, after kind: Event.Incident.Kind) -> Int {
        if kind != .taskFailed && task.retriesLeft > 0 { return task.retriesLeft }
        let element = definition.element(task.element) as? any TaskElement
        return (try? element?.retries(of: task.activity, in: self))
            ?? (surroundings.contracts.policy(of: task.contract) ?? .withoutContract).maxAttempts
    }

    static func misfit(_ element: ElementID) -> Rejection {
        Rejection(.invalid, "the definition does not fit the instance: it has no such element", element: element)
    }

    func checkNames(_ variables: [Variable], element: ElementID?) throws(Rejection) {
        guard !variables.contains(where: { $0.name.isEmpty }) else {
            throw Rejection(.invalid, "a variable has no name", element: element)
        }
    }

    private func openUserTask(_ number: Int) throws(Rejection) -> OpenUserTask {
        guard let task = instance.userTask(number) else {
            throw Rejection(.gone, "there is no open user task \(number)")
        }
        return task
    }

    private func openTask(_ number: Int) throws(Rejection) -> OpenTask {
        guard let task = instance.task(number) else { throw Rejection(.gone, "there is no open task \(number)") }
        return task
    }

    /// What the task itself is stuck at; its activity may be stuck at something else.
    func incident(of task: OpenTask) -> Int? {
        guard let incident = activity(task.activity).incident, instance.incident(incident)?.task == task.number else {
            return nil
        }
        return incident
    }

    /// Whether it is there who waits (0: the process).
    func hasOwner(_ activity: Int) -> Bool { activity == 0 || instance.activity(activity) != nil }

    /// A result that came after all makes the operator's work needless.
    private mutating func resolveIncident(of task: OpenTask) {
        guard let incident = activity(task.activity).incident else { return }
        record(.incidentResolved(incident: incident))
    }
}

extension TaskPolicy {
    /// What keeps a task whose topic has no contract.
    static let withoutContract = TaskPolicy(version: "0.0")
}
