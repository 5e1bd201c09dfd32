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
        var correlationID: String?
        var runAs: String?
        var input: [UInt8]
        /// Grows with creation.
        var order: Int
    }

    struct TimerID: Hashable {
        var instance: InstanceID
        var number: Int
    }

    var journal: [JournalRow] = []
    /// Where the rows of an instance stand in `journal`, by seq.
    var rows: [InstanceID: [Int]] = [:]
    /// Positions of rows that are gone.
    var removed: Set<Int64> = []
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
        if let key = transition.uniqueKey, let instance = startKeys[key] { return .uniqueKeyTaken(instance) }
        let last = rows[transition.instance]?.last.map { journal[$0].seq } ?? 0
        guard transition.seq == last + 1 else { return .conflict }
        let lost = transition.fences.filter { !holds($0) }
        guard lost.isEmpty else { return .fenceLost(lost.map(\.task)) }
        let gone = transition.consumes.filter { id in !inbox.contains { $0.id == id } }
        return gone.isEmpty ? nil : .consumed(gone)
    }

    private func holds(_ fence: Fence) -> Bool {
        tasks[fence.task]?.row.holds(fence) ?? false
    }

    private mutating func store(_ transition: Transition) -> Int64 {
        let position = Int64(journal.count + 1)
        journal.append(
            JournalRow(
                instance: transition.instance, seq: transition.seq, position: position, at: transition.at,
                events: transition.events))
        rows[transition.instance, default: []].append(journal.count - 1)
        if let key = transition.startKey { startKeys[key] = transition.instance }
        if let key = transition.uniqueKey { startKeys[key] = transition.instance }
        if let key = transition.freesKey { startKeys[key] = nil }
        if let moves = transition.moves { apply(moves, to: transition.instance) }
        for change in transition.tasks { store(change, of: transition) }
        if let pauses = transition.pauses {
            for id in tasks.keys where id.instance == transition.instance { tasks[id]?.row.isPaused = pauses }
        }
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

    /// Removes the oldest rows of an instance, at most so many; with the last of them, what else there is of it.
    mutating func remove(_ instance: InstanceID, rows limit: Int) {
        let places = rows[instance] ?? []
        for place in places.prefix(limit) { removed.insert(journal[place].position) }
        rows[instance] = Array(places.dropFirst(limit))
        guard rows[instance]?.isEmpty ?? true else { return }
        rows[instance] = nil
        startKeys = startKeys.filter { $0.value != instance }
        tasks = tasks.filter { $0.key.instance != instance }
        timers = timers.filter { $0.key.instance != instance }
        subscriptions = subscriptions.filter { $0.key.instance != instance }
    }

    private mutating func apply(_ moves: VersionMove, to instance: InstanceID) {
        for place in moves.tasks {
            tasks[TaskID(instance: instance, number: place.number)]?.row.element = place.element
            tasks[TaskID(instance: instance, number: place.number)]?.definition = moves.definition
        }
        for place in moves.subscriptions {
            subscriptions[TaskID(instance: instance, number: place.number)]?.element = place.element
            subscriptions[TaskID(instance: instance, number: place.number)]?.definition = moves.definition
        }
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
            tasks[TaskID(instance: transition.instance, number: number)]?.row
                .reschedule(retries: retries, dueAt: dueAt, error: error, keepToken: keepToken)
        case .suspend(let number, let retries, let error, let keepToken):
            tasks[TaskID(instance: transition.instance, number: number)]?.row
                .suspend(retries: retries, error: error, keepToken: keepToken)
        }
    }

    private mutating func create(_ task: NewTask, of transition: Transition) {
        let id = TaskID(instance: transition.instance, number: task.number)
        precondition(tasks[id] == nil, "the engine gives each task of an instance a number of its own")
        lastTask += 1
        tasks[id] = StoredTask(
            row: TaskRow(task, of: transition.instance),
            definition: task.definition, businessKey: task.businessKey, correlationID: task.correlationID,
            runAs: task.runAs, input: Array(transition.events[task.inputRange]),
            order: lastTask)
    }

    private mutating func apply(_ mark: LeaseMark) -> Bool {
        tasks[mark.task]?.row.apply(mark) ?? false
    }
}
