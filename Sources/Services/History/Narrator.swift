import ProcessEngine
import Values

/// Tells events to people. It knows from earlier events which element an activity or a task is of.
struct Narrator {
    private var elements: [Int: ElementID] = [:]
    private var tasks: [Int: (element: ElementID, contract: ContractKey)] = [:]
    private var userTasks: [Int: ElementID] = [:]
    private var timers: [Int: ElementID] = [:]
    private var subscriptions: [Int: (element: ElementID, awaited: String)] = [:]
    private var calls: [Int: (element: ElementID, process: String)] = [:]

    /// Nil for what says nothing to people: book-keeping of the engine.
    mutating func tell(_ event: Event) -> String? {
        switch event {
        case .instanceStarted(let start):
            return "started as \(start.definition)"
                + (start.businessKey.map { ", business key \($0)" } ?? "")
                + (start.parent.map { ", called by \($0.instance)" } ?? "")
        case .instanceEnded(let end): return tell(end)
        case .activityEntered(let activity, let element, _):
            elements[activity] = element
            return "entered \(element)"
        case .activityCompleted(let activity): return "completed \(element(activity))"
        case .activityCanceled(let activity): return "canceled \(element(activity))"
        case .flowTaken(let flow, _): return "took \(flow)"
        case .tokenArrived(let element, let flow, _): return "a token waits at \(element), from \(flow)"
        case .tokensJoined(let element, let flows, _): return "\(flows.count) tokens joined at \(element)"
        case .variablesSet(let scope, let variables):
            return "set \(variables.map(\.name).joined(separator: ", "))" + (scope == 1 ? "" : " in scope \(scope)")
        case .taskCreated, .taskCompleted, .taskFailed, .taskErrorThrown, .taskCanceled, .taskEventRecorded,
            .taskRetried:
            return tellTask(event)
        case .timerScheduled(let timer, _, let element, let dueAt):
            timers[timer] = element
            return "timer \(element) set to \(dueAt.iso8601)"
        case .timerFired(let timer): return "timer \(timers[timer]?.text ?? String(timer)) fired"
        case .timerCanceled(let timer): return "timer \(timers[timer]?.text ?? String(timer)) canceled"
        case .errorCaught(let code, _, let catcher, _): return "error \(code) caught by \(catcher)"
        case .incidentRaised(let incident):
            return "incident \(incident.number) at \(incident.element): \(incident.message)"
        case .incidentResolved(let incident): return "incident \(incident) resolved"
        case .userTask(let event): return tell(event)
        case .subscription(let event): return tell(event)
        case .compensation(.handling(let activity, _)): return "compensates by \(element(activity))"
        case .call(let event): return tell(event)
        case .thrown(let thrown): return tell(thrown)
        case .savePointReached(let activity, _, let isAfter, _, _):
            return "save point \(isAfter ? "after" : "before") \(element(activity))"
        case .decisionEvaluated(_, let decision, _, _): return "decision \(decision) made"
        case .suspended: return "suspended"
        case .migrated(let migrated): return tell(migrated)
        case .resumed: return "resumed"
        case .held(let input): return "kept for later: \(tell(input))"
        case .scopeOpened, .scopeClosed, .outputKept, .outputMapped, .loop, .compensation(.kept), .compensation(.begun):
            return nil
        }
    }

    private func element(_ activity: Int) -> String { elements[activity]?.text ?? "activity \(activity)" }
    private func task(_ number: Int) -> String {
        "task \(number)" + (tasks[number].map { " (\($0.element), \($0.contract))" } ?? "")
    }
    private func userTask(_ number: Int) -> String {
        "user task \(number)" + (userTasks[number].map { " (\($0))" } ?? "")
    }
    private func subscription(_ number: Int) -> String {
        subscriptions[number].map { "\($0.element) got \($0.awaited)" } ?? "subscription \(number) came"
    }
    private func call(_ number: Int) -> String {
        calls[number].map { "call of \($0.process) by \($0.element)" } ?? "call \(number)"
    }

    /// From here on everything is told by its new name.
    private mutating func tell(_ migrated: Event.Migrated) -> String {
        let names = migrated.newNames
        let known = Set(elements.values)
        elements = elements.mapValues { names[$0] ?? $0 }
        userTasks = userTasks.mapValues { names[$0] ?? $0 }
        timers = timers.mapValues { names[$0] ?? $0 }
        tasks = tasks.mapValues { (names[$0.element] ?? $0.element, $0.contract) }
        subscriptions = subscriptions.mapValues { (names[$0.element] ?? $0.element, $0.awaited) }
        calls = calls.mapValues { (names[$0.element] ?? $0.element, $0.process) }
        let version = migrated.workflow.map { workflow in
            " (\(workflow)" + (migrated.workflowVersion.map { "@\($0)" } ?? "") + ")"
        }
        return "migrated to \(migrated.definition)" + (version ?? "")
            + migrated.renamed.filter { known.contains($0.from) }.map { ", \($0.from) is now \($0.to)" }.joined()
    }

