import OrderedCollections
import ProcessEngine
import Values

extension Transition {
    /// The rows that events cause here: tasks, timers, messages to agents; `deriveEffects` has what they cause elsewhere. Returns the inputs of the tasks created, by number.
    ///
    /// `before` is the instance before the events, `after` is it after them; `lost` are the tasks whose failure came from the reaper: a late result of the
    /// lost attempt still counts until the next one begins.
    mutating func derive(
        from events: [Event], inputRanges: [Int: Range<Int>], before: ProcessInstance, after: ProcessInstance,
        definition: DefinitionID, lost: Set<Int>
    ) -> [Int: JSON] {
        var changes: OrderedDictionary<Int, TaskChange> = [:]
        var created: [Int: JSON] = [:]
        var contracts: [Int: ContractKey] = [:]
        var businessKey = before.businessKey
        let labels = after.labels
        var isMigrated = false
        for event in events {
            switch event {
            case .instanceStarted(let start): businessKey = start.businessKey
            case .taskCreated(let task):
                contracts[task.task] = task.contract
                created[task.task] = task.input
                var new = NewTask(
                    number: task.task, element: task.element, contract: task.contract, priority: task.priority,
                    retries: task.retries, availableAt: at, definition: definition, businessKey: businessKey,
                    inputRange: inputRanges[task.task] ?? 0..<0)
                new.correlationID = labels.correlationID
                new.runAs = labels.runAs
                changes[task.task] = .create(new)
            case .taskCompleted(let task), .taskErrorThrown(let task, _, _):
                remove(task, from: &changes, &created)
            case .taskCanceled(let task):
                remove(task, from: &changes, &created)
                if let contract = before.task(task)?.contract {
                    outbox.append(.cancel(TaskID(instance: instance, number: task), contract))
                }
            case .taskFailed(let failure):
                let keepToken = lost.contains(failure.task)
                changes[failure.task] =
                    failure.retriesLeft > 0
                    ? .reschedule(
                        number: failure.task, retries: failure.retriesLeft, dueAt: failure.dueAt,
                        error: failure.message, keepToken: keepToken)
                    : .suspend(number: failure.task, retries: 0, error: failure.message, keepToken: keepToken)
            case .taskRetried(let task, let retries, let dueAt):
                changes[task] = .reschedule(number: task, retries: retries, dueAt: dueAt, error: nil, keepToken: true)
            case .incidentRaised(let incident):
                if let task = incident.task, incident.kind != .taskFailed {
                    changes[task] = .suspend(
                        number: task, retries: before.task(task)?.retriesLeft ?? 0, error: incident.message,
                        keepToken: true)
                }
            case .timerScheduled(let timer, _, _, let dueAt): timers.append(.schedule(number: timer, dueAt: dueAt))
            case .timerFired(let timer), .timerCanceled(let timer):
                if let index = timers.firstIndex(where: { if case .schedule(timer, _) = $0 { true } else { false } }) {
                    timers.remove(at: index)
                } else {
                    timers.append(.remove(number: timer))
                }
            case .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken, .tokenArrived,
                .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .errorCaught, .incidentResolved,
                .taskEventRecorded,
                .outputKept, .outputMapped, .userTask, .loop, .compensation, .decisionEvaluated, .savePointReached,
                .suspended, .resumed, .held, .subscription, .call, .thrown:
                break
            case .migrated: isMigrated = true
            }
        }
        if isMigrated { move(from: before, to: after, &changes) }
        tasks = Array(changes.values)
        if before.isSuspended || after.isSuspended { deriveSuspension(from: before, to: after) }
        return created
    }

    /// The tasks of a suspended instance are paused, and it has no rows of timers: what falls due meanwhile is due when it goes on.
    private mutating func deriveSuspension(from before: ProcessInstance, to after: ProcessInstance) {
        if before.isSuspended != after.isSuspended, !after.isEnded { pauses = after.isSuspended }
        for index in tasks.indices {
            guard case .create(var task) = tasks[index] else { continue }
            task.isPaused = after.isSuspended
            tasks[index] = .create(task)
        }
        let had = before.isSuspended ? [] : before.openTimers
        let has = after.isSuspended ? [] : after.openTimers
        let known = Set(had.map(\.number))
        let kept = Set(has.map(\.number))
        timers = had.filter { !kept.contains($0.number) }.map { .remove(number: $0.number) }
        timers += has.filter { !known.contains($0.number) }.map { .schedule(number: $0.number, dueAt: $0.dueAt) }
    }

    /// Rows that are there, and tasks that this transition makes, are of another version from now on.
    private mutating func move(
        from before: ProcessInstance, to after: ProcessInstance, _ changes: inout OrderedDictionary<Int, TaskChange>
    ) {
        guard let definition = after.definition else { return }
        for (number, change) in changes {
            guard case .create(var task) = change, let moved = after.task(number) else { continue }
            task.element = moved.element
            changes[number] = .create(task)
        }
        moves = VersionMove(
            definition: definition,
            tasks: before.openTasks.compactMap { after.task($0.number) }.map {
                VersionMove.Place(number: $0.number, element: $0.element)
            },
            subscriptions: before.openSubscriptions.compactMap { after.subscription($0.number) }.map {
                VersionMove.Place(number: $0.number, element: $0.element)
            })
    }

    /// A task that began and ended in the same transition never gets a row.
    private func remove(
        _ task: Int, from changes: inout OrderedDictionary<Int, TaskChange>, _ created: inout [Int: JSON]
    ) {
        if created.removeValue(forKey: task) != nil {
            changes.removeValue(forKey: task)
        } else {
            changes[task] = .remove(number: task)
        }
    }
}

extension OutboxMessage.Content {
    /// Tells the agents of a contract that a task is not wanted any more. Correctness never depends on it.
    static func cancel(_ task: TaskID, _ contract: ContractKey) -> OutboxMessage.Content {
        let body = JSON.object([("task", .string(task.description))])
        return OutboxMessage.Content(
            exchange: "waybill.control", routingKey: "cancel.\(contract.name)", type: "cancel", body: body.bytes)
    }
}
