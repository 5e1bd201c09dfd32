package import Delivery
import ProcessEngine
package import Services
package import Values

extension PostgresStore: TaskLockStore {
    package func lock(_ request: LockRequest) async throws -> LeasedTask? {
        try await lookups.repeatable { connection in
            try connection.first(
                Self.lockTask,
                [
                    .text(request.task.instance.text), .int(request.task.number), .int(request.now.stored),
                    .text(request.token), .text(request.owner), .int(request.leaseUntil.stored),
                ]
            ) { row in
                guard !row.isNull(7), let input = try? JSON(validating: row.bytes(7)) else {
                    throw StoreError(
                        .corrupt, "the input of task \(request.task) is missing or no JSON; restore from a backup")
                }
                return LeasedTask(
                    id: request.task, element: ElementID(row.text(0)), contract: try row.contractKey(1),
                    priority: row.number(2), retries: row.number(3), definition: try row.definitionID(4),
                    businessKey: row.optional(5, row.text),
                    lease: TaskLease(
                        owner: request.owner, attempt: row.number(6), token: request.token, until: request.leaseUntil),
                    input: input, correlationID: row.optional(8, row.text), runAs: row.optional(9, row.text))
            }
        }
    }

    /// A lock that was made before its answer was lost is found again by its token, so that it may be asked for twice.
    private static let lockTask = """
        WITH leased AS (
            UPDATE task SET phase = 1, attempt = attempt + 1, token = $4::text, owner = $5::text,
                lease_until = $6::bigint
            WHERE instance = $1::text AND number = $2::bigint AND paused = 0
                AND (phase = 0 AND available_at <= $3::bigint OR phase IN (1, 2) AND lease_until <= $3::bigint)
            RETURNING task.*
        ), held AS (
            SELECT * FROM leased
            UNION ALL
            SELECT * FROM task WHERE instance = $1::text AND number = $2::bigint AND token = $4::text
        )
        SELECT element, contract, priority, retries, definition, business_key, attempt,
            substr(journal.events, input_offset::integer + 1, input_length::integer), correlation_id, run_as
        FROM held LEFT JOIN journal ON journal.position = held.input_position LIMIT 1
        """

    package func extend(_ attempt: AttemptID, at now: Timestamp, until: Timestamp) async throws -> Bool {
        try await lookups.repeatable { connection in
            let rows = try connection.run(
                """
                UPDATE task SET lease_until = $1::bigint
                WHERE instance = $2::text AND number = $3::bigint AND attempt = $4::bigint AND token = $5::text
                    AND lease_until > $6::bigint
                """,
                [
                    .int(until.stored), .text(attempt.task.instance.text), .int(attempt.task.number),
                    .int(attempt.attempt), .text(attempt.token), .int(now.stored),
                ])
            return rows.changes > 0
        }
    }
}
