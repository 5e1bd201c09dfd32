import Foundation
import PostgresStore
import Services

/// The store that a bench measures: made for it, and removed after it.
enum BenchStore: Sendable {
    case sqlite
    /// A database, in which the bench makes a schema of its own.
    case postgres(url: String, schema: String)

    /// The database's address is the content of `file`; nil: SQLite. Throws `CommandError`.
    init(postgresURLFile file: String?) throws {
        guard let file else {
            self = .sqlite
            return
        }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandError("cannot read the database's address from \(file)")
        }
        let url = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !url.contains("schema=") else {
            throw CommandError("the bench makes a schema of its own: leave schema out of the database's address")
        }
        let schema = "bench_\(UInt32.random(in: 0...UInt32.max))"
        self = .postgres(url: url + (url.contains("?") ? "&" : "?") + "schema=\(schema)", schema: schema)
    }

    /// What makes a server use it; files are put into `folder`.
    func serverArguments(_ folder: String) throws -> [String] {
        switch self {
        case .sqlite: return ["dev", "--data", folder + "/data"]
        case .postgres(let url, _):
            let file = folder + "/postgres.url"
            // It may hold a password.
            guard
                FileManager.default.createFile(
                    atPath: file, contents: Data(url.utf8), attributes: [.posixPermissions: 0o600])
            else { throw CommandError("cannot write to \(folder)") }
            return ["serve", "--postgres-url-file", file]
        }
    }

    /// The port of a database on this machine.
    var localPort: Int? {
        switch self {
        case .sqlite: return nil
        case .postgres(let url, _):
            guard
                let found = url.firstMatch(
                    of: #/^[^\/]*\/\/(?:[^@\/]*@)?(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?[\/?]/#)
            else { return nil }
            return found.output.1.map { Int($0) } ?? 5432
        }
    }

    /// A directory goes with the folder it is in; a schema is dropped.
    func remove() async throws {
        switch self {
        case .sqlite: return
        case .postgres(let url, let schema):
            do {
                let store = try await PostgresStore(configuration: PostgresConfiguration(url: url))
                let result: Result<Void, any Error>
                do {
                    result = .success(try await store.removeEverything())
                } catch {
                    result = .failure(error)
                }
                await store.close()
                try result.get()
            } catch {
                throw CommandError("the schema \(schema) of the bench is still there: \(error)")
            }
        }
    }
}
