import Foundation
import Logging
import Services
import Synchronization
import Values
import WebServerTesting

/// Keys of tests: `wb_NAME` is the key of that name.
enum Keys {
    static func key(_ name: String, _ roles: KeyRole..., workflows: [String]? = nil, expires: Timestamp? = nil)
        -> AccessKey
    {
        AccessKey(
            name: name, roles: roles, sha256: TestServer.digest(Array("wb_\(name)".utf8)), expires: expires,
            workflows: workflows?.compactMap { NamePattern($0) })
    }

    /// One of each role, called as the role.
    static let ofRoles = KeyRole.allCases.map { key($0.rawValue, $0) }

    static func client(_ server: TestServer, _ name: String) -> TestClient {
        TestClient(server, headers: [("Authorization", "Bearer wb_\(name)")])
    }

    static func run(
        _ keys: [AccessKey], audit: (any AuditLog)? = nil, log: Logger? = nil,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(keys: { KeyRing(keys) }, audit: audit, log: log, body)
    }
}

/// An audit log that keeps its entries, and that can be told to fail.
final class AuditMemory: AuditLog {
    struct Full: Error {}
    private struct State {
        var entries: [AuditEntry] = []
        var isReady = true
        var takes = true
    }
    private let state = Mutex(State())

    var entries: [AuditEntry] { state.withLock { $0.entries } }

    func fail(ready: Bool, append: Bool) {
        state.withLock { ($0.isReady, $0.takes) = (!ready, !append) }
    }

    func ready() async throws {
        guard state.withLock({ $0.isReady }) else { throw Full() }
    }

    func append(_ entry: AuditEntry) async throws {
        try state.withLock { state in
            guard state.takes else { throw Full() }
            state.entries.append(entry)
        }
    }
}

/// A directory that is gone after the test.
func withDirectory<Answer>(_ body: (URL) async throws -> Answer) async throws -> Answer {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("waybill-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory)
}
