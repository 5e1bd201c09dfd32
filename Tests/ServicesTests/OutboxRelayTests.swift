import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

@Suite struct OutboxRelayTests {
    /// A relay that runs, with a queue that hears all that is said on the control and events exchanges.
    private struct World: Sendable {
        let shop: Workshop
        let engine: EngineService
        let server: InMemoryBusServer
        let bus: InMemoryBus
        let relay: OutboxRelay
        let names = BusNames(prefix: "test.")

        static func run(_ body: @escaping @Sendable (World) async throws -> Void) throws {
            try Simulation.run { simulation in
                let shop = Workshop(simulation)
                try await shop.deploy(
                    Model.parallel("left", "right"), try Model.contract("left"), try Model.contract("right"))
                let world = World(shop)
                let engine = world.engine
                try await simulation.serving([{ try await engine.run() }, { try await world.relay.run() }]) {
                    try await body(world)
                }
            }
        }

        init(_ shop: Workshop) {
            self.shop = shop
            engine = shop.engine()
            server = InMemoryBusServer(clock: shop.simulation.clock)
            bus = InMemoryBus(server)
            relay = OutboxRelay(
                store: shop.store, bus: bus, names: names, time: shop.simulation.clock,
                stored: engine.sending.listen(), log: .silent)
        }

        func listen() async throws {
            var topology = names.brokerTopology(contracts: [])
            topology.queues.append(.init(name: "heard", arguments: []))
            for exchange in [names.controlExchange, names.eventsExchange] {
                topology.bindings.append(.init(exchange: exchange, queue: "heard", routingKey: "#"))
            }
            try await bus.declare(topology)
        }

        var heard: [BusMessage] { server.ready(in: "heard") }

        /// An instance with two open tasks, canceled.
        func cancelOne() async throws {
            let instance = try await engine.begin().instance
            _ = try await engine.cancel(instance, reason: "not wanted")
        }
    }

    @Test func `what a commit left is sent in order, and forgotten`() throws {
        try World.run { world in
            try await world.listen()
            try await world.cancelOne()
            await world.shop.simulation.settle()
            #expect(world.heard.map(\.routingKey) == ["cancel.left", "cancel.right"])
            #expect(world.heard.allSatisfy { $0.exchange == "test.waybill.control" && $0.type == "cancel" })
            #expect(world.heard.map(\.messageID) == ["outbox:1", "outbox:2"])
            let left = try await world.shop.store.outbox(limit: 10)
            #expect(left.isEmpty)
        }
    }

    @Test func `what nobody listens to is forgotten`() throws {
        try World.run { world in
            try await world.bus.declare(world.names.brokerTopology(contracts: []))
            try await world.cancelOne()
            await world.shop.simulation.settle()
            let left = try await world.shop.store.outbox(limit: 10)
            #expect(left.isEmpty)
        }
    }

    @Test func `what cannot be sent is kept until it can`() throws {
        try World.run { world in
            try await world.listen()
            world.bus.disconnect()
            try await world.cancelOne()
            await world.shop.simulation.pass(.seconds(120))
            #expect(try await world.shop.store.outbox(limit: 10).count == 2)
            world.bus.reconnect()
            await world.shop.simulation.pass(.seconds(2))
            #expect(world.heard.count == 2)
            let left = try await world.shop.store.outbox(limit: 10)
            #expect(left.isEmpty)
        }
    }

    @Test func `what may have arrived is sent again, with the same id`() throws {
        try World.run { world in
            try await world.listen()
            world.bus.loseConfirms(of: 1)
            try await world.cancelOne()
            await world.shop.simulation.pass(.seconds(2))
            #expect(
                world.heard.map(\.messageID).sorted { $0 ?? "" < $1 ?? "" } == ["outbox:1", "outbox:1", "outbox:2"])
            let left = try await world.shop.store.outbox(limit: 10)
            #expect(left.isEmpty)
        }
    }

    @Test func `a store that is away is asked again`() throws {
        try World.run { world in
            try await world.listen()
            try await world.cancelOne()
            world.shop.store.setAway(true)
            await world.shop.simulation.pass(.seconds(10))
            world.shop.store.setAway(false)
            await world.shop.simulation.pass(.seconds(2))
            #expect(world.heard.count >= 2)
            let left = try await world.shop.store.outbox(limit: 10)
            #expect(left.isEmpty)
        }
    }

    @Test func `more messages than one batch are sent`() throws {
        try World.run { world in
            try await world.listen()
            for _ in 0..<120 { try await world.cancelOne() }
            await world.shop.simulation.pass(.seconds(2))
            #expect(world.heard.count == 240)
        }
    }

    /// Counts what is published.
    private final class CountingBus: MessageBus {
        private let bus: InMemoryBus
        private let count = Mutex(0)

        init(_ bus: InMemoryBus) {
            self.bus = bus
        }

        var published: Int { count.withLock { $0 } }

        func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome] {
            count.withLock { $0 += messages.count }
            return await bus.publish(messages, timeout: timeout)
        }

        func run() async throws { try await bus.run() }
        func declare(_ topology: Topology) async throws { try await bus.declare(topology) }
        func subscribe(_ subscription: Services.Subscription) async throws -> any BusSubscription {
            try await bus.subscribe(subscription)
        }
        func inspect(queue: String) async throws -> QueueStatus? { try await bus.inspect(queue: queue) }
        func states() -> AsyncStream<BusState> { bus.states() }
    }

    @Test(arguments: [true, false])
    func `of many notices all are heard, or one is sent where nobody listens`(isHeard: Bool) throws {
        try World.run { world in
            try await world.bus.declare(world.names.brokerTopology(contracts: []))
            if isHeard { try await world.listen() }
            let bus = CountingBus(world.bus)
            let relay = OutboxRelay(
                store: world.shop.store, bus: bus, names: world.names, time: world.shop.simulation.clock,
                stored: world.engine.sending.listen(), log: .silent)
            let projector = ProjectorService(
                journal: world.shop.store, index: InMemoryIndexStore(live: world.shop.store),
                time: world.shop.simulation.clock, committed: world.engine.committed.listen(),
                progress: ProjectorProgress(), log: .silent, notify: { await relay.publish($0) })
            var begun: Set<String> = []
            for _ in 0..<30 { begun.insert(try await world.engine.begin().instance.text) }
            while try await projector.projectBatch() {}
            #expect(bus.published == (isHeard ? 30 : 1))
            #expect(Set(world.heard.compactMap(\.correlationID)) == (isHeard ? begun : []))
        }
    }

    @Test func `tells of instances, and that the configuration changed`() throws {
        try World.run { world in
            try await world.listen()
            let progress = ProjectorProgress()
            let projector = ProjectorService(
                journal: world.shop.store, index: InMemoryIndexStore(live: world.shop.store),
                time: world.shop.simulation.clock, committed: world.engine.committed.listen(), progress: progress,
                log: .silent, notify: { await world.relay.publish($0) })
            let instance = try await world.engine.begin().instance
            while try await projector.projectBatch() {}
            let notice = try #require(world.heard.first)
            #expect(notice.exchange == "test.waybill.events" && notice.routingKey == "instance.running")
            #expect(notice.correlationID == instance.text)
            #expect(try JSON(validating: notice.body)["state"] == .string("Running"))
            await world.relay.publishConfigChange(
                Revision(number: 7, parent: 6, author: "a", message: "m", at: world.shop.simulation.clock.now))
            #expect(world.heard.last?.routingKey == "config.changed")
            #expect(world.heard.last?.body == Array(#"{"revision":7}"#.utf8))
        }
    }
}
