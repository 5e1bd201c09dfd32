import CamundaClient
import Delivery
import Logging
import RabbitMQBus
import Services
import WebServer

/// The services of one process over one store and one bus. Those that no role of it needs are made and never run.
struct Parts: Sendable {
    let bus: RabbitMQBus
    let engine: EngineService
    /// Nil without its role.
    let broker: BrokerService?
    /// Nil without a broker that has its engine in this process.
    let startQueue: StartQueueService?
    let relay: OutboxRelay
    let projector: ProjectorService
    let retention: RetentionService
    let deployer: DeploymentService
    let configWatch: ConfigWatch
    let health: HealthService
    /// What the config store says of contracts, for a broker whose engine is elsewhere; else nil.
    let remoteContracts: ConfigContracts?

    private let registry: DefinitionRegistry
    private let progress: ProjectorProgress
    private let time = SystemClock()
    private let log: Logger
    private let projectsHere: Bool
    /// Who may sign the bundles that are staged here; empty: anybody may, signed or not.
    private let bundleKeys: Set<String>
    private let settings: SettingsService
    private let faults: FaultPoint
    private let engineCheck: ConfigService.EngineCheck?

    init(_ configuration: Server.Configuration, _ opened: OpenStore) async throws {
        let (store, random, time) = (opened.store, SystemRandom(), time)
        let roles = configuration.roles
        let log = configuration.log
        bundleKeys = configuration.serving.bundleKeys
        let settings = SettingsService(
            store: store, box: configuration.serving.secretBox, stage: configuration.serving.stage, time: time, log: log
        )
        self.settings = settings
        let names = BusNames(prefix: configuration.serving.busPrefix)
        let bus = try RabbitMQBus(configuration.bus, logger: log)
        let registry = DefinitionRegistry(store: store, readModel: Readers.model, readTree: Readers.tree)
        try await registry.refresh()
        var engineConfiguration = EngineConfiguration()
        engineConfiguration.zones = SystemZones(log: log)
        engineConfiguration.sharedStore = configuration.place.isShared
        let engine = EngineService(
            store: store, registry: registry, time: time, random: random, configuration: engineConfiguration, log: log)
        var tasks: any TaskEngine = engine
        var contracts: ConfigContracts?
        if let other = configuration.engine {
            let source = ConfigContracts(store: store, time: time, log: log)
            contracts = source
            tasks = CamundaClient(
                transport: other.transport, contracts: source, time: time, random: random, log: log)
        }
        remoteContracts = contracts
        let broker: BrokerService? =
            roles.contains(.broker)
            ? BrokerService(
                engine: tasks, bus: bus, time: time, random: random,
                configuration: try await Self.broker(configuration, names, store), settings: settings, log: log) : nil
        startQueue = broker.flatMap {
            Self.startQueue(configuration, engine, registry, bus, names, ready: $0, time: time)
        }
        let relay = OutboxRelay(
            store: store, bus: bus, names: names, time: time, stored: engine.sending.listen(), log: log)
        let progress = ProjectorProgress()
        let faults = try Faults.point()
        self.faults = faults
        let target: any DeploymentTarget =
            if let other = configuration.engine {
                CamundaDeployments(transport: other.transport, log: log)
            } else {
                StoreDeploymentTarget(registry: registry, time: time)
            }
        engineCheck = configuration.checkEngine?.check(log: log)
        let deployer = DeploymentService(
            config: store, target: target, time: time, log: log,
            policy: configuration.serving.drift, faults: faults)
        (self.bus, self.engine, self.broker, self.relay, self.deployer) = (bus, engine, broker, relay, deployer)
        (self.registry, self.progress, self.log) = (registry, progress, log)
        projectsHere = roles.contains(.indexer)
        projector = ProjectorService(
            journal: store, index: store, time: time, committed: engine.committed.listen(), progress: progress,
            log: log,
            notify: { await relay.publish($0) })
        retention = RetentionService(
            store: store, registry: registry, time: time,
            configuration: RetentionService.Configuration(timeToLive: configuration.serving.retention), log: log)
        configWatch = ConfigWatch(bus: bus, names: names, deployer: deployer, time: time, random: random, log: log)
        var checks: [(name: String, check: HealthService.Check)] = [("store", { await Self.trouble(of: store) })]
        if let broker { checks.append(("bus", { await broker.trouble })) }
        if roles.contains(.deployer) { checks.append(("deployment", { await deployer.trouble })) }
        health = HealthService(
            checks: checks, engine: engine, broker: broker, store: store,
            index: roles.contains(.indexer) ? store : nil, progress: progress, bus: broker == nil ? nil : bus,
            names: names, time: time, durability: store)
    }