    private func tell(_ end: Event.InstanceEnd) -> String {
        switch end {
        case .completed: "ended"
        case .completedWithError(let code, let message): "ended with error \(code)" + Self.suffix(message)
        case .canceled(let reason): "canceled: \(reason)"
        }
    }

    private mutating func tellTask(_ event: Event) -> String? {
        if case .taskCreated(let created) = event {
            tasks[created.task] = (created.element, created.contract)
            return "\(task(created.task)) created"
        }
        if case .taskCompleted(let number) = event { return "\(task(number)) completed" }
        if case .taskCanceled(let number) = event { return "\(task(number)) canceled" }
        if case .taskFailed(let failed) = event {
            return "\(task(failed.task)) failed, \(failed.retriesLeft) attempts left: \(failed.message)"
        }
        if case .taskErrorThrown(let number, let code, let message) = event {
            return "\(task(number)) answered with error \(code)" + Self.suffix(message)
        }
        if case .taskEventRecorded(let number, let name, _) = event { return "\(task(number)) reported \(name)" }
        if case .taskRetried(let number, let retries, _) = event {
            return "\(task(number)) gets \(retries) new attempts"
        }
        return nil
    }

    private mutating func tell(_ event: UserTaskEvent) -> String {
        switch event {
        case .created(let task):
            userTasks[task.number] = task.element
            return "\(userTask(task.number)) created" + (task.assignee.map { " for \($0)" } ?? "")
        case .claimed(let task, let assignee?): return "\(userTask(task)) claimed by \(assignee)"
        case .claimed(let task, nil): return "\(userTask(task)) given back"
        case .completed(let task): return "\(userTask(task)) completed"
        case .errorThrown(let task, let code, let message):
            return "\(userTask(task)) answered with error \(code)" + Self.suffix(message)
        case .canceled(let task): return "\(userTask(task)) canceled"
        }
    }

    private mutating func tell(_ event: SubscriptionEvent) -> String? {
        switch event {
        case .opened(let subscription):
            let what: String
            switch subscription.kind {
            case .message(let name, let key): what = "message \(name)" + (key.map { " with key \($0.text)" } ?? "")
            case .signal(let name): what = "signal \(name)"
            case .condition: what = "its condition"
            case .call: what = "a call"
            case .answer: what = "its caller"
            }
            subscriptions[subscription.number] = (subscription.element, what)
            return "\(subscription.element) waits for \(what)"
        case .triggered(let number): return self.subscription(number)
        case .closed: return nil
        }
    }

    private mutating func tell(_ event: CallEvent) -> String {
        switch event {
        case .requested(let call):
            calls[call.call] = (call.element, call.target.process)
            return self.call(call.call)
        case .escalated(let call): return "\(self.call(call)) escalated"
        case .completed(let call): return "\(self.call(call)) came back"
        case .failed(let call): return "\(self.call(call)) failed"
        case .canceled(let call): return "\(self.call(call)) canceled"
        }
    }

    private func tell(_ thrown: ThrownEvent) -> String {
        switch thrown {
        case .signal(let name, let element, _): "signal \(name) thrown by \(element)"
        case .message(let message): "message \(message.name) thrown by \(message.by)"
        case .escalation(let code, let element, _, _): "escalation \(code ?? "without a code") thrown by \(element)"
        case .uncaughtError(let code, let message, let element):
            "nothing caught error \(code) of \(element)\(Self.suffix(message))"
        }
    }

    private func tell(_ input: HeldInput) -> String {
        switch input {
        case .taskCompleted(let number, _): "\(task(number)) completed"
        case .taskFailed(let number, let failure): "\(task(number)) failed: \(failure.message)"
        case .taskErrorThrown(let number, let error): "\(task(number)) answered with error \(error.code)"
        case .taskEvent(let number, let name, _): "\(task(number)) reported \(name)"
        case .correlated(let number, _, _): subscription(number)
        case .signal(let name, _): "signal \(name)"
        case .callEnded(let call, _): "\(self.call(call)) came back"
        case .escalationAnswered: "its caller has heard the escalation"
        }
    }

    private static func suffix(_ message: String?) -> String { message.map { ": \($0)" } ?? "" }
}
