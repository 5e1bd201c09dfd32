package import Services

extension PostgresStore {
    /// What the server says of how durable a commit is, for whoever must be sure: a bench, a health check.
    package struct Durability: Sendable, Hashable {
        package var fsync: String
        package var fullPageWrites: String
        /// Of the connection that commits.
        package var synchronousCommit: String
        package var serverVersion: String

        /// Whether what was committed survives a crash of the server's machine.
        package var isDurable: Bool { fsync == "on" && fullPageWrites == "on" && synchronousCommit != "off" }
    }

    package func durability() async throws(StoreError) -> Durability {
        let answer = try await commits.repeatable { connection in
            try connection.first(
                """
                SELECT current_setting('fsync'), current_setting('full_page_writes'),
                    current_setting('synchronous_commit'), current_setting('server_version')
                """
            ) { row in
                Durability(
                    fsync: row.text(0), fullPageWrites: row.text(1), synchronousCommit: row.text(2),
                    serverVersion: row.text(3))
            }
        }
        guard let answer else { throw StoreError(.unavailable, "the server did not say how durable it is") }
        return answer
    }

    /// The oldest transaction that holds the projector back, if it has run for longer than `milliseconds`: in any
    /// database of the server, since transaction ids are the server's.
    package func projectorHolder(olderThan milliseconds: Int) async throws(StoreError) -> String? {
        try await search.repeatable { connection in
            try connection.first(
                """
                SELECT format('process %s of database %s (%s) has a transaction open since %s',
                    pid, datname, application_name, xact_start)
                FROM pg_stat_activity
                WHERE backend_xid IS NOT NULL AND xact_start < clock_timestamp() - $1::bigint * interval '1 millisecond'
                ORDER BY age(backend_xid) DESC LIMIT 1
                """, [.int(milliseconds)]
            ) { $0.text(0) }
        }
    }
}

extension PostgresStore: DurabilityReporting {
    package func reportedDurability() async throws -> StoreDurability {
        let found = try await durability()
        return StoreDurability(
            settings: [
                .init("store", "postgresql"), .init("version", found.serverVersion), .init("fsync", found.fsync),
                .init("full_page_writes", found.fullPageWrites), .init("synchronous_commit", found.synchronousCommit),
            ], isDurable: found.isDurable)
    }
}

extension PostgresStore {
    /// Drops the schema with all that is in it: for a store that was made for a while, such as a bench's.
    package func removeEverything() async throws(StoreError) {
        let schema = settings.schema
        try await commits.repeatable { connection in
            _ = try connection.run([
                Connection.Statement(sql: "DROP SCHEMA IF EXISTS \(schema) CASCADE", keepsPlan: false)
            ])
        }
    }
}
