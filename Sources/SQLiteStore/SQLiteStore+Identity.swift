import GRDB
import Services

extension SQLiteStore: StoreIdentity {
    package func identity() async throws -> String {
        try await read { database in
            guard let id = try String.fetchOne(database, sql: "SELECT id FROM store_identity") else {
                throw StoreError(.corrupt, "the store has no identity: the table store_identity is empty")
            }
            return id
        }
    }
}
