import Delivery
import Services
import ServicesTesting
import Synchronization
import Values

/// What one life of a process has of the bus.
final class BusConnection: MessageBus {
    private struct State {
        var slowConfirms = 0
        var slowness: Duration = .zero
        /// Grows with each cut.
        var epoch = 0
        var downtime: Duration = .zero
        /// The next acknowledgements are lost with the connection, which is down for so long.
        var losesAcks: Duration?
    }

    let inner: InMemoryBus
    private let life: Life
    private let clock: TestClock
    private let random: SeededRandom
    private let story: Story
    private let without: Protection?
    private let observer: Observer
    private let outage: BusOutage
    private let names = BusNames()
    private let wasCut = Signal()
    private let state = Mutex(State())

    init(life: Life, world: WorldParts, random: SeededRandom) {
        inner = InMemoryBus(world.bus)
        observer = world.observer
        outage = world.outage
        self.life = life
        clock = world.scheduler.clock
        story = world.story
        without = world.without
        self.random = random
    }

    func slowDown(confirms: Int, by duration: Duration) {
        state.withLock { state in
            state.slowConfirms = confirms
            state.slowness = duration
        }
    }

    /// Loses the connection, and has it back after this time, if the bus is there then.
    func cut(for downtime: Duration) {
        state.withLock { state in
            state.epoch += 1
            state.downtime = downtime
        }
        inner.disconnect()
        wasCut.fire()
    }

    /// The end of the process, seen from the bus.
    func end() {
        state.withLock { $0.epoch += 1 }
        inner.disconnect()
    }

    func loseAcks(downtime: Duration) { state.withLock { $0.losesAcks = downtime } }

    /// Whether an acknowledgement is lost now.
    fileprivate func losesAck() -> Bool {
        let downtime = state.withLock { state in
            defer { state.losesAcks = nil }
            return state.losesAcks
        }
        guard let downtime else { return false }
        story.note(life.process.name, "loses its connection in an acknowledgement")
        cut(for: downtime)
        return true
    }

    // MARK: The port

    func run() async throws {
        if outage.isDown { wasCut.fire() }
        while await wasCut.wait() {
            try? await clock.sleep(for: state.withLock(\.downtime))
            while outage.isDown, !Task.isCancelled { try? await clock.sleep(for: .milliseconds(500)) }
            if !life.isKilled, !Task.isCancelled { inner.reconnect() }
        }
        inner.disconnect()
    }

    func declare(_ topology: Topology) async throws {
        if life.isKilled { throw BusError.unavailable("the process is dead") }
        try await inner.declare(without == .deadLetters ? topology.withoutDeadLetters : topology)
    }

