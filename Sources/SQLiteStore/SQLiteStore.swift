import Dispatch
import GRDB
package import Services
import Synchronization
import Values

/// The embedded store: one SQLite file that holds the engine, the config store and the workflow index.
///
/// One connection both writes and checkpoints: SQLite before 3.51.3 (Debian 12 has 3.40.1) can corrupt a database whose
/// WAL is reset by one connection while another writes. The connection therefore locks the file exclusively, and a lock
/// file says which process has it. Every commit is synced to the disk before it is answered (WAL, `synchronous=FULL`).
///
/// Every method runs on the connection's own queue, never on a shared thread, and runs to its end even when its caller
/// is cancelled: a commit is never cut short. All methods throw `StoreError`.
package final class SQLiteStore: Sendable {
    let database: DatabaseQueue
    private let lock: FileLock
    private let writes = Mutex<[GroupedWrite]>([])

    /// Opens the store in the file at `path`, makes it if there is none, and brings its schema up to date.
    ///
    /// Throws `.inUse` if another process has the file, `.misuse` if it is no store or a newer version's, `.corrupt`,
    /// `.full` or `.unavailable` with SQLite's code and text.
    package convenience init(path: String) async throws(StoreError) {
        let opened: Result<(FileLock, DatabaseQueue), StoreError> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "waybill.sqlite.open").async {
                continuation.resume(returning: Result.ofStore { try Self.open(path) })
            }
        }
        let (lock, database) = try opened.get()
        self.init(database: database, lock: lock)
    }

    private init(database: DatabaseQueue, lock: FileLock) {
        self.database = database
        self.lock = lock
    }

    /// Moves the WAL into the file and gives the file free. Later calls of any method throw `.misuse`.
    package func close() async throws(StoreError) {
        let lock = lock
        let database = database
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            // On a queue of its own: `close` waits for the connection's queue.
            DispatchQueue(label: "waybill.sqlite.close").async {
                continuation.resume(
                    returning: Result.ofStore {
                        try database.close()
                        lock.release()
                    })
            }
        }
        try result.get()
    }

    /// Runs `body` in one transaction; whatever it throws, nothing of it is kept.
    ///
    /// Writes that wait at the same moment share the transaction, and with it the wait for the disk. If one of them throws,
    /// nothing of them is kept and each runs again in a transaction of its own: so `body` may run twice.
    func write<Answer: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Answer
    ) async throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            let write = GroupedWrite(body) { continuation.resume(returning: $0) }
            let isFirst = writes.withLock { writes in
                writes.append(write)
                return writes.count == 1
            }
            // Whoever comes before the connection is free is taken along.
            if isFirst { database.asyncWriteWithoutTransaction { self.runWrites($0) } }
        }
        return try result.get()
    }

    private func runWrites(_ database: Database) {
        let group = writes.withLock { writes in
            defer { writes = [] }
            return writes
        }
        if group.count > 1, (try? GroupedWrite.run(group, in: database)) != nil { return }
        for write in group {
            do {
                try GroupedWrite.run([write], in: database)
            } catch {
                write.fail(error)
            }
        }
    }

    /// Runs `body`, which only reads. It needs no transaction: on one connection nothing changes in between.
    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Answer
    ) async throws(StoreError) -> Answer {
        try await run(body)
    }

    /// Moves the WAL into the file and leaves nothing in it.
    func emptyLog() async throws(StoreError) {
        try await run { database in _ = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// GRDB's own async methods would give up on cancellation, with a commit half known: so this one continuation.
    private func run<Answer: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Answer
    ) async throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { database in
                continuation.resume(returning: Result.ofStore { try body(database) })
            }
        }
        return try result.get()
    }
}
