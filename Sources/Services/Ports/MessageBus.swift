package import Delivery

/// The bus as the broker, the outbox relay and agents use it. Adapters reconnect by themselves, with back-off, and restore
/// topology and consumers. Every adapter passes `MessageBusConformance`.
package protocol MessageBus: Sendable {
    /// Connects, declares nothing, and serves until the task is cancelled. Must be running for the other methods to do anything.
    func run() async throws

    /// Declares exchanges, queues and bindings now and after every reconnect. Never redeclares with other arguments.
    /// Throws `BusError.refused` with the bus's text (406, 403, 404) and what to do.
    func declare(_ topology: Topology) async throws

    /// Publishes persistent, mandatory messages and waits for the confirm of each, at most `timeout`. Answers in order.
    /// While the connection is down or blocked it waits for it until the timeout, then answers `.notSent`.
    /// Notices (`BusMessage.isNotice`) are transient, and confirmed where nobody takes them.
    func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome]

    /// Consumes with manual acknowledgement. The subscription survives reconnects; deliveries of a lost connection come again.
    /// `passive`: the queue must exist; until it does, the adapter waits and tries again each second.
    func subscribe(_ subscription: Subscription) async throws -> any BusSubscription

    /// A passive declare: how many messages are ready and how many consumers there are; nil if there is no such queue.
    func inspect(queue: String) async throws -> QueueStatus?

    /// The connection's state now and each change of it.
    func states() -> AsyncStream<BusState>
}

package protocol BusSubscription: Sendable {
    /// Deliveries as they come, in batches; ends when cancelled. Each batch is at least one delivery.
    var deliveries: AsyncStream<[BusDelivery]> { get }
    /// Acknowledges deliveries; those of a lost connection are ignored (the bus sends them again).
    func ack(_ tags: [BusDelivery.Tag]) async
    /// Gives deliveries back. Without `requeue` they go to the dead-letter exchange.
    func reject(_ tags: [BusDelivery.Tag], requeue: Bool) async
    /// Asks for no more deliveries. Those that are unacknowledged stay here and can still be acknowledged; `cancel` follows.
    func stop() async
    /// Stops consuming; unacknowledged deliveries go back to the queue.
    func cancel() async
}

extension BusSubscription {
    /// For an adapter that cannot stop: deliveries may go on, and callers bear that.
    package func stop() async {}
}

package struct Subscription: Sendable, Hashable {
    package var queue: String
    package var prefetch: Int
    /// Makes an exclusive, auto-delete queue of that name first, bound to these (exchange, routing key) pairs.
    package var temporaryBindings: [Topology.Binding]?
    package init(queue: String, prefetch: Int, temporaryBindings: [Topology.Binding]? = nil) {
        self.queue = queue
        self.prefetch = prefetch
        self.temporaryBindings = temporaryBindings
    }
}

package struct BusDelivery: Sendable {
    /// Valid on the connection that delivered it.
    package struct Tag: Sendable, Hashable {
        package var epoch: Int
        package var number: UInt64
        package init(epoch: Int, number: UInt64) {
            self.epoch = epoch
            self.number = number
        }
    }
    package var tag: Tag
    package var redelivered: Bool
    package var message: BusMessage
    package init(tag: Tag, redelivered: Bool, message: BusMessage) {
        self.tag = tag
        self.redelivered = redelivered
        self.message = message
    }
}

package enum BusError: Error, Sendable, CustomStringConvertible {
    /// Not connected, after waiting.
    case unavailable(String)
    /// The bus answered with an error: code and text.
    case refused(code: Int, String)

    package var description: String {
        switch self {
        case .unavailable(let text): text
        case .refused(let code, let text): "\(text) (\(code))"
        }
    }
}
