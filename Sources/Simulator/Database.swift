import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// The store that all servers of a world share, as PostgreSQL is: the reference store, and what a server makes of time. A transaction
/// gets its number when it begins and can be seen when it is committed, so that rows may appear behind others that are later.
final class Database: Sendable {
    private struct State {
        var lastTransaction: Int64 = 0
        /// Transactions on their way, in the order of their numbers.
        var open: [Int64] = []
        /// What readers see, by position.
        var rows: [JournalRow] = []
        /// The position of each row of the reference store, in its order.
        var positions: [Int64] = []
        var isAway = false
        var isFull = false
        var outboxCount = 0
        var listeners: [@Sendable () -> Void] = []
    }

    let inner = InMemoryProcessStore()
    let index: InMemoryIndexStore
    let deployments = InMemoryDeploymentStore()
    private let without: Protection?
    private let observer: Observer
    private let state = Mutex(State())

    init(without: Protection?, observer: Observer) {
        self.without = without
        self.observer = observer
        index = InMemoryIndexStore(live: inner)
    }

    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    func requirePresence(writing: Bool) throws(StoreError) {
        let (isAway, isFull) = state.withLock { ($0.isAway, $0.isFull) }
        if isAway { throw StoreError(.unavailable, "the store is away") }
        if isFull, writing { throw StoreError(.full, "the disk is full") }
    }

    /// Everything, as it was committed.
    var journal: [JournalRow] {
        get async throws { try await inner.journal(after: 0, limit: .max) }
    }

    var lastPosition: Int64 { state.withLock { $0.rows.last?.position ?? 0 } }
    var rowCount: Int { state.withLock(\.rows.count) }

    /// How many messages instances ever sent; the store numbers them from 1.
    var outboxCount: Int { state.withLock(\.outboxCount) }

    /// Whom to tell that something was committed.
    func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listeners.append(listener) } }

    /// As NOTIFY does, those too who did it.
    func tellListeners() { for listener in state.withLock(\.listeners) { listener() } }

    // MARK: Transactions

    func begin() -> Int64 {
        state.withLock { state in
            state.lastTransaction += 1
            state.open.append(state.lastTransaction)
            return state.lastTransaction
        }
    }

    /// It was committed, or is no more.
    func end(_ transaction: Int64) {
        state.withLock { state in state.open.removeAll { $0 == transaction } }
    }

    func commit(
        _ transitions: [Transition], marks: [LeaseMark], in transaction: Int64
    ) async throws -> CommitReceipt {
        var receipt = try await committed(transitions, marks)
        for (place, outcome) in receipt.outcomes.enumerated() {
            guard case .committed(let position) = outcome else { continue }
            state.withLock { $0.outboxCount += transitions[place].outbox.count }
            for change in transitions[place].tasks { note(change, of: transitions[place].instance) }
            guard let row = try await inner.journal(after: position - 1, limit: 1).first else { continue }
            receipt.outcomes[place] = .committed(position: show(row, at: transaction << 16 | Int64(place)))
        }
        for (mark, isApplied) in zip(marks, receipt.markOutcomes) where isApplied {
            observer.marked(mark)
        }
        return receipt
    }

    private func committed(_ transitions: [Transition], _ marks: [LeaseMark]) async throws -> CommitReceipt {
        var receipt = try await inner.commit(transitions, marks: marks)
        for (place, outcome) in receipt.outcomes.enumerated() {
            switch outcome {
            case .conflict where without == .sequence:
                receipt.outcomes[place] = try await commitAnyway(transitions[place])
            case .consumed(let gone) where without == .inbox:
                var transition = transitions[place]
                transition.consumes.removeAll { gone.contains($0) }
                receipt.outcomes[place] = try await inner.commit([transition], marks: []).outcomes[0]
            case .committed, .conflict, .fenceLost, .keyTaken, .uniqueKeyTaken, .consumed: break
            }
        }
        return receipt
    }

    /// As if the sequence had been right.
    private func commitAnyway(_ decided: Transition) async throws -> CommitReceipt.Outcome {
        var transition = decided
        transition.seq = (try await inner.journal(of: decided.instance, after: 0).last?.seq ?? 0) + 1
        transition.tasks = []
        for change in decided.tasks {
            if case .create(let task) = change,
                try await !inner.tasks([TaskID(instance: decided.instance, number: task.number)]).isEmpty
            {
                continue
            }
            transition.tasks.append(change)
        }
        return try await inner.commit([transition], marks: []).outcomes[0]
    }

    private func note(_ change: TaskChange, of instance: InstanceID) {
        switch change {
        case .create(let task):
            guard let lease = task.lease else { return }
            let id = TaskID(instance: instance, number: task.number)
            observer.leased(AttemptID(task: id, attempt: lease.attempt, token: lease.token))
        case .remove(let number): observer.taskEnded(TaskID(instance: instance, number: number))
        case .reschedule(let number, _, _, _, _), .suspend(let number, _, _, _):
            observer.attemptEnded(TaskID(instance: instance, number: number))
        }
    }

    /// Lets readers see a row, at a position that is its own.
    private func show(_ row: JournalRow, at position: Int64) -> Int64 {
        var row = row
        row.position = position
        state.withLock { state in
            state.positions.append(position)
            let place = state.rows.lastIndex { $0.position < position }.map { $0 + 1 } ?? 0
            state.rows.insert(row, at: place)
        }
        return position
    }

    func journal(after position: Int64, limit: Int) -> [JournalRow] {
        state.withLock { state in
            let horizon = without == .snapshotHorizon ? Int64.max : state.open.first.map { $0 << 16 } ?? .max
            var place = state.rows.endIndex
            while place > 0, state.rows[place - 1].position > position { place -= 1 }
            return Array(state.rows[place...].prefix(limit).prefix { $0.position < horizon })
        }
    }
}
