import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// What one life of a server has of the database: each call may fail, take long, be stored without the caller hearing of it, or
/// never be made because the server is dead.
final class StoreConnection: ProcessStore {
    enum CommitFault: Sendable {
        /// Nothing is stored, and the caller hears of a failure.
        case before
        /// All is stored, and the caller hears of a failure.
        case after
    }

    private struct State {
        var commitFaults: [CommitFault] = []
        var claimsToLose = 0
        var slowCommits = 0
        var slowness: Duration = .zero
    }

    let database: Database
    private let life: Life
    private let clock: TestClock
    private let random: SeededRandom
    private let observer: Observer
    private let story: Story
    private let without: Protection?
    private let state = Mutex(State())

    init(_ database: Database, life: Life, world: WorldParts, random: SeededRandom) {
        self.database = database
        self.life = life
        clock = world.scheduler.clock
        observer = world.observer
        story = world.story
        without = world.without
        self.random = random
    }

    func fail(_ fault: CommitFault) { state.withLock { $0.commitFaults.append(fault) } }
    func loseClaim() { state.withLock { $0.claimsToLose += 1 } }
    func slowDown(commits: Int, by duration: Duration) {
        state.withLock { state in
            state.slowCommits = commits
            state.slowness = duration
        }
    }

    private func enter(writing: Bool = false) throws(StoreError) {
        try life.requireLife()
        try database.requirePresence(writing: writing)
    }

    // MARK: Commits and claims

