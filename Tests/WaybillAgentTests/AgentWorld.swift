import Delivery
import Logging
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import WaybillAgent

let transcode = ContractKey(name: "media.transcode", major: 2)

/// A bus in memory with a broker's topology, an agent on it, and a place where its results arrive.
struct AgentWorld: Sendable {
    let clock = TestClock()
    let server: InMemoryBusServer
    let agentBus: InMemoryBus
    private let brokerBus: InMemoryBus
    private let results: AsyncStream<BusMessage>
    private let names = BusNames()

    init() async throws {
        server = InMemoryBusServer(clock: clock)
        agentBus = InMemoryBus(server)
        brokerBus = InMemoryBus(server)
        try await brokerBus.declare(names.brokerTopology(contracts: [transcode]))
        let subscription = try await brokerBus.subscribe(
            Subscription(queue: names.resultsQueue(partition: 0), prefetch: 1000))
        let (results, continuation) = AsyncStream.makeStream(of: BusMessage.self)
        self.results = results
        pump = Pump(subscription: subscription, continuation: continuation)
    }

    /// Takes results off the bus; runs beside the agent.
    private let pump: Pump
    private struct Pump {
        let subscription: any BusSubscription
        let continuation: AsyncStream<BusMessage>.Continuation

        func run() async {
            for await batch in subscription.deliveries {
                for delivery in batch where delivery.message.type != "hello" { continuation.yield(delivery.message) }
                await subscription.ack(batch.map(\.tag))
            }
        }
    }

    func agent(
        prefetch: Int = 2, getClaim: @escaping ClaimGetter = { _, _, _ in ClaimAnswer(status: 404, body: []) }
    ) -> Agent {
        Agent(
            name: "transcoder", bus: .using(agentBus), prefetch: prefetch, options: AgentOptions(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, time: clock, random: SeededRandom(seed: 1),
            getClaim: getClaim)
    }

    /// Runs the agent while `body` runs; then drains it and waits for its end, or cancels it.
    func serving(_ agent: Agent, cancels: Bool = false, _ body: (AgentWorld) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let pump = pump
            group.addTask { await pump.run() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await agent.run() } catch is CancellationError {}
                }
                try await body(self)
                if cancels { group.cancelAll() } else { agent.drain() }
                try await group.waitForAll()
            }
            group.cancelAll()
        }
    }

    @discardableResult
    func publish(
        _ number: Int, attempt: Int = 1, input: String = "{}", heartbeat: Duration? = nil, claims: [ClaimCheck] = []
    ) async throws -> TaskMessage {
        let id = TaskID(instance: InstanceID("0197a000-0000-7000-8000-000000000001"), number: number)
        var task = TaskMessage(
            id: AttemptID(task: id, attempt: attempt, token: "token-\(number)-\(attempt)"), contract: transcode,
            version: "2.1",
            workflow: "ingest:3", timeout: .seconds(3600), heartbeat: heartbeat, replyTo: "results.0",
            input: try JSON(validating: input))
        task.claims = claims
        let outcome = await brokerBus.publish([task.encoded(names: names, expiration: nil)], timeout: .seconds(1))
        #expect(outcome == [.confirmed])
        return task
    }

    func cancel(_ task: TaskMessage) async {
        _ = await brokerBus.publish(
            [CancelMessage(task: task.id.task).encoded(for: transcode, names: names)], timeout: .seconds(1))
    }

    /// The next message that an agent sent about a task.
    func nextResult() async throws -> BusMessage {
        for await message in results { return message }
        throw CancellationError()
    }

    var ready: Int { server.ready(in: names.taskQueue(of: transcode)).count }
    var unacknowledged: Int { server.unacknowledged(of: names.taskQueue(of: transcode)) }
    var dead: Int { server.ready(in: names.deadQueue).count }
}

extension BusMessage {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Lets one side of a test wait for the other.
struct Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func open() { continuation.finish() }
    /// Returns when it is open, or the task cancelled.
    func wait() async { for await _ in stream {} }
}
