package import Delivery
package import Logging
package import Services
import Synchronization

/// The bus over AMQP 0-9-1: three connections (to publish, to consume, to declare), each on a thread of its own.
/// Nothing here ever blocks a thread of the cooperative pool.
package final class RabbitMQBus: MessageBus {
    private enum Life { case idle, running, stopped }

    private let configuration: RabbitMQConfiguration
    private let publishing = Mailbox<LinkInput<PublishBatch>>()
    private let consuming = Mailbox<LinkInput<Consumers.Command>>()
    private let controlling = Mailbox<LinkInput<Controller.Command>>()
    private let watchdog = Mailbox<Void>()
    private let writeGuards: [WriteGuard]
    private let hub = StateHub()
    private let life = Mutex(Life.idle)
    private let nextSubscription = Atomic(0)

    /// Starts the threads, which do nothing before `run`. Throws if the system has none left.
    package init(
        _ configuration: RabbitMQConfiguration, logger: Logger = Logger(label: "waybill.bus")
    ) throws(BusError) {
        self.configuration = configuration
        let topology = TopologyMemory()
        let hub = hub
        func environment(_ kind: LinkKind) -> LinkEnvironment {
            LinkEnvironment(kind: kind, configuration: configuration, log: logger, states: hub)
        }
        var publish = environment(.publish)
        let consume = environment(.consume)
        let control = environment(.control)
        let publishGuard = publish.writeGuard
        publish.prepare = { connection throws(AMQPFailure) in
            // Before anything is published: a message for an exchange that is gone would close the channel.
            try connection.openChannel(Publisher.channel)
            try connection.declare(topology.all, channel: Publisher.channel, between: publishGuard.enter) {
                what, code, text in
                logger.error("cannot restore \(what)", metadata: ["code": "\(code)", "text": "\(text)"])
                return true
            }
            try connection.selectConfirms(Publisher.channel)
        }
        writeGuards = [publish.writeGuard, consume.writeGuard, control.writeGuard]
        let (publishing, consuming, controlling, publishEnvironment) = (publishing, consuming, controlling, publish)
        let hasThreads =
            startThread {
                let role = Publisher(configuration: configuration, log: logger)
                AMQPLink(role: role, mailbox: publishing, environment: publishEnvironment).run()
            }
            && startThread {
                let role = Consumers(configuration: configuration, log: logger)
                AMQPLink(role: role, mailbox: consuming, environment: consume).run()
            }
            && startThread {
                let role = Controller(topology: topology, writeGuard: control.writeGuard)
                AMQPLink(role: role, mailbox: controlling, environment: control).run()
            }
            && startWatchdog(over: writeGuards, limit: configuration.stallTimeout, until: watchdog)
        guard hasThreads else { throw .unavailable("the system has no thread left for the bus") }
    }

    deinit {
        publishing.post(.end)
        consuming.post(.end)
        controlling.post(.end)
        watchdog.post(())
        hub.finish()
    }

    /// See the port. After the task has been cancelled the bus is closed for good: subscriptions end, publishes are not
    /// sent.
    package func run() async throws {
        let isFirst = life.withLock { life in
            defer { if life == .idle { life = .running } }
            return life == .idle
        }
        guard isFirst else { throw BusError.unavailable("the bus runs only once") }
        publishing.post(.start)
        consuming.post(.start)
        controlling.post(.start)
        // Ends with the task's cancellation; nothing ever comes.
        for await _ in AsyncStream<Never>.makeStream().stream {}
        life.withLock { $0 = .stopped }
        await stop(consuming)
        await stop(publishing)
        await stop(controlling)
        hub.finish()
    }

    private func stop<Command>(_ mailbox: Mailbox<LinkInput<Command>>) async {
        await withCheckedContinuation { continuation in
            mailbox.post(.stop { continuation.resume() })
        }
    }

    package func declare(_ topology: Topology) async throws {
        try await withCheckedThrowingContinuation { continuation in
            request(.declare(topology) { continuation.resume(with: $0) })
        }
    }

    package func inspect(queue: String) async throws -> QueueStatus? {
        try await withCheckedThrowingContinuation { continuation in
            request(.inspect(queue: queue) { continuation.resume(with: $0) })
        }
    }

    private func request(_ request: Controller.Command.Request) {
        let deadline = ContinuousClock.now.advanced(by: configuration.requestTimeout)
        controlling.post(.role(Controller.Command(request: request, deadline: deadline)))
    }

    package func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome] {
        guard !messages.isEmpty else { return [] }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return await withCheckedContinuation { continuation in
            let batch = PublishBatch(messages, deadline: deadline) { continuation.resume(returning: $0) }
            publishing.post(.role(batch))
        }
    }

    /// See the port. Returns when the bus has begun to deliver, or at once where it must be waited for (no connection,
    /// no such queue). Throws `BusError.refused` if the bus forbids it.
    package func subscribe(_ subscription: Subscription) async throws -> any BusSubscription {
        let (deliveries, continuation) = AsyncStream.makeStream(of: [BusDelivery].self)
        let id = nextSubscription.add(1, ordering: .relaxed).newValue
        let error: BusError? = await withCheckedContinuation { answer in
            consuming.post(.role(.subscribe(id: id, subscription, continuation) { answer.resume(returning: $0) }))
        }
        if let error { throw error }
        return RabbitMQSubscription(id: id, deliveries: deliveries, mailbox: consuming)
    }

    package func states() -> AsyncStream<BusState> {
        hub.follow()
    }

    /// Breaks all three connections as a network failure would. For tests.
    package func breakConnections() {
        for each in writeGuards { each.endNow() }
    }
}