    func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        try enter(writing: true)
        let transaction = database.begin()
        defer { database.end(transaction) }
        try await pass(commitTime())
        try enter(writing: true)
        let fault = state.withLock { $0.commitFaults.isEmpty ? nil : $0.commitFaults.removeFirst() }
        if fault == .before { throw StoreError(.unavailable, "the transaction was rolled back") }
        let (transitions, marks) = weakened(transitions, marks)
        let receipt = try await database.commit(transitions, marks: marks, in: transaction)
        if story.isTold { tell(transitions, marks, receipt) }
        if !transitions.isEmpty { database.tellListeners() }
        if fault == .after {
            story.note(life.process.name, "does not hear that it was committed")
            throw StoreError(.unavailable, "the connection was lost in the commit")
        }
        // The answer is on its way while others go on; it may find the server dead.
        try await pass(random.chance(10) ? .milliseconds(1 + random.below(20)) : .zero)
        try life.requireLife()
        return receipt
    }

    private func commitTime() -> Duration {
        let slowness = state.withLock { state -> Duration? in
            guard state.slowCommits > 0 else { return nil }
            state.slowCommits -= 1
            return state.slowness
        }
        if let slowness { return slowness }
        return random.chance(30) ? .milliseconds(1 + random.below(10)) : .zero
    }

    private func pass(_ duration: Duration) async throws {
        if duration > .zero { try? await clock.sleep(for: duration) }
    }

    func claim(_ request: ClaimRequest) async throws -> [LeasedTask] {
        try enter(writing: true)
        var request = request
        if without == .reaper { request.leaseUntil = Self.never }
        let tasks = try await database.inner.claim(request)
        for task in tasks { observer.leased(task.attemptID) }
        if story.isTold, !tasks.isEmpty {
            story.note(life.process.name, "claims \(tasks.map { $0.attemptID.short }.joined(separator: ", "))")
        }
        let isLost =
            !tasks.isEmpty
            && state.withLock { state in
                defer { state.claimsToLose = max(0, state.claimsToLose - 1) }
                return state.claimsToLose > 0
            }
        if isLost {
            story.note(life.process.name, "does not hear of its claim")
            throw StoreError(.unavailable, "the connection was lost in the claim")
        }
        return tasks
    }

    // MARK: Without a protection

    private static let never = Timestamp(millisecondsSinceEpoch: 1 << 50)

    private func weakened(_ transitions: [Transition], _ marks: [LeaseMark]) -> ([Transition], [LeaseMark]) {
        switch without {
        case .fence: (transitions.map { transition in changed(transition) { $0.fences = [] } }, marks)
        case .startKey: (transitions.map { transition in changed(transition) { $0.startKey = nil } }, marks)
        case .reaper: (transitions.map { $0.leased(until: Self.never) }, marks.map { $0.extended(to: Self.never) })
        case .sequence, .inbox, .confirms, .mandatory, .deadLetters, .expiration, .ackAfterCommit, .ackAfterResult,
            .heartbeat,
            .selfFence, .agentMemory, .snapshotHorizon, .outbox, nil:
            (transitions, marks)
        }
    }

    private func changed(_ transition: Transition, _ change: (inout Transition) -> Void) -> Transition {
        var transition = transition
        change(&transition)
        return transition
    }

    // MARK: The rest

    func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        try enter()
        return try await database.inner.journal(of: instance, after: seq)
    }
    func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        try enter()
        return try await database.inner.overdueTasks(at: now, limit: limit)
    }
    func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        try enter()
        return try await database.inner.dueTimers(at: now, limit: limit)
    }
    func nextDue() async throws -> Timestamp? {
        try enter()
        return try await database.inner.nextDue()
    }
    func backlog(at now: Timestamp) async throws -> [ContractBacklog] {
        try enter()
        return try await database.inner.backlog(at: now)
    }
    func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        try enter()
        return database.journal(after: position, limit: limit)
    }
    func outbox(limit: Int) async throws -> [OutboxMessage] {
        try enter()
        let messages = try await database.inner.outbox(limit: limit)
        if without == .outbox { try await database.inner.removeFromOutbox(messages.map(\.id)) }
        return messages
    }
    func removeFromOutbox(_ ids: [Int64]) async throws {
        try enter(writing: true)
        try await database.inner.removeFromOutbox(ids)
    }
    func tasks(_ ids: [TaskID]) async throws -> [TaskRow] {
        try enter()
        return try await database.inner.tasks(ids)
    }
    func instance(startedWith key: String) async throws -> InstanceID? {
        try enter()
        return try await database.inner.instance(startedWith: key)
    }
    func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        try enter()
        return try await database.inner.subscriptions(query)
    }
    func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        try enter()
        return try await database.inner.inbox(at: now, limit: limit)
    }
    func awaitedEntries(limit: Int) async throws -> [InboxEntry] {
        try enter()
        return try await database.inner.awaitedEntries(limit: limit)
    }
    func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        try enter(writing: true)
        defer { database.tellListeners() }
        return try await database.inner.post(entries, key: key)
    }
    func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        try enter(writing: true)
        return try await database.inner.redirect(entry, into: entries)
    }

    private func tell(_ transitions: [Transition], _ marks: [LeaseMark], _ receipt: CommitReceipt) {
        for (transition, outcome) in zip(transitions, receipt.outcomes) {
            let events = (try? EventCoding.decode(transition.events)) ?? []
            let what = events.compactMap(\.summary).joined(separator: ", ")
            story.note(
                life.process.name, "commits \(transition.instance.short).\(transition.seq) \(outcome.summary): \(what)")
        }
        for (mark, isApplied) in zip(marks, receipt.markOutcomes) {
            story.note(
                life.process.name,
                "\(isApplied ? "marks" : "cannot mark") \(mark.task.short):\(mark.attempt) \(mark.change.summary)")
        }
    }
}

/// The index, which is in the same database.
struct IndexConnection: IndexStore {
    let database: Database
    let life: Life

    private func enter(writing: Bool = false) throws(StoreError) {
        try life.requireLife()
        try database.requirePresence(writing: writing)
    }

    func indexPosition() async throws -> Int64 {
        try enter()
        return try await database.index.indexPosition()
    }
    func apply(_ changes: [IndexChange], from: Int64, to: Int64) async throws -> Bool {
        try enter(writing: true)
        return try await database.index.apply(changes, from: from, to: to)
    }
    func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance> {
        try enter()
        return try await database.index.instances(query)
    }
    func indexedTasks(_ query: TaskQuery) async throws -> Page<IndexedTask> {
        try enter()
        return try await database.index.indexedTasks(query)
    }
    func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask> {
        try enter()
        return try await database.index.userTasks(query)
    }
    func instanceCounts() async throws -> [InstanceState: Int] {
        try enter()
        return try await database.index.instanceCounts()
    }
    func openInstances() async throws -> [DefinitionID: Int] {
        try enter()
        return try await database.index.openInstances()
    }
}
