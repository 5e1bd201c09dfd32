import Services

extension PostgresStore: StoreIdentity {
    package func identity() async throws -> String {
        let id = try await search.repeatable { try $0.first("SELECT id FROM store_identity") { $0.text(0) } }
        guard let id else {
            throw StoreError(.corrupt, "the store has no identity: the table store_identity is empty")
        }
        return id
    }
}
