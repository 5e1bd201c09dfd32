import Delivery
import Foundation
import ProcessEngine
import SQLiteStore
import Services
import ServicesTesting
import Testing
import Values

/// A directory of its own for one test, removed with it.
final class Scratch {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "waybill-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ name: String = "store.sqlite") -> String { directory.appending(path: name).path }
}

@Suite struct SQLiteStoreTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open() async throws -> SQLiteStore { try await SQLiteStore(path: scratch.path()) }

    private static func transition(_ seq: Int, _ instance: String = "a") -> Transition {
        Transition(
            instance: InstanceID(instance), seq: seq, at: Timestamp(millisecondsSinceEpoch: 1),
            events: Array("[\(seq)]".utf8))
    }

    @Test(arguments: ProcessStoreConformance.cases)
    func `is a process store that`(keeps promise: ProcessStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test(arguments: TaskLockStoreConformance.cases)
    func `is a lock store that`(keeps promise: TaskLockStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test(arguments: DeploymentRecordStoreConformance.cases)
    func `is a store of deployment records that`(keeps promise: DeploymentRecordStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test(arguments: DeploymentStoreConformance.cases)
    func `is a deployment store that`(keeps promise: DeploymentStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test(arguments: ConfigStoreConformance.cases)
    func `is a config store that`(keeps promise: ConfigStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test(arguments: SettingsStoreConformance.cases)
    func `is a settings store that`(keeps promise: SettingsStoreConformance.Case) async throws {
        try await promise.run(on: try await open())
    }

    @Test func `what a setting was is in none of its files once it is changed or gone`() async throws {
        let store = try await open()
        func put(_ text: String?) async throws {
            let id = SettingID(stage: "", name: "password")
            let version = try await store.settings().version
            let setting = text.map { StoredSetting(id: id, body: .object([("value", .string($0))])) }
            let isChanged = try await store.changeSettings(
                putting: setting.map { [$0] } ?? [], removing: setting == nil ? [id] : [], since: version)
            #expect(isChanged)
        }
        func isKept(_ text: String) throws -> Bool {
            try ["", "-wal"].contains { suffix in
                try Data(contentsOf: URL(filePath: scratch.path() + suffix)).range(of: Data(text.utf8)) != nil
            }
        }
        // One within a page, one of several.
        for secret in ["xyzzy-plugh", String(repeating: "plover-", count: 4000)] {
            try await put(secret)
            #expect(try isKept(secret.prefix(40).description))
            try await put("sealed")
            #expect(try !isKept("xyzzy-plugh") && !isKept("plover-plover"))
        }
        try await put(nil)
        #expect(try !isKept("sealed"))
    }

    @Test(arguments: RetentionStoreConformance.cases)
    func `removes what is over, and`(keeps promise: RetentionStoreConformance.Case) async throws {
        let store = try await open()
        try await promise.run(on: RetentionStoreConformance.Stores(process: store, index: store, retention: store))
    }

    @Test(arguments: IndexStoreConformance.cases)
    func `is an index store that`(keeps promise: IndexStoreConformance.Case) async throws {
        let store = try await open()
        try await promise.run(on: IndexStoreConformance.Stores(index: store, process: store))
    }

    @Test(arguments: 1...20)
    func `answers random work as the store in memory does`(seed: UInt64) async throws {
        var work = ProcessStoreDifferential(InMemoryProcessStore(), try await open(), seed: seed)
        try await work.run(steps: 150)
    }

    @Test func `has all that was committed when it is opened again`() async throws {
        var store = try await open()
        _ = try await store.commit((1...3).map { Self.transition($0) }, marks: [])
        try await store.close()
        store = try await open()
        let rows = try await store.journal(of: InstanceID("a"), after: 0)
        #expect(rows.map(\.events) == (1...3).map { Array("[\($0)]".utf8) })
        #expect(try await store.commit([Self.transition(3), Self.transition(4)], marks: []).outcomes[0] == .conflict)
    }

    /// The files are copied while the store is open, as a crash would leave them: what was answered must be there.
    @Test func `has all that was committed after a crash`() async throws {
        let store = try await open()
        for seq in 1...20 { _ = try await store.commit([Self.transition(seq)], marks: []) }
        let crashed = scratch.path("crashed.sqlite")
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: scratch.path() + suffix, toPath: crashed + suffix)
        }
        let recovered = try await SQLiteStore(path: crashed)
        #expect(try await recovered.journal(of: InstanceID("a"), after: 0).count == 20)
    }

    /// Cut anywhere in its last commits, the log gives back a beginning of what was committed, each transaction whole
    /// or not.
    @Test(arguments: [1, 17, 300, 4_097, 9_000])
    func `loses whole transactions only when the end of its log is lost`(cut: Int) async throws {
        let store = try await open()
        for seq in stride(from: 1, to: 20, by: 2) {
            _ = try await store.commit([Self.transition(seq), Self.transition(seq + 1)], marks: [])
        }
        let crashed = scratch.path("crashed.sqlite")
        try FileManager.default.copyItem(atPath: scratch.path(), toPath: crashed)
        let log = try Data(contentsOf: URL(filePath: scratch.path() + "-wal"))
        try log.dropLast(cut).write(to: URL(filePath: crashed + "-wal"))
        let recovered = try await SQLiteStore(path: crashed)
        let seqs = try await recovered.journal(of: InstanceID("a"), after: 0).map(\.seq)
        #expect(seqs == Array((1...18).prefix(seqs.count)) && seqs.count.isMultiple(of: 2))
        let next = try await recovered.commit([Self.transition(seqs.count + 1)], marks: [])
        #expect(next.outcomes != [.conflict])
    }

    @Test func `runs a commit to its end when the caller is cancelled`() async throws {
        let store = try await open()
        let caller = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await store.commit([Self.transition(1)], marks: [])
        }
        caller.cancel()
        #expect(try await caller.value.outcomes == [.committed(position: 1)])
    }

    @Test func `is open in one process only, and says in which`() async throws {
        let store = try await open()
        let error = await #expect(throws: StoreError.self) { try await open() }
        #expect(error?.kind == .inUse)
        #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
        try await store.close()
        #expect(try await open().head() == nil)
    }

    @Test func `throws misuse once it is closed`() async throws {
        let store = try await open()
        try await store.close()
        let error = await #expect(throws: StoreError.self) { try await store.nextDue() }
        #expect(error?.kind == .misuse)
    }

    @Test(arguments: [
        ("journal_mode", "wal"), ("synchronous", "2"), ("locking_mode", "exclusive"), ("foreign_keys", "1"),
        ("mmap_size", "0"),
    ])
    func `opens its file with`(setting: String, value: String) async throws {
        #expect(try await open().query("PRAGMA \(setting)") == [[value]])
    }

    @Test func `refuses the file of a newer version`() async throws {
        let store = try await open()
        _ = try await store.query("INSERT INTO schema_version VALUES (999, 0)")
        try await store.close()
        let error = await #expect(throws: StoreError.self) { try await open() }
        #expect(error?.kind == .misuse)
        #expect(error?.message.contains("schema version 999") == true)
    }

    @Test func `refuses the file of another program and leaves it alone`() async throws {
        let store = try await open()
        _ = try await store.query("PRAGMA application_id = 7")
        try await store.close()
        let before = try Data(contentsOf: URL(filePath: scratch.path()))
        let error = await #expect(throws: StoreError.self) { try await open() }
        #expect(error?.kind == .misuse)
        #expect(try Data(contentsOf: URL(filePath: scratch.path())) == before)
    }

    @Test func `calls a file that is no database corrupt`() async throws {
        try Data("this is a text, and a long one, which no database is".utf8).write(to: URL(filePath: scratch.path()))
        let error = await #expect(throws: StoreError.self) { try await open() }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("SQLite error 26") == true)
    }

    @Test func `says that a directory is missing`() async throws {
        let error = await #expect(throws: StoreError.self) {
            try await SQLiteStore(path: scratch.path("none/store.sqlite"))
        }
        #expect(error?.kind == .unavailable)
    }

    @Test func `rolls back and stays usable when the disk is full`() async throws {
        let store = try await open()
        _ = try await store.commit([Self.transition(1)], marks: [])
        _ = try await store.query("PRAGMA max_page_count = 60")
        var large = Self.transition(2)
        large.events = Array(repeating: 32, count: 1_000_000)
        let batch = [Self.transition(1, "b"), large]
        let error = await #expect(throws: StoreError.self) { try await store.commit(batch, marks: []) }
        #expect(error?.kind == .full)
        #expect(error?.message.contains("SQLite error 13") == true)
        #expect(try await store.journal(after: 0, limit: 10).count == 1)
        _ = try await store.query("PRAGMA max_page_count = 100000")
        #expect(try await store.commit([large], marks: []).outcomes.first != .conflict)
    }
}
