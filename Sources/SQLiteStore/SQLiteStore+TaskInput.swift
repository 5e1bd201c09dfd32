import Foundation
import GRDB
package import ProcessEngine
import Services
package import Values

extension SQLiteStore: TaskInputStore {
    package func input(of task: TaskID, heldBy token: String) async throws -> JSON? {
        let row = try await read { database in
            // SQLite counts bytes from 1.
            try database.first(
                """
                SELECT coalesce(task.input, substr(journal.events, task.input_offset + 1, task.input_length))
                FROM task LEFT JOIN journal ON journal.position = task.input_position
                WHERE task.instance = ? AND task.number = ? AND task.token = ?
                """, [task.instance.text, task.number, token]
            ) { $0[0] as [UInt8]? }
        }
        guard let row else { return nil }
        guard let bytes = row, let input = try? JSON(validating: bytes) else {
            throw StoreError(.corrupt, "the input of task \(task) is missing or no JSON; check the file")
        }
        return input
    }
}
