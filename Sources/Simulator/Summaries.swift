import Delivery
import ProcessEngine
import Services
import Values

// Texts of the story, and what a store without a reaper keeps.

extension InstanceID {
    /// The end of it, which tells those of one world apart.
    var short: String { String(text.suffix(4)) }
}

extension TaskID {
    var short: String { "\(instance.short).\(number)" }
}

extension AttemptID {
    var short: String { "\(task.short):\(attempt)" }
}

extension CommitReceipt.Outcome {
    var summary: String {
        switch self {
        case .committed: "stored"
        case .conflict: "CONFLICT"
        case .fenceLost(let tasks): "FENCE LOST \(tasks.map(\.short))"
        case .keyTaken(let instance): "KEY TAKEN by \(instance.short)"
        case .uniqueKeyTaken(let instance): "UNIQUE KEY TAKEN by \(instance.short)"
        case .consumed(let entries): "CONSUMED \(entries)"
        }
    }
}

extension LeaseMark.Change {
    var summary: String {
        switch self {
        case .queued: "queued"
        case .started: "started"
        case .heartbeat: "alive"
        case .released: "released"
        }
    }
}

extension Event {
    /// In a word or two; nil for what says nothing in a story.
    var summary: String? {
        switch self {
        case .instanceStarted(let start): "starts \(start.definition.process)"
        case .instanceEnded(let end): "ends \(end)"
        case .taskCreated(let task): "task \(task.task) of \(task.contract)"
        case .taskCompleted(let task): "task \(task) done"
        case .taskFailed(let failed):
            "task \(failed.task) failed (\(failed.message)), \(failed.retriesLeft) retries left"
        case .taskErrorThrown(let task, let code, _): "task \(task) error \(code)"
        case .taskCanceled(let task): "task \(task) canceled"
        case .taskRetried(let task, _, _): "task \(task) retried"
        case .timerScheduled(let timer, _, _, _): "timer \(timer)"
        case .timerFired(let timer): "timer \(timer) fired"
        case .timerCanceled(let timer): "timer \(timer) canceled"
        case .incidentRaised(let incident): "incident \(incident.number): \(incident.message)"
        case .incidentResolved(let incident): "incident \(incident) resolved"
        case .userTask: "user task"
        case .subscription: "subscription"
        case .call: "call"
        case .thrown: "throws"
        case .suspended: "suspended"
        case .resumed: "resumed"
        case .migrated: "migrated"
        case .activityEntered, .activityCompleted, .activityCanceled, .flowTaken, .tokenArrived, .tokensJoined,
            .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped, .taskEventRecorded, .errorCaught,
            .loop, .compensation, .savePointReached, .decisionEvaluated, .held:
            nil
        }
    }
}

extension TaskReport.Content {
    var summary: String {
        switch self {
        case .started: "started"
        case .progress: "alive"
        case .event(let name, _): "event \(name)"
        case .completed: "completed"
        case .failed(let failure): "failed (\(failure.message))"
        case .error(let error): "error \(error.code)"
        case .released: "released"
        case .expired: "expired"
        case .unroutable: "unroutable"
        }
    }
}

extension Transition {
    /// With leases of this length for the tasks that it hands over.
    func leased(until: Timestamp) -> Transition {
        var transition = self
        for place in transition.tasks.indices {
            guard case .create(var task) = transition.tasks[place] else { continue }
            task.lease?.until = until
            transition.tasks[place] = .create(task)
        }
        return transition
    }
}

extension LeaseMark {
    func extended(to until: Timestamp) -> LeaseMark {
        var mark = self
        switch change {
        case .queued: mark.change = .queued(until: until)
        case .started(let at, _): mark.change = .started(at: at, until: until)
        case .heartbeat(_, let progress, let message):
            mark.change = .heartbeat(until: until, progress: progress, message: message)
        case .released: break
        }
        return mark
    }
}
