package import Delivery
import GRDB
import ProcessEngine
package import Services
package import Values

extension SQLiteStore: TaskLockStore {
    package func lock(_ request: LockRequest) async throws -> LeasedTask? {
        let claim = ClaimRequest(
            credits: [], limit: 1, owner: request.owner, now: request.now, leaseUntil: request.leaseUntil,
            tokens: [request.token])
        return try await write { try Claim(database: $0, request: claim).run(only: request.task) }
    }

    package func extend(_ attempt: AttemptID, at now: Timestamp, until: Timestamp) async throws -> Bool {
        try await write { database in
            try database.changes(
                """
                UPDATE task SET lease_until = ?
                WHERE instance = ? AND number = ? AND attempt = ? AND token = ? AND lease_until > ?
                """,
                [
                    until.stored, attempt.task.instance.text, attempt.task.number, attempt.attempt, attempt.token,
                    now.stored,
                ])
        }
    }
}
