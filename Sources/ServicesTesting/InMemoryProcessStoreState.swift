import Delivery
import ProcessEngine
import Services
import Values

/// All that an `InMemoryProcessStore` holds, as one value.
struct InMemoryProcessState {
    struct StoredTask {
        var row: TaskRow
        var definition: DefinitionID
        var businessKey: String?
        var input: [UInt8]
        /// Grows with creation.
        var order: Int

        /// An attempt is out as long as it has a lease.
        var isOut: Bool { row.leaseUntil != nil }

        func isHeld(by attempt: Int, _ token: String) -> Bool { row.attempt == attempt && row.token == token }

        /// The attempt is over or given back. Without `keepToken` nothing of it counts any more.
        mutating func end(_ phase: TaskPhase, keepToken: Bool) {
            row.phase = phase
            row.leaseUntil = nil
            row.owner = nil
            row.startedAt = nil
            row.progress = nil
            row.progressMessage = nil
            if !keepToken { row.token = nil }
        }
    }

    struct TimerID: Hashable {
        var instance: InstanceID
        var number: Int
    }

    var journal: [JournalRow] = []
    /// Where the rows of an instance stand in `journal`, by seq.
    var rows: [InstanceID: [Int]] = [:]
    var startKeys: [String: InstanceID] = [:]
    var tasks: [TaskID: StoredTask] = [:]
    var timers: [TimerID: Timestamp] = [:]
    var outbox: [OutboxMessage] = []
    var subscriptions: [TaskID: NewSubscription] = [:]
    var inbox: [InboxEntry] = []
    var messageKeys: Set<String> = []
    private var lastMessage: Int64 = 0
    private var lastEntry: Int64 = 0
    private var lastTask = 0

    mutating func commit(_ transitions: [Transition], _ marks: [LeaseMark]) throws(StoreError) -> CommitReceipt {
        for transition in transitions { try check(transition) }
        var receipt = CommitReceipt(outcomes: [], markOutcomes: [])
        for transition in transitions {
            if let refusal = refusal(of: transition) {
                receipt.outcomes.append(refusal)
            } else {
                receipt.outcomes.append(.committed(position: store(transition)))
            }
        }
        // After the transitions: a result counts even if the same batch gives the task back.
        for mark in marks { receipt.markOutcomes.append(apply(mark)) }
        return receipt
    }

    /// Before anything changes: a batch that throws leaves nothing behind.
    private func check(_ transition: Transition) throws(StoreError) {
        for case .create(let task) in transition.tasks {
            guard task.inputRange.lowerBound >= 0, task.inputRange.upperBound <= transition.events.count else {
                throw StoreError(
                    .misuse, "the input of task \(transition.instance).\(task.number) is not inside its events")
            }
        }
    }

    private func refusal(of transition: Transition) -> CommitReceipt.Outcome? {
        if let key = transition.startKey, let instance = startKeys[key] { return .keyTaken(instance) }
        guard transition.seq == (rows[transition.instance]?.count ?? 0) + 1 else { return .conflict }
        let lost = transition.fences.filter { !holds($0) }
        guard lost.isEmpty else { return .fenceLost(lost.map(\.task)) }
        let gone = transition.consumes.filter { id in !inbox.contains { $0.id == id } }
        return gone.isEmpty ? nil : .consumed(gone)
    }

    private func holds(_ fence: Fence) -> Bool {
        guard let task = tasks[fence.task], task.isHeld(by: fence.attempt, fence.token) else { return false }
        if fence.mustBeOut, !task.isOut { return false }
        guard let time = fence.expiredAt else { return true }
        return task.row.leaseUntil.map { $0 <= time } ?? false
    }

