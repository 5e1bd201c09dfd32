import GRDB
package import Services

extension SQLiteStore: DurabilityReporting {
    package func reportedDurability() async throws -> StoreDurability {
        try await read { database in
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? "unknown"
            let level = try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1
            let names = [0: "off", 1: "normal", 2: "full", 3: "extra"]
            return StoreDurability(
                settings: [
                    .init("store", "sqlite"), .init("journal_mode", mode),
                    .init("synchronous", names[level] ?? "unknown"),
                ], isDurable: mode == "wal" && level >= 2)
        }
    }
}
