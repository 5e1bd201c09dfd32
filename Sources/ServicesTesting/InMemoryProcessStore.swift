package import Delivery
package import ProcessEngine
package import Services
import Synchronization
package import Values

/// The reference for every process store: the simplest code that keeps the port's promises. Nothing outlives it.
package final class InMemoryProcessStore: ProcessStore, TaskInputStore, TaskLockStore {
    let state = Mutex(InMemoryProcessState())

    package init() {}

    package func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        state.withLock { state in
            (state.rows[instance] ?? []).map { state.journal[$0] }.filter { $0.seq > seq }
        }
    }

    package func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        try state.withLock { try $0.commit(transitions, marks) }
    }

    package func claim(_ request: ClaimRequest) async throws -> [LeasedTask] {
        try state.withLock { try $0.claim(request) }
    }

    package func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        state.withLock { $0.overdue(at: now, limit: limit) }
    }

    package func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        state.withLock { state in
            let due = state.timers.filter { $0.value <= now }.map {
                DueTimer(instance: $0.instance, number: $0.number, dueAt: $1)
            }
            let ordered = due.sorted { ($0.dueAt, $0.instance, $0.number) < ($1.dueAt, $1.instance, $1.number) }
            return Array(ordered.prefix(max(limit, 0)))
        }
    }

    package func nextDue() async throws -> Timestamp? {
        state.withLock { state in
            let tasks = state.tasks.values.filter { !$0.row.isPaused }.compactMap {
                $0.row.phase == .waiting ? $0.row.availableAt : $0.row.leaseUntil
            }
            return (tasks + state.timers.values + state.inbox.map(\.content.dueAt)).min()
        }
    }

    package func backlog(at now: Timestamp) async throws -> [ContractBacklog] {
        state.withLock { $0.backlog(at: now) }
    }

    package func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        // Positions count from 1 without a gap; rows that were removed leave their place.
        state.withLock { state in
            var found: [JournalRow] = []
            for row in state.journal.dropFirst(Int(max(position, 0))) where !state.removed.contains(row.position) {
                guard found.count < limit else { break }
                found.append(row)
            }
            return found
        }
    }

    package func outbox(limit: Int) async throws -> [OutboxMessage] {
        state.withLock { Array($0.outbox.prefix(max(limit, 0))) }
    }

    package func removeFromOutbox(_ ids: [Int64]) async throws {
        state.withLock { state in state.outbox.removeAll { ids.contains($0.id) } }
    }

    package func tasks(_ ids: [TaskID]) async throws -> [TaskRow] {
        state.withLock { state in ids.compactMap { state.tasks[$0]?.row } }
    }

    package func input(of task: TaskID, heldBy token: String) async throws -> JSON? {
        guard let bytes = state.withLock({ $0.tasks[task].flatMap { $0.row.token == token ? $0.input : nil } }) else {
            return nil
        }
        return try JSON(validating: bytes)
    }

    package func lock(_ request: LockRequest) async throws -> LeasedTask? {
        try state.withLock { try $0.lock(request) }
    }

    package func extend(_ attempt: AttemptID, at now: Timestamp, until: Timestamp) async throws -> Bool {
        state.withLock { $0.extend(attempt, at: now, until: until) }
    }

    package func instance(startedWith key: String) async throws -> InstanceID? {
        state.withLock { $0.startKeys[key] }
    }
}