    private mutating func store(_ transition: Transition) -> Int64 {
        let position = Int64(journal.count + 1)
        journal.append(
            JournalRow(
                instance: transition.instance, seq: transition.seq, position: position, at: transition.at,
                events: transition.events))
        rows[transition.instance, default: []].append(journal.count - 1)
        if let key = transition.startKey { startKeys[key] = transition.instance }
        for change in transition.tasks { store(change, of: transition) }
        for change in transition.timers {
            switch change {
            case .schedule(let number, let dueAt):
                timers[TimerID(instance: transition.instance, number: number)] = dueAt
            case .remove(let number): timers[TimerID(instance: transition.instance, number: number)] = nil
            }
        }
        for content in transition.outbox {
            lastMessage += 1
            outbox.append(OutboxMessage(id: lastMessage, content: content))
        }
        for change in transition.subscriptions {
            switch change {
            case .open(let new): subscriptions[TaskID(instance: transition.instance, number: new.number)] = new
            case .close(let number): subscriptions[TaskID(instance: transition.instance, number: number)] = nil
            }
        }
        inbox.removeAll { transition.consumes.contains($0.id) }
        for entry in transition.inbox { add(entry) }
        return position
    }

    mutating func add(_ entry: InboxEntry.Content) {
        lastEntry += 1
        inbox.append(InboxEntry(id: lastEntry, content: entry))
    }

    private mutating func store(_ change: TaskChange, of transition: Transition) {
        switch change {
        case .create(let task):
            create(task, of: transition)
        case .remove(let number):
            tasks[TaskID(instance: transition.instance, number: number)] = nil
        case .reschedule(let number, let retries, let dueAt, let error, let keepToken):
            update(TaskID(instance: transition.instance, number: number)) { task in
                task.end(.waiting, keepToken: keepToken)
                task.row.retries = retries
                task.row.availableAt = dueAt
                task.row.error = error
            }
        case .suspend(let number, let retries, let error, let keepToken):
            update(TaskID(instance: transition.instance, number: number)) { task in
                task.end(.suspended, keepToken: keepToken)
                task.row.retries = retries
                task.row.error = error
            }
        }
    }

    private mutating func create(_ task: NewTask, of transition: Transition) {
        let id = TaskID(instance: transition.instance, number: task.number)
        precondition(tasks[id] == nil, "the engine gives each task of an instance a number of its own")
        lastTask += 1
        tasks[id] = StoredTask(
            row: TaskRow(
                id: id, element: task.element, contract: task.contract,
                phase: task.lease == nil ? .waiting : .dispatched,
                priority: task.priority, retries: task.retries, attempt: task.lease?.attempt ?? 0,
                token: task.lease?.token,
                availableAt: task.availableAt, leaseUntil: task.lease?.until, startedAt: nil, progress: nil,
                progressMessage: nil, error: nil, owner: task.lease?.owner),
            definition: task.definition, businessKey: task.businessKey,
            input: Array(transition.events[task.inputRange]),
            order: lastTask)
    }

    private mutating func apply(_ mark: LeaseMark) -> Bool {
        guard let task = tasks[mark.task], task.isHeld(by: mark.attempt, mark.token), task.isOut else { return false }
        update(mark.task) { task in
            switch mark.change {
            case .queued(let until):
                guard task.row.phase == .dispatched else { return }
                task.row.phase = .queued
                task.row.leaseUntil = until
            case .started(let at, let until):
                task.row.phase = .running
                task.row.startedAt = at
                task.row.leaseUntil = until
            case .heartbeat(let until, let progress, let message):
                task.row.phase = .running
                task.row.leaseUntil = task.row.leaseUntil.map { max($0, until) } ?? until
                task.row.progress = progress ?? task.row.progress
                task.row.progressMessage = message ?? task.row.progressMessage
            case .released(let dueAt):
                task.end(.waiting, keepToken: false)
                task.row.availableAt = dueAt
            }
        }
        return true
    }

    private mutating func update(_ id: TaskID, _ change: (inout StoredTask) -> Void) {
        guard var task = tasks[id] else { return }
        change(&task)
        tasks[id] = task
    }
}
