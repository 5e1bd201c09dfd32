import Delivery
package import Services

/// What every message bus must do, as named cases. Each case gets a bus of its own from `makeBus`; names of queues and
/// exchanges begin with its prefix, so that cases share nothing even on one server.
package struct MessageBusConformance: Sendable {
    /// A bus that is not running yet, and hands on what the cases cannot reach through the port.
    package struct Subject: Sendable {
        package var bus: any MessageBus
        /// Unlike any other subject's.
        package var prefix: String
        /// Breaks the connection; the bus comes back by itself.
        package var interrupt: @Sendable () async -> Void
        /// Lets this much time go by, where time is not the real one.
        package var pass: @Sendable (Duration) async -> Void
        /// Another bus, whose server cannot be reached; not running yet.
        package var unreachable: any MessageBus

        package init(
            bus: any MessageBus, prefix: String, interrupt: @escaping @Sendable () async -> Void,
            pass: @escaping @Sendable (Duration) async -> Void, unreachable: any MessageBus
        ) {
            self.bus = bus
            self.prefix = prefix
            self.interrupt = interrupt
            self.pass = pass
            self.unreachable = unreachable
        }
    }

    struct Case: Sendable {
        var name: String
        var body: @Sendable (Subject) async throws -> Void
    }

    private let makeBus: @Sendable () async throws -> Subject

    package init(makeBus: @escaping @Sendable () async throws -> Subject) {
        self.makeBus = makeBus
    }

    /// The names of all cases, in the order in which they run.
    package static var caseNames: [String] { cases.map(\.name) }

    static let cases: [Case] = publishingCases + consumingCases + deadLetterCases + connectionCases

    /// Runs every case; throws what the first failing one found, with its name.
    package func run() async throws {
        for name in Self.caseNames { try await run(case: name) }
    }

    /// Runs one case.
    package func run(case name: String) async throws {
        guard let found = Self.cases.first(where: { $0.name == name }) else {
            throw BusConformanceFailure(name: name, what: "there is no such case")
        }
        let subject = try await makeBus()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await subject.bus.run() }
                group.addTask {
                    try await Self.connection(of: subject.bus)
                    try await found.body(subject)
                }
                // The case ends, or the bus does, which it must not.
                try await group.next()
                group.cancelAll()
            }
        } catch let failure as BusConformanceFailure {
            throw BusConformanceFailure(name: name, what: failure.what)
        } catch {
            throw BusConformanceFailure(name: name, what: "threw \(error)")
        }
    }

    static func connection(of bus: any MessageBus) async throws {
        for await state in bus.states() where state == .connected { return }
        throw BusConformanceFailure(name: "", what: "the bus never connected")
    }
}

/// What a case found.
package struct BusConformanceFailure: Error, CustomStringConvertible {
    package var name: String
    package var what: String
    package var description: String { "bus conformance, \(name): \(what)" }
}

// MARK: What the cases are written with

/// A failure of the case unless both are equal.
func expect<T: Equatable>(_ what: String, _ found: T, _ expected: T) throws {
    if found != expected {
        throw BusConformanceFailure(name: "", what: "\(what): found \(found), expected \(expected)")
    }
}

/// A failure of the case.
func fail(_ what: String) -> BusConformanceFailure {
    BusConformanceFailure(name: "", what: what)
}

/// Reads a subscription one delivery after the other, whatever batches they come in.
struct DeliveryReader {
    private var iterator: AsyncStream<[BusDelivery]>.AsyncIterator
    private var buffered: ArraySlice<BusDelivery> = []

    init(_ subscription: any BusSubscription) {
        iterator = subscription.deliveries.makeAsyncIterator()
    }

    mutating func next() async throws -> BusDelivery {
        while buffered.isEmpty {
            guard let batch = await iterator.next() else { throw fail("the deliveries ended") }
            if batch.isEmpty { throw fail("an empty batch was delivered") }
            buffered = batch[...]
        }
        return buffered.removeFirst()
    }

    mutating func next(_ count: Int) async throws -> [BusDelivery] {
        var taken: [BusDelivery] = []
        while taken.count < count { taken.append(try await next()) }
        return taken
    }

    /// Whether the deliveries have ended; fails if another one comes.
    mutating func hasEnded() async -> Bool {
        if !buffered.isEmpty { return false }
        return await iterator.next() == nil
    }
}

extension MessageBusConformance.Subject {
    var exchange: String { "\(prefix)exchange" }
    var queue: String { "\(prefix)queue" }
    var deadExchange: String { "\(prefix)dead" }
    var deadQueue: String { "\(prefix)dead-queue" }

    /// As the design has task queues, and gone by itself some time after the test.
    static func arguments(_ more: [(String, BusMessage.HeaderValue)] = []) -> [BusMessage.Header] {
        let standard: [(String, BusMessage.HeaderValue)] = [
            ("x-queue-type", .string("quorum")), ("x-expires", .integer(600_000)),
        ]
        return (standard + more).map { BusMessage.Header(name: $0.0, value: $0.1) }
    }

    /// One queue bound by its name to an exchange.
    func topology(kind: Topology.ExchangeKind = .direct, arguments more: [(String, BusMessage.HeaderValue)] = [])
        -> Topology
    {
        Topology(
            exchanges: [Topology.Exchange(name: exchange, kind: kind)],
            queues: [Topology.Queue(name: queue, arguments: Self.arguments(more))],
            bindings: [Topology.Binding(exchange: exchange, queue: queue, routingKey: queue)])
    }

    /// The same with dead letters, which a second queue keeps.
    func topologyWithDeadLetters(arguments more: [(String, BusMessage.HeaderValue)] = []) -> Topology {
        var all = topology(arguments: [("x-dead-letter-exchange", .string(deadExchange))] + more)
        all.exchanges.append(Topology.Exchange(name: deadExchange, kind: .fanout))
        all.queues.append(Topology.Queue(name: deadQueue, arguments: Self.arguments()))
        all.bindings.append(Topology.Binding(exchange: deadExchange, queue: deadQueue, routingKey: ""))
        return all
    }

    func message(_ id: String, body: [UInt8] = [1, 2, 3]) -> BusMessage {
        BusMessage(exchange: exchange, routingKey: queue, messageID: id, body: body)
    }

    func messages(_ range: Range<Int>) -> [BusMessage] { range.map { message("\($0)") } }

    /// Publishes; fails unless all are confirmed.
    func publish(_ messages: [BusMessage]) async throws {
        let outcomes = await bus.publish(messages, timeout: .seconds(30))
        try expect("outcomes", outcomes, messages.map { _ in .confirmed })
    }

    func subscribe(_ queue: String, prefetch: Int = 100) async throws -> (any BusSubscription, DeliveryReader) {
        let subscription = try await bus.subscribe(Subscription(queue: queue, prefetch: prefetch))
        return (subscription, DeliveryReader(subscription))
    }

    /// Asks until the queue is as expected: the bus counts with some delay.
    func awaitStatus(of queue: String, _ expected: QueueStatus?) async throws {
        for _ in 0..<20_000 where try await bus.inspect(queue: queue) == expected { return }
        let last = try await bus.inspect(queue: queue)
        try expect("status of \(queue)", last, expected)
    }

    /// The reason of the latest death, and the queue where it happened.
    static func death(of delivery: BusDelivery) -> [String]? {
        guard case .array(let deaths) = delivery.message.header("x-death"), case .table(let entries) = deaths.first
        else {
            return nil
        }
        return ["reason", "queue"].map { name in
            guard case .string(let text) = entries.first(where: { $0.name == name })?.value else { return "" }
            return text
        }
    }
}
