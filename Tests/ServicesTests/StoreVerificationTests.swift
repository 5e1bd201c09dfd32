import Foundation
import SQLiteStore
import Services
import ServicesTesting
import Testing

/// What `waybill verify` finds in the file of an embedded store.
@Suite struct StoreVerificationTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The tests compare hashes with themselves.
    private static let hash: StoreVerification.Hash = { bytes in
        "\(bytes.reduce(7) { ($0 * 31 + Int($1)) % 1_000_003 })"
    }

    private func filled() async throws {
        let store = try await SQLiteStore(path: scratch.path())
        try await StoreVerificationConformance.fill(
            store, store, readModel: Model.read, readTree: Model.tree, contract: try Model.contract("work"),
            hash: Self.hash)
        try await store.close()
    }

    private func verify(settled: Bool = false) async throws -> VerificationReport {
        try await StoreVerification(settled: settled, batch: 1, hash: Self.hash)
            .run(on: SQLiteInspection(path: scratch.path()))
    }

    private func damage(_ statements: [String]) async throws {
        let store = try await SQLiteStore(path: scratch.path())
        for statement in ["PRAGMA foreign_keys = OFF"] + statements { _ = try await store.query(statement) }
        try await store.close()
    }

    @Test func `a store that was worked with is well, and its file is not touched`() async throws {
        try await filled()
        let before = try Data(contentsOf: URL(fileURLWithPath: scratch.path()))
        let report = try await verify()
        #expect(report.violations == [])
        #expect(report.instances == 3)
        #expect(report.tasks == 2)
        #expect(report.timers == 1)
        #expect(report.subscriptions == 1)
        #expect(report.contents == 4)
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path())) == before)
    }

    @Test(arguments: StoreVerificationConformance.damages)
    func `a damage is found, and nothing else`(_ damage: StoreVerificationConformance.Damage) async throws {
        try await filled()
        try await self.damage(damage.statements)
        let report = try await verify()
        #expect(Set(report.violations.map(\.rule)) == damage.rules, "\(report.violations)")
    }

    @Test(arguments: [
        ("UPDATE journal SET events = CAST('nonsense' AS BLOB) WHERE seq = 1", StoreRule.readable),
        ("UPDATE task SET phase = 9", .readable),
        ("INSERT INTO inbox (due_at, body) VALUES (1, CAST('{}' AS BLOB))", .inbox),
        ("INSERT INTO revision_entry VALUES (1, 'task', 'gone', '1.0', 'gone')", .file),
    ])
    func `what cannot be read or refers to nothing is told`(statement: String, rule: StoreRule) async throws {
        try await filled()
        try await damage([statement])
        #expect(try await verify().violations.contains { $0.rule == rule })
    }

    /// Most of it is in the log then, and not in the file.
    @Test func `what a crash left is read with its log`() async throws {
        let store = try await SQLiteStore(path: scratch.path())
        try await StoreVerificationConformance.fill(
            store, store, readModel: Model.read, readTree: Model.tree, contract: try Model.contract("work"),
            hash: Self.hash)
        for end in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: scratch.path() + end, toPath: scratch.path("crashed.sqlite") + end)
        }
        try await store.close()
        let report = try await StoreVerification(hash: Self.hash)
            .run(on: SQLiteInspection(path: scratch.path("crashed.sqlite")))
        #expect(report.violations == [])
        #expect(report.instances == 3)
    }

    @Test func `where everything should be over, what is open is told`() async throws {
        try await filled()
        let report = try await verify(settled: true)
        #expect(Set(report.violations.map(\.rule)) == [.settled])
        #expect(report.count == 2)
    }

    @Test func `a file that a server has, or that is not there, is not read`() async throws {
        let store = try await SQLiteStore(path: scratch.path())
        await #expect(throws: StoreError.self) { _ = try await verify() }
        try await store.close()
        await #expect(throws: StoreError.self) {
            _ = try await StoreVerification(hash: Self.hash).run(on: SQLiteInspection(path: scratch.path("other")))
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("other")))
    }
}
