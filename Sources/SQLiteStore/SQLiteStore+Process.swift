package import Delivery
import Foundation
import GRDB
package import ProcessEngine
package import Services
package import Values

extension SQLiteStore: ProcessStore {
    package func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        try await read { database in
            try database.all(
                "SELECT instance, seq, position, at, events FROM journal WHERE instance = ? AND seq > ? ORDER BY seq",
                [instance.text, seq], Self.journalRow)
        }
    }

    package func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        try await write { try Commit(database: $0).run(transitions, marks) }
    }

    package func claim(_ request: ClaimRequest) async throws -> [LeasedTask] {
        try await write { try Claim(database: $0, request: request).run() }
    }

    package func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        try await read { database in
            try database.all(
                """
                SELECT instance, number, contract, attempt, token, lease_until FROM task INDEXED BY task_lease
                WHERE phase = 3 AND paused = 0 AND lease_until <= ? ORDER BY lease_until, id LIMIT ?
                """, [now.stored, max(limit, 0)]
            ) { row in
                OverdueTask(
                    id: row.taskID(0, 1), contract: try row.contractKey(2), attempt: row[3], token: row[4],
                    leaseUntil: row.timestamp(5))
            }
        }
    }

    package func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        try await read { database in
            try database.all(
                """
                SELECT instance, number, due_at FROM timer WHERE due_at <= ?
                ORDER BY due_at, instance, number LIMIT ?
                """, [now.stored, max(limit, 0)]
            ) { DueTimer(instance: InstanceID($0[0]), number: $0[1], dueAt: $0.timestamp(2)) }
        }
    }

    package func nextDue() async throws -> Timestamp? {
        try await read { database in
            // Each arm is one seek: the smallest entry of an index.
            try database.first(
                """
                SELECT min(due) FROM (
                    SELECT min(due_at) AS due FROM timer
                    UNION ALL SELECT min(due_at) FROM inbox
                    UNION ALL SELECT min(available_at) FROM task INDEXED BY task_due WHERE phase = 0 AND paused = 0
                    UNION ALL SELECT min(lease_until) FROM task INDEXED BY task_lease
                        WHERE phase = 1 AND lease_until IS NOT NULL AND paused = 0
                    UNION ALL SELECT min(lease_until) FROM task INDEXED BY task_lease
                        WHERE phase = 2 AND lease_until IS NOT NULL AND paused = 0
                    UNION ALL SELECT min(lease_until) FROM task INDEXED BY task_lease
                        WHERE phase = 3 AND lease_until IS NOT NULL AND paused = 0
                )
                """
            ) { $0.optionalTimestamp(0) } ?? nil
        }
    }

    package func backlog(at now: Timestamp) async throws -> [ContractBacklog] {
        try await read { database in
            let counts = try database.all(
                """
                SELECT contract, sum(due), sum(out) FROM (
                    SELECT contract, count(*) AS due, 0 AS out FROM task INDEXED BY task_due
                    WHERE phase = 0 AND paused = 0 AND available_at <= ? GROUP BY contract
                    UNION ALL SELECT contract, sum(phase < 3 AND paused = 0 AND lease_until <= ?),
                        sum(phase = 3 AND paused = 0 OR lease_until > ?)
                    FROM task INDEXED BY task_out WHERE lease_until IS NOT NULL GROUP BY contract
                ) GROUP BY contract HAVING sum(due) + sum(out) > 0
                """, [now.stored, now.stored, now.stored]
            ) { ContractBacklog(contract: try $0.contractKey(0), due: $0[1], out: $0[2]) }
            return counts.sorted { $0.contract < $1.contract }
        }
    }

    package func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        // Positions are given in commit order: one connection writes.
        try await read { database in
            try database.all(
                "SELECT instance, seq, position, at, events FROM journal WHERE position > ? ORDER BY position LIMIT ?",
                [position, max(limit, 0)], Self.journalRow)
        }
    }

    package func outbox(limit: Int) async throws -> [OutboxMessage] {
        try await read { database in
            try database.all(
                "SELECT id, exchange, routing_key, type, body FROM outbox ORDER BY id LIMIT ?", [max(limit, 0)]
            ) { row in
                OutboxMessage(
                    id: row[0],
                    content: OutboxMessage.Content(
                        exchange: row[1], routingKey: row[2], type: row[3], body: row[4]))
            }
        }
    }

    package func removeFromOutbox(_ ids: [Int64]) async throws {
        try await write { database in
            for id in ids { try database.run("DELETE FROM outbox WHERE id = ?", [id]) }
        }
    }

    package func tasks(_ ids: [TaskID]) async throws -> [TaskRow] {
        try await read { database in
            try ids.compactMap { id in
                try database.first(
                    "SELECT \(Self.taskColumns) FROM task WHERE instance = ? AND number = ?",
                    [id.instance.text, id.number]
                ) { try Self.taskRow($0, from: 0) }
            }
        }
    }

    package func instance(startedWith key: String) async throws -> InstanceID? {
        try await read { try $0.instance(startedWith: key) }
    }

    private static func journalRow(_ row: StoredRow) throws -> JournalRow {
        JournalRow(
            instance: InstanceID(row[0]), seq: row[1], position: row[2], at: row.timestamp(3), events: row[4])
    }

    /// In the order that `taskRow` reads.
    static let taskColumns = [
        "instance", "number", "element", "contract", "phase", "priority", "retries", "attempt", "token", "available_at",
        "lease_until", "started_at", "progress", "progress_message", "error", "owner", "paused",
    ].map { "task.\($0)" }.joined(separator: ", ")

    static func taskRow(_ row: StoredRow, from first: Int) throws -> TaskRow {
        guard let phase = TaskPhase(stored: row[first + 4]) else {
            throw StoreError(.corrupt, "task \(row.taskID(first, first + 1)) has an unknown phase")
        }
        return TaskRow(
            id: row.taskID(first, first + 1), element: ElementID(row[first + 2]),
            contract: try row.contractKey(first + 3),
            phase: phase, priority: row[first + 5], retries: row[first + 6], attempt: row[first + 7],
            token: row[first + 8],
            availableAt: row.timestamp(first + 9), leaseUntil: row.optionalTimestamp(first + 10),
            startedAt: row.optionalTimestamp(first + 11), progress: row[first + 12], progressMessage: row[first + 13],
            error: row[first + 14], owner: row[first + 15], isPaused: row[first + 16])
    }
}

extension Database {
    func instance(startedWith key: String) throws -> InstanceID? {
        try first("SELECT instance FROM start_key WHERE key = ?", [key]) { InstanceID($0[0]) }
    }
}
