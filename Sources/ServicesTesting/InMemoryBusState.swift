import Delivery
import Services
import Values

/// What an `InMemoryBusServer` holds. Every change is made at `now`, which the server sets.
struct InMemoryBusState {
    struct Exchange {
        var kind: Topology.ExchangeKind
        var alternate: String?
        /// In the order in which they were made.
        var bindings: [Topology.Binding] = []
    }

    struct Client {
        var isConnected = true
        var lostReason = ""
        /// Declared by it, to be declared again when it reconnects.
        var topology = Topology()
        var followers: [AsyncStream<BusState>.Continuation] = []
        var confirmsToLose = 0
        var publishesToLose = 0
    }

    struct Consumer {
        var client: Int
        var queue: String
        var prefetch: Int
        var temporaryBindings: [Topology.Binding]?
        var stream: AsyncStream<[BusDelivery]>.Continuation
        var isStopped = false
        /// Whether it is attached to its queue; it waits for connection and queue otherwise.
        var isActive = false
        var epoch = 0
        var nextTag: UInt64 = 1
        /// In the order of their tags.
        var unacknowledged: [(tag: UInt64, stored: InMemoryBusQueue.Stored)] = []
        /// Delivered by this change, not handed out yet.
        var batch: [BusDelivery] = []
    }

    var now = Timestamp(millisecondsSinceEpoch: 0)
    var exchanges: [String: Exchange] = [:]
    var queues: [String: InMemoryBusQueue] = [:]
    var clients: [Int: Client] = [:]
    var consumers: [Int: Consumer] = [:]
    var alarm: String?
    /// Of queues that refuse from a length on.
    var limits: [String: Int] = [:]
    var watch: (any BusWatch)?
    /// Who waits for expirations, in order; the first one does.
    var timekeepers: [(client: Int, deadlines: AsyncStream<Timestamp>.Continuation)] = []
    /// The earliest deadline somebody was asked to wait for.
    var scheduled: Timestamp?
    /// Consumers with a batch to hand out, in order.
    private var consumersWithBatch: [Int] = []
    private var lastID = 0
    private var lastPosition: UInt64 = 0

    mutating func newID() -> Int {
        lastID += 1
        return lastID
    }

    mutating func newPosition() -> UInt64 {
        lastPosition += 1
        return lastPosition
    }

    /// Gives consumers what this change delivered to them, as one batch each.
    mutating func handOut() {
        for id in consumersWithBatch {
            guard let batch = consumers[id]?.batch, !batch.isEmpty else { continue }
            consumers[id]?.batch = []
            consumers[id]?.stream.yield(batch)
        }
        consumersWithBatch = []
    }

    // MARK: Connections

    mutating func addClient() -> Int {
        let id = newID()
        clients[id] = Client()
        return id
    }

    mutating func removeClient(_ id: Int) {
        disconnect(id, reason: "gone")
        for consumer in consumerIDs(of: id) { cancel(consumer: consumer) }
        for follower in clients[id]?.followers ?? [] { follower.finish() }
        clients[id] = nil
    }

    mutating func connect(_ id: Int) {
        guard let client = clients[id], !client.isConnected else { return }
        clients[id]?.isConnected = true
        // What cannot be restored is an operator's change, as with the real bus.
        try? declare(client.topology, client: id)
        for consumer in consumerIDs(of: id) { try? activate(consumer) }
        tellState(to: id)
    }

    mutating func disconnect(_ id: Int, reason: String) {
        guard clients[id]?.isConnected == true else { return }
        clients[id]?.isConnected = false
        clients[id]?.lostReason = reason
        for consumer in consumerIDs(of: id) { deactivate(consumer) }
        for queue in queues.keys.sorted() where queues[queue]?.owner == id { deleteQueue(queue) }
        tellState(to: id)
    }

    mutating func restart() {
        for id in clients.keys.sorted() { disconnect(id, reason: "the bus restarts") }
    }

    mutating func setAlarm(_ reason: String?) {
        guard reason != alarm else { return }
        alarm = reason
        for id in clients.keys.sorted() where clients[id]?.isConnected == true { tellState(to: id) }
    }

    func busState(of client: Client) -> BusState {
        if !client.isConnected { return .disconnected(reason: client.lostReason) }
        return alarm.map { .blocked(reason: $0) } ?? .connected
    }

