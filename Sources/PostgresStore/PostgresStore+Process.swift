package import Delivery
package import ProcessEngine
package import Services
package import Values

extension PostgresStore: ProcessStore {
    package func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow] {
        try await lookups.repeatable { connection in
            try connection.all(
                "SELECT instance, seq, position, at, events FROM journal WHERE instance = $1 AND seq > $2 ORDER BY seq",
                [.text(instance.text), .int(seq)], Self.journalRow)
        }
    }

    package func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt {
        let receipt = try await commits.run { lane in
            try Commit(lane: lane, transitions: transitions.map(\.storable), marks: marks).run()
        }
        // A lease that is prolonged is news to nobody.
        if !transitions.isEmpty || marks.contains(where: \.givesBack) { hinting.send(on: lookups) }
        return receipt
    }

    package func claim(_ request: ClaimRequest) async throws -> [LeasedTask] {
        try await lookups.repeatable { try Claim(request: request).run($0) }
    }

    package func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask] {
        try await lookups.repeatable { connection in
            try connection.all(
                """
                SELECT instance, number, contract, attempt, token, lease_until FROM task
                WHERE phase = 3 AND paused = 0 AND lease_until <= $1 ORDER BY lease_until, id LIMIT $2
                """, [.int(now.stored), .int(max(limit, 0))]
            ) { row in
                OverdueTask(
                    id: row.taskID(0, 1), contract: try row.contractKey(2), attempt: row.number(3), token: row.text(4),
                    leaseUntil: row.timestamp(5))
            }
        }
    }

    package func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer] {
        try await lookups.repeatable { connection in
            try connection.all(
                """
                SELECT instance, number, due_at FROM timer WHERE due_at <= $1 ORDER BY due_at, instance, number LIMIT $2
                """, [.int(now.stored), .int(max(limit, 0))]
            ) { DueTimer(instance: InstanceID($0.text(0)), number: $0.number(1), dueAt: $0.timestamp(2)) }
        }
    }

    package func nextDue() async throws -> Timestamp? {
        try await lookups.repeatable { connection in
            // Each arm is one seek: the smallest entry of an index.
            try connection.first(
                """
                SELECT least(
                    (SELECT min(due_at) FROM timer), (SELECT min(due_at) FROM inbox),
                    (SELECT min(available_at) FROM task WHERE phase = 0 AND paused = 0),
                    (SELECT min(lease_until) FROM task WHERE lease_until IS NOT NULL AND paused = 0))
                """
            ) { row in row.optional(0, row.timestamp) } ?? nil
        }
    }

    package func backlog(at now: Timestamp) async throws -> [ContractBacklog] {
        try await search.repeatable { connection in
            let counts = try connection.all(
                """
                SELECT contract, sum(due)::bigint, sum(out)::bigint FROM (
                    SELECT contract, count(*) AS due, 0 AS out FROM task
                    WHERE phase = 0 AND paused = 0 AND available_at <= $1 GROUP BY contract
                    UNION ALL
                    SELECT contract, count(*) FILTER (WHERE phase < 3 AND paused = 0 AND lease_until <= $1),
                        count(*) FILTER (WHERE phase = 3 AND paused = 0 OR lease_until > $1)
                    FROM task WHERE lease_until IS NOT NULL GROUP BY contract
                ) AS counts GROUP BY contract HAVING sum(due) + sum(out) > 0
                """, [.int(now.stored)]
            ) { ContractBacklog(contract: try $0.contractKey(0), due: $0.number(1), out: $0.number(2)) }
            return counts.sorted { $0.contract < $1.contract }
        }
    }

    /// Rows below the snapshot horizon: every transaction that could still add one before them has ended. Positions begin
    /// with the transaction's id, so that one comparison says it. Whatever holds the horizon back holds back the reader,
    /// and nothing is missed (see `projectorHolder`).
    package func journal(after position: Int64, limit: Int) async throws -> [JournalRow] {
        try await projection.repeatable { connection in
            try connection.all(
                """
                SELECT instance, seq, position, at, events FROM journal
                WHERE position > $1 AND position < (
                    SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + base) << 16 FROM position_base)
                ORDER BY position LIMIT $2
                """, [.int(position), .int(max(limit, 0))], Self.journalRow)
        }
    }

    package func outbox(limit: Int) async throws -> [OutboxMessage] {
        try await lookups.repeatable { connection in
            try connection.all(
                "SELECT id, exchange, routing_key, type, body FROM outbox ORDER BY id LIMIT $1", [.int(max(limit, 0))]
            ) { row in
                OutboxMessage(
                    id: row.int(0),
                    content: OutboxMessage.Content(
                        exchange: row.text(1), routingKey: row.text(2), type: row.text(3), body: row.bytes(4)))
            }
        }
    }

    package func removeFromOutbox(_ ids: [Int64]) async throws {
        guard !ids.isEmpty else { return }
        try await lookups.repeatable { connection in
            _ = try connection.run("DELETE FROM outbox WHERE id = ANY($1::bigint[])", [.ints(ids.sorted())])
        }
    }

    package func tasks(_ ids: [TaskID]) async throws -> [TaskRow] {
        guard !ids.isEmpty else { return [] }
        return try await lookups.repeatable { connection in
            try connection.all(
                """
                SELECT \(Self.taskColumns)
                FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS k(instance, number, place)
                JOIN task ON task.instance = k.instance COLLATE "C" AND task.number = k.number ORDER BY k.place
                """, [.texts(ids.map(\.instance.text)), .ints(ids.map(\.number))]
            ) { try TaskRow(stored: $0, from: 0) }
        }
    }

    package func instance(startedWith key: String) async throws -> InstanceID? {
        try await lookups.repeatable { connection in
            try connection.first(
                "SELECT instance FROM start_key WHERE hash = sha256(convert_to($1::text, 'UTF8'))", [.text(key)]
            ) { InstanceID($0.text(0)) }
        }
    }

    private static func journalRow(_ row: ResultRow) -> JournalRow {
        JournalRow(
            instance: InstanceID(row.text(0)), seq: row.number(1), position: row.int(2), at: row.timestamp(3),
            events: row.bytes(4))
    }

    /// In the order that `TaskRow(stored:from:)` reads.
    static let taskColumns = [
        "instance", "number", "element", "contract", "phase", "priority", "retries", "attempt", "token", "available_at",
        "lease_until", "started_at", "progress", "progress_message", "error", "owner", "paused",
    ].map { "task.\($0)" }.joined(separator: ", ")
}

