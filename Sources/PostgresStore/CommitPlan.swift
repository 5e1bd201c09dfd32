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
    /// The version of the process that its instance goes on in.
    var movedTo: DefinitionID?

    struct Creation {
        var task: NewTask
        var position: Int64
        /// Grows in the order of creation.
        var order: Int
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
    /// Those of earlier commits that go on in another version of the process.
    private(set) var movedSubscriptions: [TaskID: (element: ElementID, definition: DefinitionID)] = [:]
    private(set) var consumed: Set<Int64> = []
    private(set) var inbox: [InboxEntry.Content] = []
    /// The journal row that stands for each key, and the transition that won it, if another one of the batch did.
    private(set) var winners: [Int] = []
    private var keys: [String: InstanceID]
    /// Unique keys of earlier commits that are given back.
    private(set) var freedKeys: Set<String> = []
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
        if let key = transition.uniqueKey {
            if let instance = keys[key] { return .uniqueKeyTaken(instance) }
            // Neither ours nor anybody's: it was given back while we looked, or in this batch. It is free the next time.
            if !locked.ownKeys.contains(key) { return .conflict }
        }
        guard isHeld, transition.seq == locked.lastSeqs[transition.instance, default: 0] + 1 else { return .conflict }
        let lost = transition.fences.filter { !holds($0) }
        guard lost.isEmpty else { return .fenceLost(lost.map(\.task)) }
        let gone = transition.consumes.filter { !locked.entries.contains($0) }
        return gone.isEmpty ? nil : .consumed(gone)
    }

    private func holds(_ fence: Fence) -> Bool {
        tasks[fence.task]?.row.holds(fence) ?? false
    }

    private mutating func store(_ transition: Transition, at position: Int64) {
        locked.lastSeqs[transition.instance] = transition.seq
        if let key = transition.startKey { keys[key] = transition.instance }
        if let key = transition.uniqueKey { keys[key] = transition.instance }
        if let key = transition.freesKey {
            keys[key] = nil
            if !locked.ownKeys.contains(key) { freedKeys.insert(key) }
        }
        if let moves = transition.moves { apply(moves, to: transition.instance) }
        for change in transition.tasks { store(change, of: transition, at: position) }
        if let pauses = transition.pauses {
            for id in tasks.keys where id.instance == transition.instance { update(id) { $0.isPaused = pauses } }
        }
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

    private mutating func apply(_ moves: VersionMove, to instance: InstanceID) {
        for place in moves.tasks {
            let id = TaskID(instance: instance, number: place.number)
            guard var task = tasks[id] else { continue }
            task.row.element = place.element
            task.movedTo = moves.definition
            task.creation?.task.definition = moves.definition
            tasks[id] = task
        }
        for place in moves.subscriptions {
            let id = TaskID(instance: instance, number: place.number)
            if case .some(.some(var new)) = subscriptions[id] {
                new.element = place.element
                new.definition = moves.definition
                subscriptions[id] = .some(new)
            } else {
                movedSubscriptions[id] = (place.element, moves.definition)
            }
        }
    }

    private mutating func store(_ change: TaskChange, of transition: Transition, at position: Int64) {
        switch change {
        case .create(let task):
            create(task, of: transition, at: position)
        case .remove(let number):
            let id = TaskID(instance: transition.instance, number: number)
            if let task = tasks.removeValue(forKey: id), task.creation == nil { removed.insert(id) }
        case .reschedule(let number, let retries, let dueAt, let error, let keepToken):
            update(TaskID(instance: transition.instance, number: number)) {
                $0.reschedule(retries: retries, dueAt: dueAt, error: error, keepToken: keepToken)
            }
        case .suspend(let number, let retries, let error, let keepToken):
            update(TaskID(instance: transition.instance, number: number)) {
                $0.suspend(retries: retries, error: error, keepToken: keepToken)
            }
        }
    }

    private mutating func create(_ task: NewTask, of transition: Transition, at position: Int64) {
        let id = TaskID(instance: transition.instance, number: task.number)
        created += 1
        tasks[id] = PlannedTask(
            row: TaskRow(task, of: transition.instance),
            creation: PlannedTask.Creation(task: task, position: position, order: created))
    }

    private mutating func apply(_ mark: LeaseMark) -> Bool {
        guard var task = tasks[mark.task] else { return false }
        let before = task.row
        guard task.row.apply(mark) else { return false }
        if task.row != before { task.isChanged = true }
        tasks[mark.task] = task
        return true
    }

    private mutating func update(_ id: TaskID, _ change: (inout TaskRow) -> Void) {
        guard var task = tasks[id] else { return }
        change(&task.row)
        task.isChanged = true
        tasks[id] = task
    }
}
