import Contracts
import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values
import XMLReader

/// One life of a server with all its roles: the real services over a store, a bus and a clock that may do anything.
final class Server: Sendable {
    let life: Life
    let clock: ProcessClock
    let store: StoreConnection
    let bus: BusConnection
    let link: EngineLink
    let engine: EngineService
    let events: EventService
    private let broker: BrokerService
    private let projector: ProjectorService
    private let relay: OutboxRelay
    private let registry: DefinitionRegistry
    private let world: WorldParts
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ process: SimulatedProcess, clock: ProcessClock, world: WorldParts) async throws {
        self.clock = clock
        self.world = world
        life = Life(process)
        store = StoreConnection(world.database, life: life, world: world, random: world.newRandom())
        bus = BusConnection(life: life, world: world, random: world.newRandom())
        let models = world.models
        registry = DefinitionRegistry(
            store: world.database.deployments, readModel: { try models.read($0, file: $1) },
            readTree: { source, file throws(Diagnostics) in try XMLReader.read(source, file: file) })
        try await registry.refresh()
        let random = world.newRandom()
        var configuration = EngineConfiguration()
        configuration.sharedStore = world.schedule.servers > 1
        configuration.longestSleep = .seconds(4)
        engine = EngineService(
            store: store, registry: registry, time: clock, random: random, configuration: configuration, log: world.log)
        link = EngineLink(engine, observer: world.observer, story: world.story, name: process.name)
        broker = BrokerService(
            engine: link, bus: bus, time: clock, random: random,
            configuration: Workload.broker(world.schedule.profile, random: random), log: world.log)
        let relay = OutboxRelay(
            store: store, bus: bus, names: BusNames(), time: clock, stored: engine.sending.listen(),
            patience: .seconds(4), log: world.log)
        self.relay = relay
        projector = ProjectorService(
            journal: store, index: IndexConnection(database: world.database, life: life), time: clock,
            committed: engine.committed.listen(), progress: ProjectorProgress(), patience: .seconds(4), log: world.log,
            notify: { await relay.publish($0) })
        events = EventService(engine: engine, store: store, registry: registry, time: clock)
    }

    func start() {
        let services: [(String, @Sendable () async throws -> Void)] = [
            ("broker", { try await self.broker.run() }), ("engine", { try await self.engine.run() }),
            ("bus", { try await self.bus.run() }), ("projector", { try await self.projector.run() }),
            ("relay", { try await self.relay.run() }),
        ]
        let started = services.map { name, run in
            Task(executorPreference: life.process) {
                do { try await run() } catch is CancellationError {} catch { self.ended(name, "\(error)") }
                if !Task.isCancelled { self.ended(name, "by itself") }
            }
        }
        tasks.withLock { $0 = started }
        guard world.schedule.hints, world.schedule.servers > 1 else { return }
        world.database.listen { [engine, life] in if !life.isKilled { engine.storeChanged() } }
    }

    private func ended(_ service: String, _ how: String) {
        if life.isKilled { return }
        world.observer.violated(.world, "the \(service) of \(life.process.name) ended: \(how)")
    }

    /// As by SIGKILL.
    func kill() {
        life.kill()
        bus.end()
        for task in tasks.withLock({ $0 }) { task.cancel() }
    }

    /// As by SIGTERM: the broker first, since it needs the others. Returns when all have ended.
    func terminate() async {
        for task in tasks.withLock({ $0 }) {
            task.cancel()
            await task.value
        }
    }

    /// Returns when nothing of it runs any more. Only then its counters are final.
    func end() async {
        for task in tasks.withLock({ $0 }) { await task.value }
        let counters = await broker.counters
        world.observer.count("leases lost", engine.counters.leasesLost.count)
        world.observer.count("conflicts", engine.counters.conflicts.count)
        for (name, count) in [
            ("redelivered", counters.redelivered), ("published again", counters.republished),
            ("returned", counters.returned), ("refused by the bus", counters.refused),
            ("unreadable", counters.malformed),
            ("expired", counters.expired), ("dead-lettered", counters.deadLettered),
        ] { world.observer.count(name, count) }
    }

    /// How many publishes it still waits for.
    var inFlight: Int { get async { await broker.inFlight } }
}

/// The way from a broker to its engine, where requests and replies are lost.
final class EngineLink: TaskEngine {
    private let engine: EngineService
    private let observer: Observer
    private let story: Story
    private let name: String
    private let losses = Mutex((requests: 0, replies: 0))

    init(_ engine: EngineService, observer: Observer, story: Story, name: String) {
        self.engine = engine
        self.observer = observer
        self.story = story
        self.name = name
    }

    func loseRequest() { losses.withLock { $0.requests += 1 } }
    func loseReply() { losses.withLock { $0.replies += 1 } }

    private func lose(_ count: WritableKeyPath<(requests: Int, replies: Int), Int>, _ what: String) throws {
        let isLost = losses.withLock { losses in
            guard losses[keyPath: count] > 0 else { return false }
            losses[keyPath: count] -= 1
            return true
        }
        guard isLost else { return }
        story.note(name, "loses \(what)")
        throw StoreError(.unavailable, "\(what) was lost")
    }

    func fetch(_ request: FetchRequest) async throws -> [LeasedTask] {
        let tasks = try await engine.fetch(request)
        if !tasks.isEmpty { try lose(\.replies, "the answer to a fetch of \(tasks.count) tasks") }
        return tasks
    }

    func apply(_ reports: [TaskReport]) async throws -> [ReportOutcome] {
        try lose(\.requests, "a report of \(reports.count) results")
        let outcomes = try await engine.apply(reports)
        for (report, outcome) in zip(reports, outcomes) {
            observer.answered(report, outcome)
            if outcome != .applied {
                story.note(name, "takes \(report.attemptID.short) \(report.content.summary): \(outcome)")
            }
        }
        try lose(\.replies, "the answer to \(reports.count) results")
        return outcomes
    }

    func mark(_ marks: [LeaseMark]) async { await engine.mark(marks) }
    func contracts() async -> AsyncStream<[ContractKey: TaskPolicy]> { await engine.contracts() }
    func backlog() async throws -> [ContractBacklog] { try await engine.backlog() }
    func cancelFetches(owner: String) async { await engine.cancelFetches(owner: owner) }
}
