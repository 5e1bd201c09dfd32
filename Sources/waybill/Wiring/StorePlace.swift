import Foundation
import Logging
import PostgresStore
import SQLiteStore
import Services

/// Every store of Waybill, in one place.
typealias WaybillStore = ProcessStore & DeploymentStore & ConfigStore & IndexStore & TaskInputStore & StoreIdentity
    & TaskLockStore & DeploymentRecordStore & DurabilityReporting & SettingsStore & RetentionStore

/// Where the data are.
enum StorePlace {
    /// A directory of this machine, for one process.
    case directory(String)
    /// A PostgreSQL database, for many.
    case postgres(PostgresConfiguration)

    /// Whether other processes may have it too.
    var isShared: Bool {
        switch self {
        case .directory: false
        case .postgres: true
        }
    }

    /// Throws `CommandError`.
    func open() async throws -> OpenStore {
        switch self {
        case .directory(let path): return try await Self.openFile(in: path)
        case .postgres(let configuration):
            do {
                let store = try await PostgresStore(configuration: configuration)
                return OpenStore(store: store, hints: store.hints) { await store.close() }
            } catch {
                throw CommandError("cannot use the database: \(error.message)")
            }
        }
    }

    /// Without opening it as a server would: nothing is made, nothing is changed.
    func verify(_ verification: StoreVerification) async throws(StoreError) -> VerificationReport {
        switch self {
        case .directory(let path): try await verification.run(on: SQLiteInspection(path: Self.file(in: path)))
        case .postgres(let configuration):
            try await verification.run(on: PostgresInspection(configuration: configuration))
        }
    }

    private static func file(in directory: String) -> String { directory + "/waybill.sqlite" }

    private static func openFile(in directory: String) async throws -> OpenStore {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandError("cannot make the data directory \(directory): \(error.localizedDescription)")
        }
        do {
            let store = try await SQLiteStore(path: file(in: directory))
            return OpenStore(store: store, hints: nil) { try? await store.close() }
        } catch {
            throw CommandError("cannot open the store in \(directory): \(error.message)")
        }
    }
}

/// A store in use.
struct OpenStore {
    let store: any WaybillStore
    /// Fires when another process has committed; nil where there is none.
    let hints: Broadcast?
    let close: @Sendable () async -> Void
}
