import Contracts
import Crypto
import Delivery
import Foundation
import Logging
import ProcessEngine
import RabbitMQBus
import SQLiteStore
import ServiceLifecycle
import Services
import UnixSignals
import Values
import WebServer
import XMLReader
import YAMLReader

/// Everything in one process: the wiring of `waybill dev`.
struct DevServer {
    struct Configuration {
        var data: String
        var serving: ServingOptions.Checked
        var bus: RabbitMQConfiguration
        var log: Logger
    }

    private let configuration: Configuration
    private let began = ContinuousClock.now

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func run() async throws {
        let log = configuration.log
        let serving = configuration.serving
        let (time, random) = (SystemClock(), SystemRandom())
        let store = try await openStore()
        let bus = try RabbitMQBus(configuration.bus, logger: log)
        let registry = DefinitionRegistry(store: store, readModel: Readers.model)
        try await registry.refresh()
        let engine = EngineService(store: store, registry: registry, time: time, random: random, log: log)
        let names = BusNames(prefix: serving.busPrefix)
        let broker = BrokerService(
            engine: engine, bus: bus, time: time, random: random,
            configuration: try await brokerConfiguration(names, store), log: log)
        let relay = OutboxRelay(
            store: store, bus: bus, names: names, time: time, committed: engine.committed.listen(), log: log)
        let progress = ProjectorProgress()
        let projector = ProjectorService(
            journal: store, index: store, time: time, committed: engine.committed.listen(), progress: progress,
            log: log,
            notify: { await relay.publish($0) })
        let deployer = DeploymentService(
            config: store, registry: registry, time: time, log: log)
        let watch = ConfigWatch(bus: bus, names: names, deployer: deployer, time: time, random: random, log: log)
        let config = ConfigService(
            store: store, readContract: Readers.contract, readModel: Readers.model, hash: Readers.sha256, time: time,
            changed: { revision in
                await deployer.reconcileNow()
                await relay.publishConfigChange(revision)
            })
        let queries = QueryService(index: store, journal: store, engine: engine, progress: progress, time: time)
        let health = HealthService(
            checks: [
                ("store", { await Self.storeTrouble(store) }), ("bus", { await broker.trouble }),
                ("deployment", { await deployer.trouble }),
            ], engine: engine, broker: broker, store: store, index: store, progress: progress, bus: bus, names: names,
            time: time)
        let api = RESTAPI(
            starts: StartService(engine: engine, registry: registry), engine: engine, queries: queries, config: config,
            registry: registry, inputs: store, health: health)
        let began = began
        let address = "http://\(serving.host):"
        let web = WebServer(
            api: api, host: serving.host, port: serving.port, token: serving.token, log: log
        ) { port in
            let spent = began.duration(to: .now)
            log.notice("ready in \(spent.milliseconds) ms: \(address)\(port)")
        }
        // In the order they need each other; they are stopped in the reverse order.
        let services: [any Service] = [
            RoleService("bus", log: log) { try await bus.run() },
            RoleService("engine", log: log) { try await engine.run() },
            RoleService("relay", log: log) { try await relay.run() },
            RoleService("projector", log: log) { try await projector.run() },
            RoleService("deployer", log: log) { try await deployer.run() },
            RoleService("config watch", log: log) { try await watch.run() },
            RoleService("broker", log: log) { try await broker.run() },
            web,
        ]
        do {
            try await ServiceGroup(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: log
            ).run()
            log.notice("stopped")
        } catch {
            throw Self.explained(error, configuration)
        }
    }

    private func brokerConfiguration(
        _ names: BusNames, _ store: any StoreIdentity
    ) async throws -> BrokerConfiguration {
        let serving = configuration.serving
        var broker = BrokerConfiguration()
        broker.store = serving.adoptBus ? nil : try await store.identity()
        broker.delivery.names = names
        broker.delivery.queueType = serving.queueType
        broker.delivery.claimBase = serving.publicURL
        broker.delivery.limits.claimBytes = serving.claimBytes
        broker.pollLimit = serving.pollLimit
        if serving.publicURL == nil {
            configuration.log.notice(
                "agents do not know this server's address: --public-url would let large inputs travel over HTTP")
        }
        return broker
    }

    private func openStore() async throws -> SQLiteStore {
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandError("cannot make the data directory \(configuration.data): \(error.localizedDescription)")
        }
        do {
            return try await SQLiteStore(path: configuration.data + "/waybill.sqlite")
        } catch {
            throw CommandError("cannot open the store in \(configuration.data): \(error.message)")
        }
    }

    private static func storeTrouble(_ store: SQLiteStore) async -> String? {
        do {
            _ = try await store.indexPosition()
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func explained(_ error: any Error, _ configuration: Configuration) -> any Error {
        if let error = error as? BusOwnershipError { return CommandError("\(error)") }
        let text = "\(error)"
        guard text.contains("Address already in use") || text.contains("errno: 98") else { return error }
        return CommandError(
            "port \(configuration.serving.port) of \(configuration.serving.host) is taken; stop what listens there, or choose another with --listen"
        )
    }
}

/// The adapters as functions: what services need of files.
enum Readers {
    @Sendable static func contract(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> Contract {
        try Contract(YAMLReader.read(bytes, file: file))
    }

    @Sendable static func model(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> [ProcessDefinition] {
        try ProcessDefinition.read(XMLReader.read(bytes, file: file), file: file)
    }

    @Sendable static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
