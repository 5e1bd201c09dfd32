package import ProcessEngine
package import Services

extension PostgresStore: IndexStore {
    package func indexPosition() async throws -> Int64 {
        try await projection.repeatable { try $0.first("SELECT position FROM index_position") { $0.int(0) } ?? 0 }
    }

    package func apply(_ changes: [IndexChange], from: Int64, to: Int64) async throws -> Bool {
        try await projection.repeatable { try IndexWrites(connection: $0).apply(changes, from: from, to: to) }
    }

    package func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance> {
        try await search.repeatable { try IndexSearch(connection: $0).instances(query) }
    }

    package func indexedTasks(_ query: TaskQuery) async throws -> Page<IndexedTask> {
        try await search.repeatable { try IndexSearch(connection: $0).tasks(query) }
    }

    package func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask> {
        try await search.repeatable { try IndexSearch(connection: $0).userTasks(query) }
    }

    package func instanceCounts() async throws -> [InstanceState: Int] {
        try await search.repeatable { connection in
            let counts = try connection.all("SELECT state, instances FROM index_count WHERE instances > 0") { row in
                (try row.parsed(0, InstanceState.init(rawValue:)), row.number(1))
            }
            return Dictionary(counts) { $0 + $1 }
        }
    }

    package func openInstances() async throws -> [DefinitionID: Int] {
        try await search.repeatable { connection in
            let counts = try connection.all(
                """
                SELECT definition, count(*) FROM index_instance WHERE state = ANY($1::text[]) GROUP BY definition
                """, [.texts(InstanceState.open.map(\.rawValue))]
            ) { row in (try row.definitionID(0), row.number(1)) }
            return Dictionary(counts) { $0 + $1 }
        }
    }
}
