package import ProcessEngine
import Services
package import Values

extension PostgresStore: TaskInputStore {
    package func input(of task: TaskID, heldBy token: String) async throws -> JSON? {
        let row = try await lookups.repeatable { connection in
            try connection.first(
                """
                SELECT substr(journal.events, input_offset::integer + 1, input_length::integer)
                FROM task LEFT JOIN journal ON journal.position = task.input_position
                WHERE task.instance = $1 AND task.number = $2 AND task.token = $3
                """, [.text(task.instance.text), .int(task.number), .text(token)]
            ) { row in row.optional(0, row.bytes) }
        }
        guard let row else { return nil }
        guard let bytes = row, let input = try? JSON(validating: bytes) else {
            throw StoreError(.corrupt, "the input of task \(task) is missing or no JSON; restore from a backup")
        }
        return input
    }
}
