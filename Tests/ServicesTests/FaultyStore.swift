import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// A process store that breaks when a test says so, and tells what was asked of it.
final class FaultyStore: ProcessStore {
    enum Fault: Sendable {
        /// Nothing is stored, and the caller is told so.
        case before
        /// All is stored, and the caller hears of a failure.
        case after
        /// The store does not take it, whatever is done.
        case refused
    }

    private struct State {
        var faults: [Fault] = []
        var damaged: Set<InstanceID> = []
        var refused: Set<InstanceID> = []
        var isAway = false
        var transitions: [Int] = []
        var marks: [LeaseMark] = []
        var claims = 0
        var looks = 0
        var readings = 0
        var afterClaim: (@Sendable () async throws -> Void)?
        var beforeCommit: (@Sendable () async throws -> Void)?
        var afterJournal: (@Sendable () async throws -> Void)?
        var afterLook: (@Sendable () async throws -> Void)?
    }

    let inner: any ProcessStore
    private let state = Mutex(State())

    init(_ inner: any ProcessStore = InMemoryProcessStore()) {
        self.inner = inner
    }

    /// The next commits fail, in this order.
    func fail(_ faults: Fault...) { state.withLock { $0.faults += faults } }
    /// The journal of the instance cannot be read.
    func damage(_ instance: InstanceID) { state.withLock { _ = $0.damaged.insert(instance) } }
    /// A commit with a row of the instance fails as a whole.
    func refuse(_ instance: InstanceID) { state.withLock { _ = $0.refused.insert(instance) } }
    /// Everything fails until it is back.
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }
    /// Happens once, between the next claim and its answer.
    func afterNextClaim(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.afterClaim = body }
    }
    /// Happens once, before the next commit.
    func beforeNextCommit(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.beforeCommit = body }
    }
    /// Happens once, between the next reading of an instance and its answer.
    func afterNextReading(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.afterJournal = body }
    }

    /// Happens once, between the next look for due timers and its answer.
    func afterNextLook(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.afterLook = body }
    }

    /// How many transitions each commit had.
    var transitionCounts: [Int] { state.withLock(\.transitions) }
    /// Every mark that was committed.
    var marks: [LeaseMark] { state.withLock(\.marks) }
    var claimCount: Int { state.withLock(\.claims) }
    /// How often the journal of an instance was read.
    var readingCount: Int { state.withLock(\.readings) }
    /// How often somebody looked for due timers.
    var lookCount: Int { state.withLock(\.looks) }

    private func requirePresence() throws {
        if state.withLock(\.isAway) { throw StoreError(.unavailable, "the store is away") }
    }

    func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        try requirePresence()
        if state.withLock({ $0.damaged.contains(instance) }) { throw StoreError(.corrupt, "the journal is damaged") }
        state.withLock { $0.readings += 1 }
        let rows = try await inner.journal(of: instance, after: seq)
        try await once(\.afterJournal)
        return rows
    }

    func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        try requirePresence()
        try await once(\.beforeCommit)
        let refused = state.withLock(\.refused)
        if transitions.contains(where: { refused.contains($0.instance) }) { throw StoreError(.misuse, "too large") }
        let fault = state.withLock { $0.faults.isEmpty ? nil : $0.faults.removeFirst() }
        if fault == .refused { throw StoreError(.misuse, "too large") }
        if fault == .before { throw StoreError(.unavailable, "failed before the commit") }
        let receipt = try await inner.commit(transitions, marks: marks)
        if fault == .after { throw StoreError(.unavailable, "failed after the commit") }
        state.withLock { state in
            state.transitions.append(transitions.count)
            state.marks += marks
        }
        return receipt
    }

    func claim(_ request: ClaimRequest) async throws -> [LeasedTask] {
        try requirePresence()
        state.withLock { $0.claims += 1 }
        let tasks = try await inner.claim(request)
        try await once(\.afterClaim)
        return tasks
    }

    private func once(_ hook: any WritableKeyPath<State, (@Sendable () async throws -> Void)?> & Sendable) async throws
    {
        let body = state.withLock { state in
            let body = state[keyPath: hook]
            state[keyPath: hook] = nil
            return body
        }
        try await body?()
    }

    func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        try requirePresence()
        return try await inner.overdueTasks(at: now, limit: limit)
    }
    func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        try requirePresence()
        state.withLock { $0.looks += 1 }
        let timers = try await inner.dueTimers(at: now, limit: limit)
        try await once(\.afterLook)
        return timers
    }
    func nextDue() async throws -> Timestamp? {
        try requirePresence()
        return try await inner.nextDue()
    }
    func backlog(at now: Timestamp) async throws -> [ContractBacklog] {
        try requirePresence()
        return try await inner.backlog(at: now)
    }
    func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        try requirePresence()
        return try await inner.journal(after: position, limit: limit)
    }
    func outbox(limit: Int) async throws -> [OutboxMessage] {
        try requirePresence()
        return try await inner.outbox(limit: limit)
    }
    func removeFromOutbox(_ ids: [Int64]) async throws {
        try requirePresence()
        try await inner.removeFromOutbox(ids)
    }
    func tasks(_ ids: [TaskID]) async throws -> [TaskRow] {
        try requirePresence()
        return try await inner.tasks(ids)
    }
    func instance(startedWith key: String) async throws -> InstanceID? {
        try requirePresence()
        return try await inner.instance(startedWith: key)
    }
    func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        try requirePresence()
        return try await inner.subscriptions(query)
    }
    func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        try requirePresence()
        return try await inner.inbox(at: now, limit: limit)
    }
    func awaitedEntries(limit: Int) async throws -> [InboxEntry] {
        try requirePresence()
        return try await inner.awaitedEntries(limit: limit)
    }
    func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        try requirePresence()
        return try await inner.post(entries, key: key)
    }
    func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        try requirePresence()
        return try await inner.redirect(entry, into: entries)
    }
}
