import Delivery
import Foundation
import GRDB
import ProcessEngine
import Services
import Values

/// `ProcessStore.claim`, inside its transaction.
///
/// Its cost grows with what it leases and with the number of distinct priorities, not with what waits: of each contract
/// only the best tasks are read, by indexes that hold them in claim order.
struct Claim {
    let database: Database
    let request: ClaimRequest

    private struct Candidate {
        var id: Int64
        var priority: Int
        var availableAt: Int64

        func comes(before other: Candidate) -> Bool {
            if priority != other.priority { return priority > other.priority }
            return (availableAt, id) < (other.availableAt, other.id)
        }
    }

    func run() throws -> [LeasedTask] {
        let limit = min(request.limit, request.tokens.count)
        guard limit > 0, try isAnythingDue() else { return [] }
        var candidates: [Candidate] = []
        var seen: Set<ContractKey> = []
        for credit in request.credits where seen.insert(credit.contract).inserted {
            candidates += try best(of: credit, limit: limit)
        }
        candidates.sort { $0.comes(before: $1) }
        return try zip(candidates.prefix(limit), request.tokens).map { candidate, token in
            try lease(candidate, token: token)
        }
    }

    /// The task itself, if it is due.
    func run(only task: TaskID) throws -> LeasedTask? {
        guard let token = request.tokens.first else { return nil }
        let due = try database.first(
            """
            SELECT id, priority, available_at FROM task WHERE instance = ?1 AND number = ?2 AND paused = 0
                AND (phase = 0 AND available_at <= ?3 OR phase IN (1, 2) AND lease_until <= ?3)
            """, [task.instance.text, task.number, request.now.stored], Self.candidate)
        return try due.map { try lease($0, token: token) }
    }

    /// Most polls of an idle engine end here.
    private func isAnythingDue() throws -> Bool {
        try database.first(
            """
            SELECT EXISTS (SELECT 1 FROM task INDEXED BY task_due
                    WHERE phase = 0 AND paused = 0 AND available_at <= ?1)
                OR EXISTS (SELECT 1 FROM task INDEXED BY task_lease
                    WHERE phase IN (1, 2) AND paused = 0 AND lease_until <= ?1)
            """, [request.now.stored]
        ) { $0[0] as Bool } ?? false
    }

    private func best(of credit: ClaimRequest.Credit, limit: Int) throws -> [Candidate] {
        var room = min(credit.count, limit)
        if let concurrency = credit.concurrency { room = min(room, concurrency - (try out(credit.contract))) }
        guard room > 0 else { return [] }
        var best = try waiting(credit.contract, limit: room) + expired(credit.contract, limit: room)
        best.sort { $0.comes(before: $1) }
        return Array(best.prefix(room))
    }

    /// Attempts that are out with a live lease.
    private func out(_ contract: ContractKey) throws -> Int {
        try database.first(
            """
            SELECT count(*) FROM task INDEXED BY task_out
            WHERE contract = ? AND phase IN (1, 2, 3) AND lease_until > ?
            """, [contract.description, request.now.stored]
        ) { $0[0] } ?? 0
    }

    /// Goes from priority to priority, so that future tasks of a high one are not read on the way to due tasks of a
    /// lower one.
    private func waiting(_ contract: ContractKey, limit: Int) throws -> [Candidate] {
        var found: [Candidate] = []
        var below = Int.max
        while found.count < limit {
            let highest = try database.first(
                """
                SELECT max(priority) FROM task INDEXED BY task_waiting
                WHERE phase = 0 AND paused = 0 AND contract = ? AND priority <= ?
                """, [contract.description, below]
            ) { $0[0] as Int? }
            guard let priority = highest.flatMap({ $0 }) else { break }
            found += try database.all(
                """
                SELECT id, priority, available_at FROM task INDEXED BY task_waiting
                WHERE phase = 0 AND paused = 0 AND contract = ? AND priority = ? AND available_at <= ?
                ORDER BY available_at, id LIMIT ?
                """, [contract.description, priority, request.now.stored, limit - found.count], Self.candidate)
            guard priority > Int.min else { break }
            below = priority - 1
        }
        return found
    }

    /// What was handed out and never came to an agent.
    private func expired(_ contract: ContractKey, limit: Int) throws -> [Candidate] {
        try database.all(
            """
            SELECT id, priority, available_at FROM task INDEXED BY task_out
            WHERE contract = ? AND phase IN (1, 2) AND lease_until <= ? AND paused = 0
            ORDER BY priority DESC, available_at, id LIMIT ?
            """, [contract.description, request.now.stored, limit], Self.candidate)
    }

    private static func candidate(_ row: StoredRow) -> Candidate {
        Candidate(id: row[0], priority: row[1], availableAt: row[2])
    }

    /// Read, then changed: a change that returns its row costs SQLite a table of its own to hold it.
    private func lease(_ candidate: Candidate, token: String) throws -> LeasedTask {
        let found = try database.first(
            """
            SELECT instance, number, element, contract, priority, retries, definition, business_key, attempt,
                -- SQLite counts bytes from 1.
                coalesce(input, (
                    SELECT substr(events, input_offset + 1, input_length) FROM journal WHERE position = input_position)),
                correlation_id, run_as
            FROM task WHERE id = ?
            """, [candidate.id]
        ) { row in
            (
                task: LeasedTask(
                    id: row.taskID(0, 1), element: ElementID(row[2]), contract: try row.contractKey(3),
                    priority: row[4],
                    retries: row[5], definition: try row.definitionID(6), businessKey: row[7],
                    lease: TaskLease(
                        owner: request.owner, attempt: row[8] + 1, token: token, until: request.leaseUntil),
                    input: .null, correlationID: row[10], runAs: row[11]),
                input: row[9] as [UInt8]?
            )
        }
        guard var found else { throw StoreError(.corrupt, "a task of an index is not in the table; check the file") }
        guard let input = found.input else {
            throw StoreError(.corrupt, "the journal row of task \(found.task.id) is missing; check the file")
        }
        found.task.input = try JSON(validating: input, limits: EventCoding.limits)
        try database.run(
            "UPDATE task SET phase = 1, attempt = ?, token = ?, owner = ?, lease_until = ? WHERE id = ?",
            [found.task.lease.attempt, token, request.owner, request.leaseUntil.stored, candidate.id])
        return found.task
    }
}
