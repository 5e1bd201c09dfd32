import Delivery
import ProcessEngine
import Services
import Values

/// A task row inside a commit.
struct PlannedTask {
    var row: TaskRow
    /// Where it comes from, if this commit makes it.
    var creation: Creation?
    var isChanged = false

    struct Creation {
        var task: NewTask
        var position: Int64
        /// Grows in the order of creation.
        var order: Int
    }

    /// An attempt is out as long as it has a lease.
    var isOut: Bool { row.leaseUntil != nil }

    func isHeld(by attempt: Int, _ token: String) -> Bool { row.attempt == attempt && row.token == token }

    /// The attempt is over or given back. Without `keepToken` nothing of it counts any more.
    mutating func end(_ phase: TaskPhase, keepToken: Bool) {
        row.phase = phase
        row.leaseUntil = nil
        row.startedAt = nil
        row.progress = nil
        row.progressMessage = nil
        row.owner = nil
        if !keepToken { row.token = nil }
    }
}

/// What a commit leads to: decided in memory over what is locked, so that the order inside a batch costs no round trip.
struct CommitPlan {
    private(set) var locked: CommitReading.Locked
    private(set) var tasks: [TaskID: PlannedTask]
    private(set) var removed: Set<TaskID> = []
    private(set) var timers: [TaskID: Timestamp?] = [:]
    private(set) var outbox: [OutboxMessage.Content] = []
    private(set) var subscriptions: [TaskID: NewSubscription?] = [:]
    private(set) var consumed: Set<Int64> = []
    private(set) var inbox: [InboxEntry.Content] = []
    /// The journal row that stands for each key, and the transition that won it, if another one of the batch did.
    private(set) var winners: [Int] = []
    private var keys: [String: InstanceID]
    private var created = 0

    init(_ locked: CommitReading.Locked) {
        self.locked = locked
        tasks = locked.tasks
        // Those that are ours count only once their transition is stored.
        keys = locked.keys.filter { !locked.ownKeys.contains($0.key) }
    }

    /// Start keys of this commit that name an instance.
    var ownKeys: [String: InstanceID] { keys.filter { locked.ownKeys.contains($0.key) } }

    /// Transitions come before marks: a result counts even if the same batch gives the task back.
    mutating func decide(_ transitions: [Transition], _ marks: [LeaseMark]) -> CommitReceipt {
        var receipt = CommitReceipt(outcomes: [], markOutcomes: [])
        /// Journal keys that we hold: the transition whose row was inserted.
        var held: [TaskID: Int] = [:]
        for place in locked.inserted {
            held[TaskID(instance: transitions[place].instance, number: transitions[place].seq)] = place
        }
        for (place, transition) in transitions.enumerated() {
            let key = TaskID(instance: transition.instance, number: transition.seq)
            if let refusal = refusal(of: transition, isHeld: held[key] != nil) {
                receipt.outcomes.append(refusal)
            } else {
                held[key] = nil
                winners.append(place)
                let position = locked.firstPosition + Int64(place) + 1
                store(transition, at: position)
                receipt.outcomes.append(.committed(position: position))
            }
        }
        for mark in marks { receipt.markOutcomes.append(apply(mark)) }
        return receipt
    }

    private func refusal(of transition: Transition, isHeld: Bool) -> CommitReceipt.Outcome? {
        if let key = transition.startKey, let instance = keys[key] { return .keyTaken(instance) }
        guard isHeld, transition.seq == locked.lastSeqs[transition.instance, default: 0] + 1 else { return .conflict }
        let lost = transition.fences.filter { !holds($0) }
        guard lost.isEmpty else { return .fenceLost(lost.map(\.task)) }
        let gone = transition.consumes.filter { !locked.entries.contains($0) }
        return gone.isEmpty ? nil : .consumed(gone)
    }

    private func holds(_ fence: Fence) -> Bool {
        guard let task = tasks[fence.task], task.isHeld(by: fence.attempt, fence.token) else { return false }
        if fence.mustBeOut, !task.isOut { return false }
        guard let time = fence.expiredAt else { return true }
        return task.row.leaseUntil.map { $0 <= time } ?? false
    }

    private mutating func store(_ transition: Transition, at position: Int64) {
        locked.lastSeqs[transition.instance] = transition.seq
        if let key = transition.startKey { keys[key] = transition.instance }
        for change in transition.tasks { store(change, of: transition, at: position) }
        for change in transition.timers {
            switch change {
            case .schedule(let number, let dueAt):
                timers[TaskID(instance: transition.instance, number: number)] = .some(dueAt)
            case .remove(let number):
                timers[TaskID(instance: transition.instance, number: number)] = .some(nil)
            }
        }
        outbox += transition.outbox
        for change in transition.subscriptions {
            switch change {
            case .open(let new):
                subscriptions[TaskID(instance: transition.instance, number: new.number)] = .some(new)
            case .close(let number):
                subscriptions[TaskID(instance: transition.instance, number: number)] = .some(nil)
            }
        }
        locked.entries.subtract(transition.consumes)
        consumed.formUnion(transition.consumes)
        inbox += transition.inbox
    }

    private mutating func store(_ change: TaskChange, of transition: Transition, at position: Int64) {
        switch change {
        case .create(let task):
            create(task, of: transition, at: position)
        case .remove(let number):
            let id = TaskID(instance: transition.instance, number: number)
            if let task = tasks.removeValue(forKey: id), task.creation == nil { removed.insert(id) }
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

    private mutating func create(_ task: NewTask, of transition: Transition, at position: Int64) {
        let id = TaskID(instance: transition.instance, number: task.number)
        created += 1
        let row = TaskRow(
            id: id, element: task.element, contract: task.contract, phase: task.lease == nil ? .waiting : .dispatched,
            priority: task.priority, retries: task.retries, attempt: task.lease?.attempt ?? 0, token: task.lease?.token,
            availableAt: task.availableAt, leaseUntil: task.lease?.until, startedAt: nil, progress: nil,
            progressMessage: nil, error: nil, owner: task.lease?.owner)
        tasks[id] = PlannedTask(
            row: row,
            creation: PlannedTask.Creation(task: task, position: position, order: created))
    }

    private mutating func apply(_ mark: LeaseMark) -> Bool {
        guard let task = tasks[mark.task], task.isHeld(by: mark.attempt, mark.token), task.isOut else { return false }
        switch mark.change {
        case .queued(let until):
            guard task.row.phase == .dispatched else { return true }
            update(mark.task) { task in
                task.row.phase = .queued
                task.row.leaseUntil = until
            }
        case .started(let at, let until):
            update(mark.task) { task in
                task.row.phase = .running
                task.row.startedAt = at
                task.row.leaseUntil = until
            }
        case .heartbeat(let until, let progress, let message):
            update(mark.task) { task in
                task.row.phase = .running
                task.row.leaseUntil = task.row.leaseUntil.map { max($0, until) } ?? until
                task.row.progress = progress ?? task.row.progress
                task.row.progressMessage = message ?? task.row.progressMessage
            }
        case .released(let dueAt):
            update(mark.task) { task in
                task.end(.waiting, keepToken: false)
                task.row.availableAt = dueAt
            }
        }
        return true
    }

    private mutating func update(_ id: TaskID, _ change: (inout PlannedTask) -> Void) {
        guard var task = tasks[id] else { return }
        change(&task)
        task.isChanged = true
        tasks[id] = task
    }
}
