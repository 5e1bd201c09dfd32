import Delivery
import PostgresStore
import ProcessEngine
import Services
import Values

/// A store whose journal, read by position, waits until it shows all that is committed. Transactions of anybody on the
/// server, of its own vacuum too, may hold the projector back for a moment; the cases of a conformance suite do not wait.
struct SettledStore: ProcessStore, TaskInputStore {
    let store: PostgresStore

    func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        let isSettled = """
            SELECT (coalesce((SELECT max(position) FROM journal), 0) <
                (SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + base) << 16 FROM position_base))::text
            """
        while try await store.query(isSettled) != [["true"]] { await Task.yield() }
        return try await store.journal(after: position, limit: limit)
    }

    func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        try await store.journal(of: instance, after: seq)
    }
    func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        try await store.commit(transitions, marks: marks)
    }
    func claim(_ request: ClaimRequest) async throws -> [LeasedTask] { try await store.claim(request) }
    func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        try await store.overdueTasks(at: now, limit: limit)
    }
    func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        try await store.dueTimers(at: now, limit: limit)
    }
    func nextDue() async throws -> Timestamp? { try await store.nextDue() }
    func backlog(at now: Timestamp) async throws -> [ContractBacklog] { try await store.backlog(at: now) }
    func outbox(limit: Int) async throws -> [OutboxMessage] { try await store.outbox(limit: limit) }
    func removeFromOutbox(_ ids: [Int64]) async throws { try await store.removeFromOutbox(ids) }
    func tasks(_ ids: [TaskID]) async throws -> [TaskRow] { try await store.tasks(ids) }
    func instance(startedWith key: String) async throws -> InstanceID? { try await store.instance(startedWith: key) }
    func input(of task: TaskID, heldBy token: String) async throws -> JSON? {
        try await store.input(of: task, heldBy: token)
    }

    func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        try await store.subscriptions(query)
    }
    func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        try await store.inbox(at: now, limit: limit)
    }
    func awaitedEntries(limit: Int) async throws -> [InboxEntry] { try await store.awaitedEntries(limit: limit) }
    func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        try await store.post(entries, key: key)
    }
    func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        try await store.redirect(entry, into: entries)
    }
}
