import Foundation
import Services

/// The schema of the database: a list of migrations that only grows. It is brought forward, one transaction a version,
/// never back, and only by what programs that still run can live with.
struct Schema {
    struct Migration {
        var version: Int
        /// The oldest version whose programs may still use the database after this migration.
        var oldestUser: Int
        var sql: String
    }

    static let migrations = [
        migration1, migration2, migration3, migration4, migration5, migration6, migration7, migration8, migration9,
        migration10, migration11, migration12,
    ]
    static var newest: Int { migrations.last?.version ?? 0 }

    let name: String
    let connection: Connection

    /// Brings the schema up to date, makes it if there is none. Many processes may do so at once.
    func prepare() throws {
        if try version() < Self.newest {
            try connection.transaction {
                // Indexes of tables that have grown are not made in the time that a statement has otherwise.
                try connection.withoutTimeLimit {
                    try lock()
                    try makeSchema()
                    try migrate(from: try version())
                }
            }
        }
        try raisePositions()
    }

    /// One process at a time, for as long as it takes it. The tables themselves are not waited for so long: whoever uses them
    /// meanwhile would wait behind us.
    private func lock() throws {
        let limit = try connection.first("SHOW lock_timeout") { $0.text(0) } ?? "0"
        try connection.run("SELECT set_config('lock_timeout', '0', true)")
        // The key of the lock is the schema, whatever it is for.
        try connection.run(
            "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 8712341))", [.text("waybill schema \(name)")])
        try connection.run("SELECT set_config('lock_timeout', $1::text, true)", [.text(limit)])
    }

    /// Throws if the tables are not those that this program reads. Only reads.
    func checkIsNewest() throws {
        let version = try version()
        guard version == Self.newest else {
            throw StoreError(
                .misuse,
                "the schema \(name) has version \(version), this program reads \(Self.newest): start a server of its version once"
            )
        }
    }

    /// Only if there is none: one that was made for us needs no right to make another.
    private func makeSchema() throws {
        let isThere = try connection.first("SELECT 1 FROM pg_namespace WHERE nspname = $1::text", [.text(name)]) { _ in
            true
        }
        guard isThere == nil else { return }
        try connection.run([Connection.Statement(sql: "CREATE SCHEMA \(name)", keepsPlan: false)])
    }

    /// The version of the schema, 0 if it has no tables yet. Throws if this program must not touch it. Only reads.
    private func version() throws -> Int {
        let tables = try connection.first(
            """
            SELECT count(*) FILTER (WHERE tablename = 'schema_version'), count(*) FROM pg_tables WHERE schemaname = $1::text
            """, [.text(name)]
        ) { (own: $0.int(0), all: $0.int(1)) }
        guard let tables, tables.own > 0 else {
            guard tables?.all ?? 0 == 0 else {
                throw StoreError(
                    .misuse, "the schema \(name) has tables of another program; give Waybill a schema of its own")
            }
            return 0
        }
        let found = try connection.first(
            "SELECT coalesce(max(version), 0)::bigint, coalesce(max(oldest_user), 0)::bigint FROM schema_version"
        ) { (version: $0.number(0), oldestUser: $0.number(1)) }
        if let found, found.oldestUser > Self.newest {
            throw StoreError(
                .misuse,
                "the schema \(name) has version \(found.version), which programs of version \(found.oldestUser) and newer "
                    + "can use; this one knows \(Self.newest): use the newer one")
        }
        return found?.version ?? 0
    }

    private func migrate(from version: Int) throws {
        if version == 0 {
            try connection.run([
                Connection.Statement(
                    sql: """
                        CREATE TABLE IF NOT EXISTS schema_version (
                            version bigint PRIMARY KEY, oldest_user bigint NOT NULL, applied_at timestamptz NOT NULL)
                        """, keepsPlan: false)
            ])
        }
        for migration in Self.migrations where migration.version > version {
            try connection.runScript(migration.sql)
            try connection.run(
                "INSERT INTO schema_version (version, oldest_user, applied_at) VALUES ($1::bigint, $2::bigint, now())",
                [.int(migration.version), .int(migration.oldestUser)])
        }
    }

    /// After a dump was restored into another server, rows may have positions that its transactions have yet to reach:
    /// they would stand after newer ones, and a reader would wait for them. Any base above theirs makes that good.
    private func raisePositions() throws {
        try connection.run(
            """
            UPDATE position_base SET base = (SELECT max(position) FROM journal) >> 16
            WHERE (SELECT max(position) FROM journal) >=
                (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + base) << 16
            """)
    }
}
