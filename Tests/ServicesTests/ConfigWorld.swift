import Contracts
import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Staging
import Synchronization
import Testing
import Values
import XMLReader
import YAMLReader

/// A config store with its service, and the deployment service that follows it.
struct ConfigWorld: Sendable {
    let shop: Workshop
    let store: ScriptedConfigStore
    let service: ConfigService
    let deployer: DeploymentService
    /// Of this installation's process.
    let crash = Crash()

    init(
        _ simulation: Simulation, follows: Bool = true, id: String = "memory",
        policy: Reconciliation.DriftPolicy = .report, engineCheck: ConfigService.EngineCheck? = nil
    ) {
        let store = ScriptedConfigStore(id: id)
        self.store = store
        shop = Workshop(simulation)
        let faults = crash.faults
        let deployer = DeploymentService(
            config: store, target: StoreDeploymentTarget(registry: shop.registry, time: simulation.clock),
            time: simulation.clock, log: .silent, policy: policy, faults: faults)
        self.deployer = deployer
        service = ConfigService(
            store: store, readContract: { bytes, file in try Contract(YAMLReader.read(bytes, file: file)) },
            readModel: Model.read, readTree: Model.tree, hash: { bytes in Self.hash(bytes) }, time: simulation.clock,
            faults: faults, engineCheck: engineCheck,
            changed: { _ in
                if follows { await deployer.reconcileNow() }
                try? await faults.around(.change, "notice") {}
            })
    }

    /// Good enough to tell contents apart.
    static func hash(_ bytes: [UInt8]) -> String {
        var number: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { number = (number ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(number, radix: 16)
    }

    @discardableResult
    func push(
        _ files: ConfigService.File..., parent: Int? = nil, prune: Bool = false, dryRun: Bool = false
    ) async throws -> ConfigService.Report {
        try await service.push(
            files, author: "anna", message: "a change", parent: parent, prune: prune, dryRun: dryRun)
    }

    // MARK: Files

    static func file(_ path: String, _ text: String) -> ConfigService.File {
        ConfigService.File(path: path, content: Array(text.utf8))
    }

    static let work = file("work.yaml", "kind: task\nname: work\nversion: \"1.0\"\ninput: {type: object}\n")
    static let model = ConfigService.File(path: "p.bpmn", content: Model.sequence("work"))

    static func modelNamed(_ name: String) -> ConfigService.File {
        ConfigService.File(
            path: "p.bpmn",
            content: Model.bpmn(
                "<startEvent id=\"start\"/>" + Model.task("t", "work") + "<endEvent id=\"end\" name=\"\(name)\"/>"
                    + Model.chain("start", "t", "end")))
    }

    static func order(_ version: String, name: String = "order", process: String = "p") -> ConfigService.File {
        file(
            "\(name).yaml",
            """
            kind: workflow
            name: \(name)
            version: "\(version)"
            process: \(process)
            objectId: orderId
            input:
              type: object
              required: [orderId]
              properties:
                orderId: {type: string}
                count: {type: integer}
                priority: {type: string, enum: [normal, high], default: normal}

            """)
    }
}

/// A config store in memory that lets a test step in between.
final class ScriptedConfigStore: ConfigStore, StoreIdentity {
    private let inner: InMemoryConfigStore
    private let state = Mutex<State>(State())

    private struct State {
        var beforePush: (@Sendable () async throws -> Void)?
        var afterReading: (@Sendable () async throws -> Void)?
        var isAway = false
    }

    init(id: String = "memory") {
        inner = InMemoryConfigStore(id: id)
    }

    /// Happens once, before the next push.
    func beforeNextPush(_ body: @escaping @Sendable () async throws -> Void) { state.withLock { $0.beforePush = body } }
    /// Happens once, between the next reading of all entries and its answer.
    func afterNextReading(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.afterReading = body }
    }
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    func identity() async throws -> String { try await inner.identity() }
    func head() async throws -> Revision? {
        if state.withLock(\.isAway) { throw StoreError(.unavailable, "the config store is away") }
        return try await inner.head()
    }
    func revisions(before: Int?, limit: Int) async throws -> [Revision] {
        try await inner.revisions(before: before, limit: limit)
    }
    func artifacts(at revision: Int?) async throws -> [ArtifactEntry] {
        let entries = try await inner.artifacts(at: revision)
        let body = state.withLock { state in
            defer { state.afterReading = nil }
            return state.afterReading
        }
        try await body?()
        return entries
    }
    func takeLease(_ lease: StagingLease, at now: Timestamp) async throws -> StagingLease? {
        try await inner.takeLease(lease, at: now)
    }
    func releaseLease(_ id: String) async throws { try await inner.releaseLease(id) }
    func content(_ hash: String) async throws -> [UInt8]? { try await inner.content(hash) }
    func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome {
        let body = state.withLock { state in
            defer { state.beforePush = nil }
            return state.beforePush
        }
        try await body?()
        return try await inner.push(change, at: now)
    }
}