    func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome] {
        if random.chance(20) { try? await clock.sleep(for: .milliseconds(1 + random.below(5))) }
        guard !life.isKilled else { return messages.map { _ in .notSent } }
        let epoch = state.withLock(\.epoch)
        var sent = messages
        if without == .expiration { for place in sent.indices { sent[place].expirationMilliseconds = nil } }
        var outcomes = await inner.publish(sent, timeout: timeout)
        if let slowness = confirmTime() {
            try? await clock.sleep(for: min(slowness, timeout))
            // A connection that was lost in between brings no confirms.
            if slowness >= timeout || state.withLock({ $0.epoch }) != epoch {
                outcomes = outcomes.map { $0 == .notSent ? .notSent : .unknown }
            }
        }
        if story.isTold { tell(messages, outcomes) }
        for (message, outcome) in zip(messages, outcomes) {
            guard let id = message.messageID, id.hasPrefix("outbox:") else { continue }
            switch outcome {
            // Nobody listening is fine.
            case .confirmed, .returned: observer.sent(id)
            case .refused, .unknown, .notSent: break
            }
        }
        guard !life.isKilled else { return messages.map { _ in .unknown } }
        return outcomes.map(weakened)
    }

    private func confirmTime() -> Duration? {
        let slowness = state.withLock { state -> Duration? in
            guard state.slowConfirms > 0 else { return nil }
            state.slowConfirms -= 1
            return state.slowness
        }
        return slowness ?? (random.chance(20) ? .milliseconds(1 + random.below(5)) : nil)
    }

    private func weakened(_ outcome: PublishOutcome) -> PublishOutcome {
        switch outcome {
        case .unknown, .refused: without == .confirms ? .confirmed : outcome
        case .returned: without == .mandatory ? .confirmed : outcome
        case .confirmed, .notSent: outcome
        }
    }

    func subscribe(_ subscription: Subscription) async throws -> any BusSubscription {
        if life.isKilled { throw BusError.unavailable("the process is dead") }
        let inner = try await inner.subscribe(subscription)
        let acksEarly =
            switch without {
            case .ackAfterCommit: subscription.queue == names.resultsQueue(partition: 0)
            case .ackAfterResult: subscription.queue.hasPrefix("task.")
            case .fence, .sequence, .startKey, .inbox, .reaper, .confirms, .mandatory, .deadLetters, .expiration,
                .heartbeat, .selfFence, .agentMemory, .snapshotHorizon, .outbox, nil:
                false
            }
        return SubscriptionConnection(inner: inner, life: life, bus: self, acksEarly: acksEarly)
    }

    func inspect(queue: String) async throws -> QueueStatus? {
        if life.isKilled { throw BusError.unavailable("the process is dead") }
        return try await inner.inspect(queue: queue)
    }

    func states() -> AsyncStream<BusState> { inner.states() }

    private func tell(_ messages: [BusMessage], _ outcomes: [PublishOutcome]) {
        for (message, outcome) in zip(messages, outcomes) where !message.isNotice {
            guard message.type != "hello" else { continue }
            story.note(
                life.process.name,
                "publishes \(message.type ?? "?") \(message.messageID.map { $0.suffix(8) } ?? "") to \(message.routingKey): \(outcome)"
            )
        }
    }
}

/// A dead process acknowledges nothing.
private struct SubscriptionConnection: BusSubscription {
    let inner: any BusSubscription
    let life: Life
    let bus: BusConnection
    /// As with `no_ack`: what is delivered is acknowledged.
    let acksEarly: Bool

    var deliveries: AsyncStream<[BusDelivery]> {
        guard acksEarly else { return inner.deliveries }
        let inner = inner
        let source = DeliveryIterator(inner.deliveries.makeAsyncIterator())
        return AsyncStream {
            guard let batch = await source.next() else { return nil }
            await inner.ack(batch.map(\.tag))
            return batch
        }
    }

    func ack(_ tags: [BusDelivery.Tag]) async {
        if !life.isKilled, !bus.losesAck() { await inner.ack(tags) }
    }
    func reject(_ tags: [BusDelivery.Tag], requeue: Bool) async {
        if !life.isKilled { await inner.reject(tags, requeue: requeue) }
    }
    func stop() async {
        if !life.isKilled { await inner.stop() }
    }
    func cancel() async { await inner.cancel() }
}

/// @unchecked: one task iterates, on the one thread of its world.
private final class DeliveryIterator: @unchecked Sendable {
    private var iterator: AsyncStream<[BusDelivery]>.Iterator

    init(_ iterator: AsyncStream<[BusDelivery]>.Iterator) {
        self.iterator = iterator
    }

    func next() async -> [BusDelivery]? { await iterator.next() }
}

extension Topology {
    fileprivate var withoutDeadLetters: Topology {
        var topology = self
        for place in topology.queues.indices {
            topology.queues[place].arguments.removeAll { $0.name.hasPrefix("x-dead-letter") }
        }
        return topology
    }
}

/// Whether the bus is away altogether.
final class BusOutage: Sendable {
    private let state = Atomic<Bool>(false)

    var isDown: Bool { state.load(ordering: .relaxed) }
    func set(_ isDown: Bool) { state.store(isDown, ordering: .relaxed) }
}