extension TaskRow {
    init(stored row: ResultRow, from first: Int) throws {
        self.init(
            id: row.taskID(first, first + 1), element: ElementID(row.text(first + 2)),
            contract: try row.contractKey(first + 3), phase: try row.phase(first + 4), priority: row.number(first + 5),
            retries: row.number(first + 6), attempt: row.number(first + 7), token: row.optional(first + 8, row.text),
            availableAt: row.timestamp(first + 9), leaseUntil: row.optional(first + 10, row.timestamp),
            startedAt: row.optional(first + 11, row.timestamp), progress: row.optional(first + 12, row.double),
            progressMessage: row.optional(first + 13, row.text), error: row.optional(first + 14, row.text),
            owner: row.optional(first + 15, row.text), isPaused: row.int(first + 16) != 0)
    }
}

extension PlannedTask {
    /// As `PostgresStore.taskColumns` give it.
    init(_ row: ResultRow) throws {
        self.init(row: try TaskRow(stored: row, from: 0))
    }
}

extension LeaseMark {
    fileprivate var givesBack: Bool {
        switch change {
        case .released: true
        case .queued, .started, .heartbeat: false
        }
    }
}

extension Transition {
    /// With keys that the database gives back as they were: they are compared in memory too.
    fileprivate var storable: Transition {
        let hasKey = startKey != nil || uniqueKey != nil || freesKey != nil
        guard hasKey || !subscriptions.isEmpty || !inbox.isEmpty else { return self }
        var copy = self
        copy.startKey = startKey?.withoutNull
        copy.uniqueKey = uniqueKey?.withoutNull
        copy.freesKey = freesKey?.withoutNull
        copy.subscriptions = subscriptions.map(\.storable)
        copy.inbox = inbox.map(\.storable)
        return copy
    }
}
