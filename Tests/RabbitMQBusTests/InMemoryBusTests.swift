import Delivery
import Services
import ServicesTesting
import Testing
import Values

@Suite struct InMemoryBusTests {
    @Test(.timeLimit(.minutes(1)), arguments: MessageBusConformance.caseNames)
    func `the in-memory bus conforms`(name: String) async throws {
        try await MessageBusConformance {
            let clock = TestClock()
            let server = InMemoryBusServer(clock: clock)
            let bus = InMemoryBus(server)
            let unreachable = InMemoryBus(server)
            return MessageBusConformance.Subject(
                bus: bus, prefix: "test.",
                interrupt: {
                    bus.disconnect()
                    bus.reconnect()
                },
                pass: { duration in
                    await clock.waitForSleepers()
                    clock.advance(by: duration)
                }, unreachable: UnreachableBus(bus: unreachable))
        }.run(case: name)
    }

    @Test func `a lost confirm is unknown, and the message is there`() async throws {
        let server = InMemoryBusServer(clock: TestClock())
        let bus = try await Self.busWithQueue(on: server)
        bus.loseConfirms(of: 1)
        let outcomes = await bus.publish([Self.message("a"), Self.message("b")], timeout: .seconds(1))
        #expect(outcomes == [.unknown, .confirmed])
        #expect(server.ready(in: "queue").map(\.messageID) == ["a", "b"])
    }

    @Test func `a lost publish is unknown, and the message is not there`() async throws {
        let server = InMemoryBusServer(clock: TestClock())
        let bus = try await Self.busWithQueue(on: server)
        bus.losePublishes(1)
        let outcomes = await bus.publish([Self.message("a"), Self.message("b")], timeout: .seconds(1))
        #expect(outcomes == [.unknown, .confirmed])
        #expect(server.ready(in: "queue").map(\.messageID) == ["b"])
    }

    @Test func `an alarm blocks publishing until it is over`() async throws {
        let server = InMemoryBusServer(clock: TestClock())
        let bus = try await Self.busWithQueue(on: server)
        var states = bus.states().makeAsyncIterator()
        server.setAlarm("memory")
        #expect(await states.next() == .connected)
        #expect(await states.next() == .blocked(reason: "memory"))
        async let outcomes = bus.publish([Self.message("a")], timeout: .seconds(1))
        server.setAlarm(nil)
        #expect(await outcomes == [.confirmed])
        #expect(await states.next() == .connected)
    }

    @Test func `what is in the queues outlives its clients`() async throws {
        let server = InMemoryBusServer(clock: TestClock())
        let first = try await Self.busWithQueue(on: server)
        _ = await first.publish([Self.message("a")], timeout: .seconds(1))
        first.disconnect()
        let second = InMemoryBus(server)
        let subscription = try await second.subscribe(Subscription(queue: "queue", prefetch: 1))
        var batches = subscription.deliveries.makeAsyncIterator()
        #expect(await batches.next()?.map(\.message.messageID) == ["a"])
        #expect(server.unacknowledged(of: "queue") == 1)
        second.disconnect()
        #expect(server.unacknowledged(of: "queue") == 0)
        #expect(server.ready(in: "queue").count == 1)
    }

    private static func busWithQueue(on server: InMemoryBusServer) async throws -> InMemoryBus {
        let bus = InMemoryBus(server)
        let topology = Topology(
            exchanges: [Topology.Exchange(name: "exchange", kind: .direct)],
            queues: [Topology.Queue(name: "queue", arguments: [])],
            bindings: [Topology.Binding(exchange: "exchange", queue: "queue", routingKey: "key")])
        try await bus.declare(topology)
        return bus
    }

    private static func message(_ id: String) -> BusMessage {
        BusMessage(exchange: "exchange", routingKey: "key", messageID: id, body: [])
    }
}

/// A bus that never gets a connection, however long it runs.
private struct UnreachableBus: MessageBus {
    let bus: InMemoryBus

    func run() async throws {
        bus.disconnect()
        for await _ in AsyncStream<Never>.makeStream().stream {}
    }
    func declare(_ topology: Topology) async throws { try await bus.declare(topology) }
    func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome] {
        bus.disconnect()
        return await bus.publish(messages, timeout: timeout)
    }
    func subscribe(_ subscription: Subscription) async throws -> any BusSubscription {
        try await bus.subscribe(subscription)
    }
    func inspect(queue: String) async throws -> QueueStatus? { try await bus.inspect(queue: queue) }
    func states() -> AsyncStream<BusState> { bus.states() }
}
