import GRDB
import Services
import Values

extension StoreError {
    /// Keeps SQLite's own code and text, and adds what to do.
    init(sqlite error: DatabaseError) {
        let text = "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no text")"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.full, "\(text); nothing was stored: free disk space, then try again")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.corrupt, "\(text); the file is damaged or no store: restore it from a backup")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.inUse, "\(text); another program has the file open: close it")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_NOMEM,
            .SQLITE_PROTOCOL,
            .SQLITE_INTERRUPT:
            self.init(.unavailable, "\(text); check the disk, the path and its rights")
        default:
            // What is left are constraints and statements: a caller broke the port's contract, or we did.
            self.init(.misuse, error.sql.map { "\(text) in \($0)" } ?? text)
        }
    }
}

extension Result where Failure == StoreError {
    /// Runs `body`; whatever it throws becomes a `StoreError`.
    static func ofStore(_ body: () throws -> Success) -> Result<Success, StoreError> {
        do {
            return .success(try body())
        } catch let error as StoreError {
            return .failure(error)
        } catch let error as DatabaseError {
            return .failure(StoreError(sqlite: error))
        } catch let error as JSONError {
            return .failure(StoreError(.corrupt, "a stored JSON text cannot be read: \(error.message)"))
        } catch {
            return .failure(StoreError(.unavailable, "\(error)"))
        }
    }
}
