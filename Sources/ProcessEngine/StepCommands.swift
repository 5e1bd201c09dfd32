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
            resolveIncident(of: task)
            record(.taskCompleted(task: number))
            let variables = checked.members()?.map { Variable(name: $0.name, value: $0.value) } ?? output
            attempt(task.activity) { step throws(IncidentCause) in
                try element.taskCompleted(task, output: variables, in: &step)
            }
        }
    }

    /// A failure of a task that waits for an operator already is refused: it changes nothing.
    mutating func failTask(_ number: Int, _ failure: TaskFailure) throws(Rejection) {
        let task = try openTask(number)
        if let incident = activity(task.activity).incident {
            throw Rejection(.conflict, "task \(number) has an open incident: \(incident)", element: task.element)
        }
        let policy = surroundings.contracts.policy(of: task.contract) ?? .withoutContract
        let retriesLeft = failure.retry == false ? 0 : max(task.retriesLeft - 1, 0)
        let pause = max(policy.pause(afterAttempt: task.failures + 1), failure.retryAfter ?? .zero)
        record(
            .taskFailed(
                Event.TaskFailed(
                    task: number, message: failure.message, details: failure.details, retriesLeft: retriesLeft,
                    dueAt: surroundings.now.advanced(by: pause))))
        if retriesLeft == 0 {
            raiseIncident(IncidentCause(.taskFailed, failure.message), activity: task.activity, task: number)
        }
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

    mutating func suspendTask(_ number: Int, kind: Event.Incident.Kind, message: String) throws(Rejection) {
        let task = try openTask(number)
        guard activity(task.activity).incident == nil else {
            throw Rejection(.conflict, "task \(number) has an open incident already", element: task.element)
        }
        raiseIncident(IncidentCause(kind, message), activity: task.activity, task: number)
    }

    mutating func fireTimer(_ number: Int) throws(Rejection) {
        guard let timer = instance.timer(number) else { throw Rejection(.gone, "there is no open timer \(number)") }
        guard let element = definition.element(timer.element) as? any TimerElement else {
            throw Self.misfit(timer.element)
        }
        record(.timerFired(timer: number))
        attempt(timer.activity) { step throws(IncidentCause) in try element.timerFired(timer, in: &step) }
    }

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
            return
        }
        guard let element = definition.element(incident.element) else { throw Self.misfit(incident.element) }
        record(.incidentResolved(incident: number))
        attempt(incident.activity) { step throws(IncidentCause) in
            try element.retry(step.activity(incident.activity), in: &step)
        }
    }

    /// What never spent an attempt keeps what it had left; what used them all gets as many as a new task.
    private func defaultRetries(of task: OpenTask, after kind: Event.Incident.Kind) -> Int {
        if kind != .taskFailed && task.retriesLeft > 0 { return task.retriesLeft }
        let element = definition.element(task.element) as? any TaskElement
        return element?.retries ?? (surroundings.contracts.policy(of: task.contract) ?? .withoutContract).maxAttempts
    }

    private static func misfit(_ element: ElementID) -> Rejection {
        Rejection(.invalid, "the definition does not fit the instance: it has no such element", element: element)
    }

    private func openTask(_ number: Int) throws(Rejection) -> OpenTask {
        guard let task = instance.task(number) else { throw Rejection(.gone, "there is no open task \(number)") }
        return task
    }

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

extension Step {
    /// Starts the timers of an activity's boundary events: all, or none if one cannot say when it is due.
    mutating func armBoundaryEvents(of number: Int) throws(IncidentCause) {
        let activity = activity(number)
        var timers: [(element: ElementID, dueAt: Timestamp)] = []
        for event in definition.boundaryEvents(of: activity.element) {
            if let due = try event.firstDue(in: activity.scope, of: self) { timers.append((event.id, due)) }
        }
        for timer in timers {
            record(
                .timerScheduled(
                    timer: instance.lastTimer + 1, activity: number, element: timer.element, dueAt: timer.dueAt))
        }
    }
}
