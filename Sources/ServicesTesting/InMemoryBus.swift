package import Delivery
package import Services
import Synchronization
import Values

/// A connection to an `InMemoryBusServer`: the bus port for simulation and tests.
///
/// It is connected from the start. Nothing in it depends on real time or on the order of a dictionary. While `run`
/// runs, messages expire as time goes by; without it they expire when somebody touches their queue.
package final class InMemoryBus: MessageBus {
    package let server: InMemoryBusServer
    private let client: Int

    package init(_ server: InMemoryBusServer) {
        self.server = server
        client = server.addClient()
    }

    deinit {
        server.removeClient(client)
    }

    /// Connects unless connected; when the task is cancelled, the connection is lost as in `disconnect`.
    package func run() async throws {
        server.connect(client)
        let (deadlines, continuation) = AsyncStream.makeStream(of: Timestamp.self)
        server.addTimekeeper(client, continuation)
        let server = server
        await withDiscardingTaskGroup { group in
            for await deadline in deadlines {
                group.addTask {
                    guard (try? await server.clock.sleep(until: deadline)) != nil else { return }
                    server.expire()
                }
            }
            group.cancelAll()
        }
        server.removeTimekeeper(client)
        disconnect()
    }

    /// Loses the connection, as when the bus or the network dies: what is unacknowledged goes back, exclusive queues
    /// end.
    package func disconnect(reason: String = "connection lost") {
        server.disconnect(client, reason: reason)
    }

    /// Connects again: declares what was declared, and consumes as before.
    package func reconnect() {
        server.connect(client)
    }

    /// The next publishes arrive, but their confirms do not.
    package func loseConfirms(of count: Int) {
        server.loseConfirms(of: count, client: client)
    }

    /// The next publishes are lost on the way.
    package func losePublishes(_ count: Int) {
        server.losePublishes(count, client: client)
    }

    package func declare(_ topology: Topology) async throws {
        try await waitForConnection()
        try server.declare(topology, client: client)
    }

    package func publish(_ messages: [BusMessage], timeout: Duration) async -> [PublishOutcome] {
        guard !messages.isEmpty else { return [] }
        guard await isUsable(until: server.clock.now.advanced(by: timeout)) else {
            return messages.map { _ in .notSent }
        }
        return server.publish(messages, client: client)
    }

    package func subscribe(_ subscription: Subscription) async throws -> any BusSubscription {
        let (deliveries, continuation) = AsyncStream.makeStream(of: [BusDelivery].self)
        let id = try server.subscribe(subscription, client: client, stream: continuation)
        return InMemoryBusSubscription(server: server, id: id, deliveries: deliveries)
    }

    package func inspect(queue: String) async throws -> QueueStatus? {
        try await waitForConnection()
        return try server.inspect(queue: queue, client: client)
    }

    package func states() -> AsyncStream<BusState> {
        server.states(of: client)
    }

    private func waitForConnection() async throws {
        guard await isUsable(until: server.clock.now.advanced(by: .seconds(10)), evenBlocked: true) else {
            throw BusError.unavailable("the bus is not connected")
        }
    }

    /// Waits until the connection can be used; false when the deadline came first.
    private func isUsable(until deadline: Timestamp, evenBlocked: Bool = false) async -> Bool {
        if server.isUsable(client, evenBlocked: evenBlocked) { return true }
        let server = server
        let client = client
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in server.states(of: client) where server.isUsable(client, evenBlocked: evenBlocked) {
                    return true
                }
                return false
            }
            group.addTask {
                try? await server.clock.sleep(until: deadline)
                return false
            }
            let isUsable = await group.next() ?? false
            group.cancelAll()
            return isUsable
        }
    }
}

private final class InMemoryBusSubscription: BusSubscription {
    let deliveries: AsyncStream<[BusDelivery]>
    private let server: InMemoryBusServer
    private let id: Int

    init(server: InMemoryBusServer, id: Int, deliveries: AsyncStream<[BusDelivery]>) {
        self.server = server
        self.id = id
        self.deliveries = deliveries
    }

    func ack(_ tags: [BusDelivery.Tag]) async { server.ack(tags, subscription: id) }
    func reject(_ tags: [BusDelivery.Tag], requeue: Bool) async {
        server.reject(tags, requeue: requeue, subscription: id)
    }
    func stop() async { server.stop(subscription: id) }
    func cancel() async { server.cancel(subscription: id) }
}
