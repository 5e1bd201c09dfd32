import Contracts
import Delivery
import Foundation
package import Logging
import ProcessEngine
package import Services
package import ServicesTesting
package import Values
package import WebServer
import XMLReader
import YAMLReader

/// A Waybill in this process for one test: engine, index and HTTP server on a port of its own, everything in memory.
package struct TestServer: Sendable {
    package let port: Int
    package let engine: EngineService
    package let process: InMemoryProcessStore
    package let deployments: InMemoryDeploymentStore
    package let registry: DefinitionRegistry
    package let config: InMemoryConfigStore
    /// What it answers, with what each asks of its caller.
    package let routes: [DeclaredRoute]
    package let time: any TimeSource

    /// What installations differ in.
    package struct Site: Sendable {
        /// Of its config store.
        package var id = "memory"
        package var trust = StagingService.Trust(verify: { _, _ in false })
        package var box = SecretBox.none
        package var stage = ""
        package init() {}
    }

    /// Runs a server as long as `body` runs.
    package static func run<Answer: Sendable>(
        token: String? = nil, keys: (@Sendable () -> KeyRing)? = nil, tokens: (any TokenVerifier)? = nil,
        audit: (any AuditLog)? = nil, rateLimit: RateLimit? = nil, maxConnections: Int = 2000,
        log: Logger? = nil, idleTimeout: Duration = .seconds(60), messages: (any MessageCorrelation)? = nil,
        site: Site = Site(),
        _ body: @escaping @Sendable (TestServer) async throws -> Answer
    ) async throws -> Answer {
        let parts = Parts(messages: messages, site: site)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let web = WebServer(
            health: parts.health, api: parts.api, dialect: parts.dialect, host: "127.0.0.1", port: 0,
            security: Security(
                keys: keys ?? Security.keys(token: token, file: nil, hash: digest), tokens: tokens, audit: audit,
                hash: digest, time: parts.time, rateLimit: rateLimit),
            log: log ?? parts.log, idleTimeout: idleTimeout, maxConnections: maxConnections
        ) { port.yield($0) }
        let routes = web.declared
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask { try await ended { try await parts.engine.run() } }
            group.addTask { try await ended { try await parts.projector.run() } }
            group.addTask { try await ended { try await web.run() } }
            group.addTask {
                for await port in ports {
                    return try await body(
                        TestServer(
                            port: port, engine: parts.engine, process: parts.process, deployments: parts.deployments,
                            registry: parts.registry, config: parts.configStore, routes: routes, time: parts.time))
                }
                return nil
            }
            // The first that ends is the body, or what ended before its time.
            let first = try await group.next()
            group.cancelAll()
            while try await group.next() != nil {}
            guard let answer = first?.flatMap({ $0 }) else { throw ServerEnded() }
            return answer
        }
    }

    private static func ended<Answer>(_ service: () async throws -> Void) async throws -> Answer? {
        do {
            try await service()
        } catch is CancellationError {
            // The way it is told to end.
        }
        return nil
    }

    /// Deploys a model as the config store would, with a workflow contract, or without one.
    package func deploy(
        _ model: [UInt8], process: String = "p", workflow: String? = nil, contracts: [DeployedContract] = []
    ) async throws {
        let process = Deployment.Process(
            process: process, source: model, hash: String(decoding: model, as: UTF8.self), workflow: workflow,
            workflowVersion: workflow.map { _ in "1.0" })
        _ = try await deployments.deploy(Deployment(processes: [process], contracts: contracts), at: time.now)
        try await registry.refresh()
    }

    /// Good enough to tell contents apart.
    package static func hash(_ bytes: [UInt8]) -> String {
        var number: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { number = (number ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(number, radix: 16)
    }

    /// Stands for SHA-256, in its length too.
    @Sendable package static func digest(_ bytes: [UInt8]) -> String {
        (0..<4).map { round in
            let text = hash([UInt8(round)] + bytes)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }

    package struct ServerEnded: Error {}

    private struct Parts: Sendable {
        let process = InMemoryProcessStore()
        let deployments = InMemoryDeploymentStore()
        let time = WallClock()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let registry: DefinitionRegistry
        let engine: EngineService
        let projector: ProjectorService
        let api: RESTAPI
        let dialect: EngineREST
        let health: HealthService
        let configStore: InMemoryConfigStore

        init(messages: (any MessageCorrelation)?, site: Site) {
            let random = SeededRandom(seed: UInt64(Date().timeIntervalSince1970 * 1_000_000))
            let index = InMemoryIndexStore(live: process)
            let progress = ProjectorProgress()
            registry = DefinitionRegistry(store: deployments, readModel: Self.read, readTree: Self.tree)
            engine = EngineService(store: process, registry: registry, time: time, random: random, log: log)
            projector = ProjectorService(
                journal: process, index: index, time: time, committed: engine.committed.listen(), progress: progress,
                log: log)
            let queries = QueryService(index: index, journal: process, engine: engine, progress: progress, time: time)
            let starts = StartService(engine: engine, registry: registry)
            let migrations = MigrationService(engine: engine, registry: registry, queries: queries)
            let events = EventService(engine: engine, store: process, registry: registry, time: time)
            let configStore = InMemoryConfigStore(id: site.id)
            self.configStore = configStore
            let deployer = DeploymentService(
                config: configStore, target: StoreDeploymentTarget(registry: registry, time: time), time: time, log: log
            )
            let config = ConfigService(
                store: configStore, readContract: { try Contract(YAMLReader.read($0, file: $1)) }, readModel: Self.read,
                readTree: Self.tree, hash: Self.hash, time: time, changed: { _ in await deployer.reconcileNow() })
            let settings = SettingsService(
                store: InMemorySettingsStore(), box: site.box, stage: site.stage, time: time, log: log)
            api = RESTAPI(
                starts: starts, engine: engine, queries: queries, config: config,
                deployment: deployer, registry: registry, inputs: process,
                events: events, decisions: DecisionService(registry: registry, time: time),
                staging: StagingService(
                    config: config, index: index, registry: registry, migrations: migrations, trust: site.trust,
                    settingNames: { try await settings.names() }), settings: settings,
                histories: HistoryService(journal: process, registry: registry),
                restarts: RestartService(engine: engine, registry: registry, journal: process), migrations: migrations)
            health = HealthService(
                checks: [], engine: engine, broker: nil, store: process, index: index, progress: progress, bus: nil,
                names: BusNames(prefix: ""), time: time)
            dialect = EngineREST(
                engine: engine, starts: starts,
                tasks: ExternalTaskService(
                    engine: engine, store: process, locks: process, registry: registry, queries: queries, time: time,
                    random: random),
                queries: queries, registry: registry,
                deployer: ModelDeployer(
                    records: InMemoryDeploymentRecordStore(), index: index, registry: registry, readModel: Self.read,
                    readTree: Self.tree, hash: Self.hash, time: time, random: random),
                messages: messages ?? events, decisions: DecisionService(registry: registry, time: time))
        }

        @Sendable static func hash(_ bytes: [UInt8]) -> String { TestServer.hash(bytes) }

        @Sendable static func tree(_ source: [UInt8], file: String) throws -> SourceNode {
            try XMLReader.read(source, file: file)
        }

        @Sendable static func read(_ source: [UInt8], file: String) throws -> [ProcessDefinition] {
            try ProcessDefinition.read(XMLReader.read(source, file: file), file: file)
        }
    }
}

/// The machine's clock.
package struct WallClock: TimeSource {
    package init() {}

    package var now: Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1000))
    }

    package func sleep(until deadline: Timestamp) async throws {
        let wait = deadline.duration(since: now)
        if wait > .zero { try await Task.sleep(for: wait) }
    }
}