    private mutating func tellState(to id: Int) {
        guard var client = clients[id] else { return }
        let state = busState(of: client)
        client.followers.removeAll {
            if case .terminated = $0.yield(state) { true } else { false }
        }
        clients[id] = client
    }

    private func consumerIDs(of client: Int) -> [Int] {
        consumers.filter { $0.value.client == client }.keys.sorted()
    }

    // MARK: Topology

    mutating func declare(_ topology: Topology, client: Int) throws(BusError) {
        for exchange in topology.exchanges { try declare(exchange) }
        for queue in topology.queues { try declare(queue, owner: nil) }
        for binding in topology.bindings { try bind(binding) }
        remember(topology, of: client)
        for id in consumers.keys.sorted() where consumers[id]?.isActive == false { try? activate(id) }
    }

    private mutating func declare(_ exchange: Topology.Exchange) throws(BusError) {
        if let known = exchanges[exchange.name] {
            guard known.kind == exchange.kind, known.alternate == exchange.alternate else {
                throw .refused(code: 406, "PRECONDITION_FAILED - inequivalent arg for exchange '\(exchange.name)'")
            }
            return
        }
        exchanges[exchange.name] = Exchange(kind: exchange.kind, alternate: exchange.alternate)
    }

    private mutating func declare(_ queue: Topology.Queue, owner: Int?) throws(BusError) {
        if let known = queues[queue.name] {
            guard known.owner == owner else {
                throw .refused(
                    code: 405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '\(queue.name)'")
            }
            guard Set(known.arguments) == Set(queue.arguments) else {
                throw .refused(code: 406, "PRECONDITION_FAILED - inequivalent arg for queue '\(queue.name)'")
            }
            return
        }
        queues[queue.name] = InMemoryBusQueue(arguments: queue.arguments, owner: owner)
    }

    mutating func bind(_ binding: Topology.Binding) throws(BusError) {
        guard queues[binding.queue] != nil else {
            throw .refused(code: 404, "NOT_FOUND - no queue '\(binding.queue)'")
        }
        guard exchanges[binding.exchange] != nil else {
            throw .refused(code: 404, "NOT_FOUND - no exchange '\(binding.exchange)'")
        }
        if exchanges[binding.exchange]?.bindings.contains(binding) == false {
            exchanges[binding.exchange]?.bindings.append(binding)
        }
    }

    mutating func unbind(_ queue: String) -> [Topology.Binding] {
        var gone: [Topology.Binding] = []
        for name in exchanges.keys.sorted() {
            gone += exchanges[name]?.bindings.filter { $0.queue == queue } ?? []
            exchanges[name]?.bindings.removeAll { $0.queue == queue }
        }
        return gone
    }

    private mutating func remember(_ topology: Topology, of id: Int) {
        guard var client = clients[id] else { return }
        for exchange in topology.exchanges where !client.topology.exchanges.contains(exchange) {
            client.topology.exchanges.append(exchange)
        }
        for queue in topology.queues where !client.topology.queues.contains(queue) {
            client.topology.queues.append(queue)
        }
        for binding in topology.bindings where !client.topology.bindings.contains(binding) {
            client.topology.bindings.append(binding)
        }
        clients[id] = client
    }

    func inspect(_ name: String, client: Int) throws(BusError) -> QueueStatus? {
        guard let queue = queues[name] else { return nil }
        guard queue.owner == nil || queue.owner == client else {
            throw .refused(code: 405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '\(name)'")
        }
        return QueueStatus(messages: queue.ready.count, consumers: queue.consumers.count)
    }

    mutating func deleteQueue(_ name: String) {
        guard let queue = queues.removeValue(forKey: name) else { return }
        for exchange in exchanges.keys { exchanges[exchange]?.bindings.removeAll { $0.queue == name } }
        for id in queue.consumers {
            consumers[id]?.isActive = false
            consumers[id]?.unacknowledged = []
        }
    }

    // MARK: Consumers

    mutating func subscribe(
        _ subscription: Subscription, client: Int, stream: AsyncStream<[BusDelivery]>.Continuation
    ) throws(BusError) -> Int {
        let id = newID()
        consumers[id] = Consumer(
            client: client, queue: subscription.queue, prefetch: max(1, subscription.prefetch),
            temporaryBindings: subscription.temporaryBindings, stream: stream)
        do {
            try activate(id)
        } catch {
            // A queue that is missing or another's may come; anything else is the caller's to know.
            if case .refused(let code, _) = error, code != 404, code != 405 {
                consumers[id] = nil
                throw error
            }
        }
        return id
    }

    /// Attaches a consumer to its queue, if both are there.
    private mutating func activate(_ id: Int) throws(BusError) {
        guard let consumer = consumers[id], !consumer.isActive, !consumer.isStopped,
            clients[consumer.client]?.isConnected == true
        else { return }
        if let bindings = consumer.temporaryBindings {
            try declare(Topology.Queue(name: consumer.queue, arguments: []), owner: consumer.client)
            for binding in bindings {
                try bind(
                    Topology.Binding(exchange: binding.exchange, queue: consumer.queue, routingKey: binding.routingKey))
            }
        }
        guard queues[consumer.queue] != nil else { return }
        consumers[id]?.isActive = true
        let epoch = newID()
        consumers[id]?.epoch = epoch
        consumers[id]?.nextTag = 1
        queues[consumer.queue]?.consumers.append(id)
        dispatch(consumer.queue)
    }

    /// Detaches a consumer: what it holds goes back.
    private mutating func deactivate(_ id: Int) {
        guard let consumer = consumers[id], consumer.isActive else { return }
        consumers[id]?.isActive = false
        consumers[id]?.unacknowledged = []
        consumers[id]?.batch = []
        queues[consumer.queue]?.consumers.removeAll { $0 == id }
        for (_, stored) in consumer.unacknowledged { giveBack(stored, to: consumer.queue) }
        dispatch(consumer.queue)
    }

    mutating func stop(consumer id: Int) {
        guard let queue = consumers[id]?.queue else { return }
        consumers[id]?.isStopped = true
        queues[queue]?.consumers.removeAll { $0 == id }
    }

    mutating func cancel(consumer id: Int) {
        deactivate(id)
        guard let consumer = consumers.removeValue(forKey: id) else { return }
        consumer.stream.finish()
        if consumer.temporaryBindings != nil, queues[consumer.queue]?.owner == consumer.client {
            deleteQueue(consumer.queue)
        }
    }

    mutating func ack(_ tags: [BusDelivery.Tag], consumer id: Int) {
        for tag in tags {
            guard let stored = take(tag, from: id), let watch, let queue = consumers[id]?.queue else { continue }
            watch.acknowledged(stored.message, of: queue)
        }
        if let queue = consumers[id]?.queue { dispatch(queue) }
    }

    mutating func reject(_ tags: [BusDelivery.Tag], requeue: Bool, consumer id: Int) {
        guard let name = consumers[id]?.queue else { return }
        for tag in tags {
            guard let stored = take(tag, from: id) else { continue }
            if requeue {
                giveBack(stored, to: name)
            } else {
                deadLetter(stored.message, from: name, reason: "rejected")
            }
        }
        dispatch(name)
    }

    private mutating func take(_ tag: BusDelivery.Tag, from id: Int) -> InMemoryBusQueue.Stored? {
        guard let consumer = consumers[id], consumer.epoch == tag.epoch,
            let index = consumer.unacknowledged.firstIndex(where: { $0.tag == tag.number })
        else { return nil }
        return consumers[id]?.unacknowledged.remove(at: index).stored
    }

    /// Hands one message to a consumer.
    mutating func deliver(_ stored: InMemoryBusQueue.Stored, to id: Int) {
        guard var consumer = consumers[id] else { return }
        watch?.delivered(stored.message, from: consumer.queue)
        let tag = consumer.nextTag
        consumer.nextTag += 1
        consumer.unacknowledged.append((tag, stored))
        var message = stored.message
        if stored.returns > 0 {
            message.headers.removeAll { $0.name == "x-delivery-count" }
            message.headers.append(BusMessage.Header(name: "x-delivery-count", value: .integer(Int64(stored.returns))))
        }
        consumer.batch.append(
            BusDelivery(
                tag: BusDelivery.Tag(epoch: consumer.epoch, number: tag), redelivered: stored.returns > 0,
                message: message))
        if consumer.batch.count == 1 { consumersWithBatch.append(id) }
        consumers[id] = consumer
    }
}
