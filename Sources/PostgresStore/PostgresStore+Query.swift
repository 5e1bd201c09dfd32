package import Services

extension PostgresStore {
    /// Runs a script for what no port does: checks of the database, and tests.
    package func execute(_ script: String) async throws(StoreError) {
        try await search.run { lane in try lane.attempt { try $0.runScript(script) } }
    }

    /// Runs one statement and answers its rows, whose columns must be texts, NULL as an empty one.
    package func query(_ sql: String) async throws(StoreError) -> [[String]] {
        try await search.repeatable { connection in
            try connection.run([Connection.Statement(sql: sql, keepsPlan: false)])[0].map(\.texts)
        }
    }
}