    /// Nil where another process has the engine.
    private static func startQueue(
        _ configuration: Server.Configuration, _ engine: EngineService, _ registry: DefinitionRegistry,
        _ bus: RabbitMQBus, _ names: BusNames, ready broker: BrokerService, time: any TimeSource
    ) -> StartQueueService? {
        guard configuration.engine == nil else { return nil }
        return StartQueueService(
            starts: StartService(engine: engine, registry: registry), registry: registry, bus: bus, names: names,
            queueType: configuration.serving.queueType, time: time, log: configuration.log,
            isReady: { await broker.trouble == nil })
    }

    /// Wakes what waits for work whenever another process has committed; until cancelled.
    func follow(_ hints: Broadcast) async {
        let hint = hints.listen()
        while await hint.wait() { engine.storeChanged() }
    }

    /// Secrets that cannot be opened are told at the start, not by the first task that needs them.
    func readSettings() async {
        await settings.values()
    }

    /// Follows what other processes deploy; until cancelled.
    func followDeployments(_ hints: Broadcast) async {
        await registry.follow(hints.listen(), by: time, log: log)
    }

    func api(over store: any WaybillStore) -> RESTAPI {
        let (deployer, relay, faults) = (deployer, relay, faults)
        let config = ConfigService(
            store: store, readContract: Readers.contract, readModel: Readers.model, readTree: Readers.tree,
            hash: Readers.sha256, time: time, faults: faults, engineCheck: engineCheck,
            changed: { revision in
                // Whoever takes a push makes the engine equal to it, so that its caller can start what it pushed. The deployers of
                // other processes hear of it.
                await deployer.reconcileNow()
                // The work is done: who is not told looks by itself.
                try? await faults.around(.change, "notice") { await relay.publishConfigChange(revision) }
            })
        let queries = queries(over: store)
        let migrations = MigrationService(engine: engine, registry: registry, queries: queries)
        return RESTAPI(
            starts: StartService(engine: engine, registry: registry), engine: engine, queries: queries,
            config: config, deployment: deployer, registry: registry, inputs: store, events: events(over: store),
            decisions: decisions,
            staging: StagingService(
                config: config, index: store, registry: registry, migrations: migrations,
                trust: BundleSigning.trust(keys: bundleKeys),
                settingNames: { [settings] in try await settings.names() }), settings: settings,
            histories: HistoryService(journal: store, registry: registry),
            restarts: RestartService(engine: engine, registry: registry, journal: store), migrations: migrations)
    }

    /// The Camunda 7 dialect.
    func dialect(over store: any WaybillStore) -> EngineREST {
        let (queries, random) = (queries(over: store), SystemRandom())
        return EngineREST(
            engine: engine, starts: StartService(engine: engine, registry: registry),
            tasks: ExternalTaskService(
                engine: engine, store: store, locks: store, registry: registry, queries: queries, time: time,
                random: random),
            queries: queries, registry: registry,
            deployer: ModelDeployer(
                records: store, index: store, registry: registry, readModel: Readers.model, readTree: Readers.tree,
                hash: Readers.sha256, time: time, random: random),
            messages: events(over: store), decisions: decisions)
    }

    private var decisions: DecisionService {
        DecisionService(registry: registry, time: time, zones: SystemZones())
    }

    private func events(over store: any WaybillStore) -> EventService {
        EventService(engine: engine, store: store, registry: registry, time: time)
    }

    private func queries(over store: any WaybillStore) -> QueryService {
        QueryService(
            index: store, journal: store, engine: engine, progress: progress, time: time, projectsHere: projectsHere)
    }

    private static func broker(
        _ configuration: Server.Configuration, _ names: BusNames, _ store: any StoreIdentity
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

    private static func trouble(of store: any IndexStore) async -> String? {
        do {
            _ = try await store.indexPosition()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
