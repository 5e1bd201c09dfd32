package import Delivery
package import Services
import Synchronization
import Values

/// A message bus in memory, as RabbitMQ with quorum queues behaves: direct, topic and fanout exchanges, alternate
/// exchanges, mandatory returns, dead letters with `x-death`, expiration, delivery limits, overflow, exclusive queues.
/// Many `InMemoryBus` connect to one; what is in its queues outlives them.
package final class InMemoryBusServer: Sendable {
    package let clock: any TimeSource
    private let state = Mutex(InMemoryBusState())

    package init(clock: any TimeSource, watch: (any BusWatch)? = nil) {
        self.clock = clock
        state.withLock { $0.watch = watch }
    }

    /// Stops taking publishes (memory or disk alarm), until called with nil.
    package func setAlarm(_ reason: String?) {
        change { $0.setAlarm(reason) }
    }

    /// Messages in a queue that wait for a consumer, in order; empty if there is no such queue.
    package func ready(in queue: String) -> [BusMessage] {
        state.withLock { $0.queues[queue]?.ready.map(\.message) ?? [] }
    }

    /// How many messages of a queue are with consumers, unacknowledged.
    package func unacknowledged(of queue: String) -> Int {
        state.withLock { state in
            state.consumers.values.reduce(0) { $0 + ($1.queue == queue ? $1.unacknowledged.count : 0) }
        }
    }

    /// Sorted.
    package var queueNames: [String] { state.withLock { $0.queues.keys.sorted() } }

    /// Deletes a queue with all that is in it; its consumers wait for it to come back.
    package func deleteQueue(_ name: String) {
        change { $0.deleteQueue(name) }
    }

    /// Binds a queue to nothing any more, until it is bound again, by this or by whoever declares it.
    package func unbind(_ queue: String) -> [Topology.Binding] { change { $0.unbind(queue) } }

    package func bind(_ bindings: [Topology.Binding]) {
        change { state in for binding in bindings { try? state.bind(binding) } }
    }

    /// As a policy of the bus would: a queue refuses publishes from that length on; nil: it does not.
    package func setLimit(_ limit: Int?, of queue: String) { change { $0.limits[queue] = limit } }

    /// All connections are lost. What is in queues stays.
    package func restart() { change { $0.restart() } }

    /// Exclusive queues and those of Waybill alike.
    package var unacknowledgedCount: Int {
        state.withLock { state in state.consumers.values.reduce(0) { $0 + $1.unacknowledged.count } }
    }

    // MARK: For InMemoryBus

    /// Changes the state at the time of the clock, then hands out what the change delivers.
    @discardableResult
    private func change<T: Sendable, Failure: Error>(_ body: (inout InMemoryBusState) throws(Failure) -> T)
        throws(Failure) -> T
    {
        let now = clock.now
        let result: Result<T, Failure> = state.withLock { state in
            state.now = now
            let result = Result { () throws(Failure) -> T in try body(&state) }
            // Inside the lock, so that batches reach a stream in the order in which they were made.
            state.handOut()
            return result
        }
        return try result.get()
    }

    func addClient() -> Int { change { $0.addClient() } }
    func removeClient(_ client: Int) { change { $0.removeClient(client) } }
    func connect(_ client: Int) { change { $0.connect(client) } }
    func disconnect(_ client: Int, reason: String) { change { $0.disconnect(client, reason: reason) } }
    func loseConfirms(of count: Int, client: Int) { change { $0.clients[client]?.confirmsToLose += count } }
    func losePublishes(_ count: Int, client: Int) { change { $0.clients[client]?.publishesToLose += count } }
    func expire() { change { $0.expireAll() } }
    func ack(_ tags: [BusDelivery.Tag], subscription: Int) { change { $0.ack(tags, consumer: subscription) } }
    func reject(_ tags: [BusDelivery.Tag], requeue: Bool, subscription: Int) {
        change { $0.reject(tags, requeue: requeue, consumer: subscription) }
    }
    func stop(subscription: Int) { change { $0.stop(consumer: subscription) } }
    func cancel(subscription: Int) { change { $0.cancel(consumer: subscription) } }

    func declare(_ topology: Topology, client: Int) throws(BusError) {
        try change { (state) throws(BusError) in try state.declare(topology, client: client) }
    }

    func publish(_ messages: [BusMessage], client: Int) -> [PublishOutcome] {
        change { state in messages.map { state.publish($0, client: client) } }
    }

    func subscribe(
        _ subscription: Subscription, client: Int, stream: AsyncStream<[BusDelivery]>.Continuation
    ) throws(BusError) -> Int {
        try change { (state) throws(BusError) in try state.subscribe(subscription, client: client, stream: stream) }
    }

    func inspect(queue: String, client: Int) throws(BusError) -> QueueStatus? {
        try change { (state) throws(BusError) in try state.inspect(queue, client: client) }
    }

    func isUsable(_ client: Int, evenBlocked: Bool) -> Bool {
        state.withLock { state in
            guard let client = state.clients[client], client.isConnected else { return false }
            return evenBlocked || state.alarm == nil
        }
    }

    func states(of client: Int) -> AsyncStream<BusState> {
        let (stream, continuation) = AsyncStream.makeStream(of: BusState.self)
        state.withLock { state in
            guard let known = state.clients[client] else { return continuation.finish() }
            continuation.yield(state.busState(of: known))
            state.clients[client]?.followers.append(continuation)
        }
        return stream
    }

    func addTimekeeper(_ client: Int, _ deadlines: AsyncStream<Timestamp>.Continuation) {
        change { state in
            state.timekeepers.append((client, deadlines))
            state.scheduleExpiry()
        }
    }

    func removeTimekeeper(_ client: Int) {
        change { state in
            state.timekeepers.removeAll { $0.client == client }
            state.scheduled = nil
            state.scheduleExpiry()
        }
    }
}

/// Sees what a bus in memory keeps and delivers, and what is acknowledged to it. Called in the middle of a change: it calls nobody.
package protocol BusWatch: Sendable {
    func kept(_ message: BusMessage, in queue: String)
    func delivered(_ message: BusMessage, from queue: String)
    func acknowledged(_ message: BusMessage, of queue: String)
}
