import GRDB
import Services

extension SQLiteStore {
    /// Locks, opens and sets up the file. The lock comes first: what follows may write.
    static func open(_ path: String) throws -> (FileLock, DatabaseQueue) {
        let lock = try FileLock(forStoreAt: path)
        var configuration = Configuration()
        configuration.label = "waybill.sqlite"
        configuration.foreignKeysEnabled = true
        // Only a foreign program (a shell on the file) can be in the way, and only for a moment.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // No second connection, ours or a shell's, may touch the WAL (see the type). It also spares the
            // shared-memory file. Before the first access, so that the WAL's index lives in this process's memory.
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.inDatabase { database in
            // First, so that another program's file is refused untouched.
            let version = try Schema.version(of: database, path: path)
            try tune(database)
            try Schema.migrate(database, from: version)
        }
        return (lock, database)
    }

    private static func tune(_ database: Database) throws {
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw StoreError(
                .unavailable,
                "SQLite cannot keep a write-ahead log here (journal mode \(mode ?? "unknown")); use a local file system"
            )
        }
        try database.execute(
            sql: """
                PRAGMA synchronous = FULL;
                -- 32 MiB at most, and only as far as pages are touched.
                PRAGMA cache_size = -32768;
                -- An I/O error of a mapped file would be a signal, not an error.
                PRAGMA mmap_size = 0;
                PRAGMA temp_store = MEMORY;
                -- 16 MiB: long enough that hot pages are written back once for many commits, short enough to open
                -- quickly after a crash, when the log is read once.
                PRAGMA wal_autocheckpoint = 4000;
                PRAGMA journal_size_limit = 67108864;
                """)
    }
}
