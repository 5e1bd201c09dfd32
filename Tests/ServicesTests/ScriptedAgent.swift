import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// An agent that does what a test tells it: it takes every task of one contract, and answers when it is told to.
final class ScriptedAgent: Sendable {
    let bus: InMemoryBus
    private let contract: ContractKey
    private let names: BusNames
    private let subscription: any BusSubscription
    private let inbox = Mutex<[BusDelivery]>([])

    init(_ contract: String, on server: InMemoryBusServer, names: BusNames = BusNames(), prefetch: Int = 100)
        async throws
    {
        bus = InMemoryBus(server)
        self.contract = .v1(contract)
        self.names = names
        subscription = try await bus.subscribe(
            Subscription(queue: names.taskQueue(of: .v1(contract)), prefetch: prefetch))
    }

    func run() async throws {
        for await batch in subscription.deliveries { inbox.withLock { $0 += batch } }
    }

    /// What was delivered and not taken yet.
    var waiting: Int { inbox.withLock(\.count) }

    /// The oldest delivery that was not taken yet, and the task in it.
    func take() throws -> (delivery: BusDelivery, task: TaskMessage) {
        let delivery = try #require(
            inbox.withLock { $0.isEmpty ? nil : $0.removeFirst() }, "no task of \(contract) was delivered")
        return (delivery, try TaskMessage(decoding: delivery.message))
    }

    /// Publishes what it has to say of a task.
    @discardableResult
    func say(_ content: TaskReport.Content, of task: TaskMessage) async -> PublishOutcome {
        await publish(TaskReport(task.id, content).encoded(for: task, names: names))
    }

    @discardableResult
    func publish(_ message: BusMessage) async -> PublishOutcome {
        await bus.publish([message], timeout: .seconds(10))[0]
    }

    func ack(_ delivery: BusDelivery) async { await subscription.ack([delivery.tag]) }
    func reject(_ delivery: BusDelivery, requeue: Bool) async {
        await subscription.reject([delivery.tag], requeue: requeue)
    }

    /// Takes the next task, answers, and acknowledges it once the answer is on the bus.
    @discardableResult
    func serve(_ content: TaskReport.Content = .done) async throws -> TaskMessage {
        let (delivery, task) = try take()
        let outcome = await say(content, of: task)
        #expect(outcome == .confirmed)
        await ack(delivery)
        return task
    }
}

/// An engine, a broker and a bus; agents are made by the test.
struct BrokerWorld: Sendable {
    let shop: Workshop
    let engine: EngineService
    let broker: BrokerService
    let server: InMemoryBusServer
    /// The broker's.
    let bus: InMemoryBus
    let names = BusNames()

    var simulation: Simulation { shop.simulation }
    var resultsQueue: String { names.resultsQueue(partition: 0) }
    func taskQueue(_ contract: String) -> String { names.taskQueue(of: .v1(contract)) }

    /// A world that runs, with one agent for each contract.
    static func run(
        _ source: [UInt8], _ contracts: String..., policy: String = "",
        body: @escaping @Sendable (BrokerWorld, [ScriptedAgent]) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(source, try contracts.map { try Model.contract($0, policy) })
            let world = BrokerWorld(shop)
            var agents: [ScriptedAgent] = []
            for contract in contracts { agents.append(try await ScriptedAgent(contract, on: world.server)) }
            let crew = agents
            try await simulation.serving(world.services + crew.map { agent in { try await agent.run() } }) {
                await simulation.settle()
                try await body(world, crew)
            }
        }
    }

    init(_ shop: Workshop, _ change: (inout BrokerConfiguration) -> Void = { _ in }) {
        self.shop = shop
        engine = shop.engine()
        server = InMemoryBusServer(clock: shop.simulation.clock)
        bus = InMemoryBus(server)
        var configuration = BrokerConfiguration()
        change(&configuration)
        broker = BrokerService(
            engine: engine, bus: bus, time: shop.simulation.clock, random: shop.random, configuration: configuration,
            log: .silent)
    }

    var services: [@Sendable () async throws -> Void] {
        [{ try await bus.run() }, { try await engine.run() }, { try await broker.run() }]
    }

    /// Messages that wait in the broker's own queues, or are with it unacknowledged.
    var unsettled: Int {
        [resultsQueue, names.deadQueue, names.unroutableQueue].reduce(0) {
            $0 + server.ready(in: $1).count + server.unacknowledged(of: $1)
        }
    }
}
