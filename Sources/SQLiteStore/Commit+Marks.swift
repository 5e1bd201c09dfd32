import Delivery
import GRDB
import ProcessEngine
import Values

extension Commit {
    /// Whether the mark was applied: attempt and token match, and the attempt is out. An attempt that was counted as
    /// failed is not, even if its late result would still count.
    func apply(_ mark: LeaseMark) throws -> Bool {
        let row = "instance = ? AND number = ? AND attempt = ? AND token = ? AND lease_until IS NOT NULL"
        let arguments: [(any StatementValue)?] = [mark.task.instance.text, mark.task.number, mark.attempt, mark.token]
        switch mark.change {
        case .queued(let until):
            // In any other phase than `dispatched` the row stays as it is.
            return try database.changes(
                """
                UPDATE task SET lease_until = iif(phase = 1, ?, lease_until), phase = iif(phase = 1, 2, phase)
                WHERE \(row)
                """, [until.stored] + arguments)
        case .started(let at, let until):
            return try database.changes(
                "UPDATE task SET phase = 3, started_at = ?, lease_until = ? WHERE \(row)",
                [at.stored, until.stored] + arguments)
        case .heartbeat(let until, let progress, let message):
            return try database.changes(
                """
                UPDATE task SET phase = 3, lease_until = max(lease_until, ?), progress = coalesce(?, progress),
                    progress_message = coalesce(?, progress_message)
                WHERE \(row)
                """, [until.stored, progress, message] + arguments)
        case .released(let dueAt):
            return try database.changes(
                """
                UPDATE task SET phase = 0, available_at = ?, token = NULL, owner = NULL, lease_until = NULL,
                    started_at = NULL, progress = NULL, progress_message = NULL
                WHERE \(row)
                """, [dueAt.stored] + arguments)
        }
    }
}
