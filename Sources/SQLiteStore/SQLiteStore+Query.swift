import GRDB
package import Services

extension SQLiteStore {
    /// Runs one statement and answers its rows as texts, NULL as an empty one. For checks of the file
    /// (`PRAGMA integrity_check`) and for tests, never for the work of a port.
    package func query(_ sql: String) async throws(StoreError) -> [[String]] {
        try await read { database in
            try Row.fetchAll(database, sql: sql).map { row in row.databaseValues.map(Self.text) }
        }
    }

    private static func text(_ value: DatabaseValue) -> String {
        String.fromDatabaseValue(value) ?? (value.isNull ? "" : value.description)
    }
}
