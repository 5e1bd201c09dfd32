import Foundation
import GRDB
import Services

/// The schema of the file: a list of migrations that only grows. A file is brought forward, one transaction a version,
/// never back.
enum Schema {
    struct Migration {
        var version: Int
        var sql: String
    }

    static let migrations = [
        migration1, migration2, migration3, migration4, migration5, migration6, migration7, migration8, migration9,
        migration10, migration11, migration12, migration13,
    ]
    static var newest: Int { migrations.last?.version ?? 0 }

    /// "WayB": says in the file's header whose it is.
    private static let applicationID = 0x5761_7942

    /// The version of the file, 0 for a new one. Throws if this program must not touch it. Only reads.
    static func version(of database: Database, path: String) throws -> Int {
        guard try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") != 0 else { return 0 }
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw StoreError(.misuse, "\(path) is a database of another program; give Waybill a file of its own")
        }
        let version = try Int.fetchOne(database, sql: "SELECT max(version) FROM schema_version") ?? 0
        guard version <= newest else {
            throw StoreError(
                .misuse,
                "\(path) has schema version \(version), this program knows \(newest): use the newer one that wrote it"
            )
        }
        return version
    }

    static func migrate(_ database: Database, from version: Int) throws {
        for migration in migrations where migration.version > version {
            try database.inTransaction(.immediate) {
                try database.execute(sql: migration.sql)
                try database.execute(
                    sql: "INSERT INTO schema_version (version, applied_at) VALUES (?, ?)",
                    arguments: [migration.version, Int64(Date().timeIntervalSince1970 * 1000)])
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                return .commit
            }
        }
    }
}
