import GRDB
package import ProcessEngine
package import Services
package import Values

extension SQLiteStore: RetentionStore {
    package func ended(_ definition: DefinitionID, by time: Timestamp, limit: Int) async throws -> [InstanceID] {
        try await read { database in
            try database.all(
                """
                SELECT id FROM index_instance INDEXED BY index_instance_ended
                WHERE definition = ? AND ended_at <= ? AND ended_at IS NOT NULL ORDER BY ended_at, id LIMIT ?
                """, [definition.description, time.stored, max(limit, 0)]
            ) { InstanceID($0[0]) }
        }
    }

    package func remove(_ instances: [InstanceID], rows: Int) async throws -> Removal {
        try await write { database in
            let removing = RetentionRemoval(database: database)
            let plan = RemovalPlan(try removing.count(instances, upTo: rows), limit: rows)
            for instance in plan.whole { try removing.remove(instance) }
            if let part = plan.part { try removing.remove(part.rows, of: part.instance) }
            return Removal(instances: plan.whole.count, rows: plan.rows)
        }
    }
}

/// `RetentionStore.remove`, inside its transaction.
private struct RetentionRemoval {
    let database: Database

    /// The rows of those that are over; of many rows only that they are too many.
    func count(_ instances: [InstanceID], upTo limit: Int) throws -> [(instance: InstanceID, rows: Int)] {
        try instances.compactMap { instance in
            try database.first(
                """
                SELECT (SELECT count(*) FROM (SELECT 1 FROM journal WHERE instance = ?1 LIMIT ?2))
                    + (SELECT count(*) FROM (SELECT 1 FROM index_task WHERE instance = ?1 LIMIT ?2))
                FROM index_instance WHERE id = ?1 AND ended_at IS NOT NULL
                """, [instance.text, limit + 1]
            ) { (instance, $0[0] as Int) }
        }
    }

    func remove(_ instance: InstanceID) throws {
        let found = try database.first(
            "SELECT \(IndexColumns.instance) FROM index_instance WHERE id = ?", [instance.text], IndexColumns.instance)
        for pair in found?.labels.metadata ?? [] {
            try database.run(
                "DELETE FROM index_metadata WHERE name = ? AND value = ? AND started_at = ? AND instance = ?",
                [pair.name, pair.value.canonical.text, found?.startedAt.stored, instance.text])
        }
        for table in [
            "journal", "start_key", "task", "timer", "subscription", "index_task", "index_user_task", "index_candidate",
        ] { try database.run("DELETE FROM \(table) WHERE instance = ?", [instance.text]) }
        try database.run("DELETE FROM index_instance WHERE id = ?", [instance.text])
    }

    /// The journal first, from its beginning, then its tasks.
    func remove(_ rows: Int, of instance: InstanceID) throws {
        try database.run(
            """
            DELETE FROM journal WHERE position IN (
                SELECT position FROM journal WHERE instance = ? ORDER BY seq LIMIT ?)
            """, [instance.text, rows])
        let left = rows - database.changesCount
        guard left > 0 else { return }
        try database.run(
            """
            DELETE FROM index_task WHERE instance = ?1 AND number IN (
                SELECT number FROM index_task WHERE instance = ?1 ORDER BY number LIMIT ?2)
            """, [instance.text, left])
    }
}
