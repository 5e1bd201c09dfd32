import GRDB
package import ProcessEngine
package import Services
import Values

extension SQLiteStore: IndexStore {
    package func indexPosition() async throws -> Int64 {
        try await read(Self.indexPosition)
    }

    package func apply(_ changes: [IndexChange], from: Int64, to: Int64) async throws -> Bool {
        try await write { database in
            guard try Self.indexPosition(database) == from else { return false }
            var update = IndexUpdate(database: database)
            for change in changes { try update.apply(change) }
            try update.finish()
            try database.run("UPDATE index_position SET position = ?", [to])
            return true
        }
    }

    package func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance> {
        try await read { try IndexSearch(database: $0).instances(query) }
    }

    package func indexedTasks(_ query: TaskQuery) async throws -> Page<IndexedTask> {
        try await read { try IndexSearch(database: $0).tasks(query) }
    }

    package func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask> {
        try await read { try IndexSearch(database: $0).userTasks(query) }
    }

    package func instanceCounts() async throws -> [InstanceState: Int] {
        try await read { database in
            let counts = try database.all("SELECT state, instances FROM index_count WHERE instances > 0") { row in
                (try row.parsed(0, InstanceState.init(rawValue:)), row[1] as Int)
            }
            return Dictionary(counts) { $0 + $1 }
        }
    }

    package func openInstances() async throws -> [DefinitionID: Int] {
        try await read { database in
            let counts = try database.all(
                "SELECT definition, count(*) FROM index_instance WHERE state IN (?, ?, ?) GROUP BY definition",
                InstanceState.open.map { $0.rawValue }
            ) { row in (try row.definitionID(0), row[1] as Int) }
            return Dictionary(counts) { $0 + $1 }
        }
    }

    private static func indexPosition(_ database: Database) throws -> Int64 {
        try database.first("SELECT position FROM index_position") { $0[0] } ?? 0
    }
}
