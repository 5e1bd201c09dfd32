import Delivery
import Logging
import Services

/// The consuming link: each subscription has a channel of its own, so that an error of one (a missing queue, an ack
/// that came too late for the bus) does not touch the others.
final class Consumers: LinkRole {
    enum Command: Sendable {
        case subscribe(
            id: Int, Subscription, AsyncStream<[BusDelivery]>.Continuation, started: @Sendable (BusError?) -> Void)
        case ack(id: Int, [BusDelivery.Tag])
        case reject(id: Int, [BusDelivery.Tag], requeue: Bool)
        /// No more deliveries; answered when that is so.
        case stop(id: Int, done: @Sendable () -> Void)
        case cancel(id: Int, done: @Sendable () -> Void)
    }

    private let log: Logger
    private let maximumBodyBytes: Int
    /// In the order of their subscription.
    private var consumers: [Consumer] = []
    private var byID: [Int: Consumer] = [:]
    private var byChannel: [UInt16: Consumer] = [:]
    private var freeChannels: [UInt16] = []
    private var highestChannel: UInt16 = 0
    private var epoch = 0
    private var isUp = false
    private var hasStopped = false

    init(configuration: RabbitMQConfiguration, log: Logger) {
        self.log = log
        maximumBodyBytes = configuration.maximumBodyBytes
    }

    // MARK: Commands

    func receive(_ command: Command) {
        switch command {
        case .subscribe(let id, let subscription, let stream, let started):
            guard !hasStopped else {
                stream.finish()
                return started(.unavailable("the bus has been stopped"))
            }
            let consumer = Consumer(
                id: id, subscription: subscription, stream: stream, started: started, maximumBodyBytes: maximumBodyBytes
            )
            consumers.append(consumer)
            byID[id] = consumer
            // Nothing to wait for: it begins when the bus is there.
            if !isUp { consumer.answerStart(nil) }
        case .ack(let id, let tags): byID[id]?.acknowledge(tags)
        case .reject(let id, let tags, let requeue): byID[id]?.reject(tags, requeue: requeue)
        case .stop(let id, let done):
            byID[id]?.isStopped = true
            done()
        case .cancel(let id, let done):
            guard let consumer = byID[id], !consumer.isCancelled else { return done() }
            consumer.cancel(done)
            if consumer.channel == nil { remove(consumer) }
        }
    }

    func connected(at now: ContinuousClock.Instant) {
        isUp = true
        freeChannels = []
        highestChannel = 0
        for consumer in consumers { consumer.phase = .waiting(until: now) }
    }

    func disconnected() {
        isUp = false
        byChannel = [:]
        for consumer in consumers {
            consumer.channelEnded()
            consumer.answerStart(nil)
            if consumer.isCancelled { remove(consumer) }
        }
    }

    func blocked(reason: String?) {
        // Nothing is published here: what an alarm stops is another connection's.
    }

    func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard isUp else { return nil }
        var earliest: ContinuousClock.Instant?
        for consumer in consumers {
            if case .waiting(let until) = consumer.phase, !consumer.isStopped {
                earliest = min(earliest ?? until, until)
            }
        }
        return earliest
    }

    func stop() {
        hasStopped = true
        for consumer in consumers {
            consumer.answerStart(.unavailable("the bus has been stopped"))
            remove(consumer)
        }
    }

    private func remove(_ consumer: Consumer) {
        consumer.finish()
        byID[consumer.id] = nil
        consumers.removeAll { $0 === consumer }
    }

    // MARK: Sending

    func flush(_ connection: AMQPConnection, at now: ContinuousClock.Instant) throws(AMQPFailure) {
        for consumer in consumers { consumer.deliverBatch() }
        guard consumers.contains(where: { $0.hasSomethingToSend(at: now) }) else { return }
        try connection.coalescing { () throws(AMQPFailure) in
            for consumer in consumers {
                try consumer.settle(over: connection)
                switch consumer.phase {
                case .waiting(let until) where until <= now && !consumer.isStopped:
                    try start(consumer, over: connection)
                case .running where consumer.isCancelled, .starting where consumer.isCancelled,
                    .stopped where consumer.isCancelled:
                    try close(consumer, over: connection)
                case .running where consumer.isStopped:
                    if let channel = consumer.channel { try connection.cancelConsumer(channel) }
                    consumer.phase = .stopped
                case .waiting, .starting, .running, .stopped, .closing: break
                }
            }
        }
    }

    private func start(_ consumer: Consumer, over connection: AMQPConnection) throws(AMQPFailure) {
        guard let channel = takeChannel() else {
            // The limit agreed with the bus; one may become free.
            consumer.phase = .waiting(until: .now.advanced(by: .seconds(1)))
            return
        }
        epoch += 1
        consumer.begin(on: channel, epoch: epoch)
        byChannel[channel] = consumer
        let subscription = consumer.subscription
        try connection.startConsumer(
            ConsumerRequest(
                queue: subscription.queue, prefetch: subscription.prefetch,
                temporaryBindings: subscription.temporaryBindings), channel: channel)
    }

    private func close(_ consumer: Consumer, over connection: AMQPConnection) throws(AMQPFailure) {
        if let channel = consumer.channel { try connection.closeChannel(channel) }
        consumer.phase = .closing
    }

    private func takeChannel() -> UInt16? {
        if let channel = freeChannels.popLast() { return channel }
        guard highestChannel < 2047 else { return nil }
        highestChannel += 1
        return highestChannel
    }

    // MARK: Frames

    func receive(_ frame: AMQPFrame, from connection: AMQPConnection) throws(AMQPFailure) {
        switch frame {
        case .method(let method, let channel):
            if case .channelClose(let code, let text) = method {
                try connection.answerChannelClose(channel)
                channelClosed(channel, code: code, text: text)
            } else if let consumer = byChannel[channel] {
                try receive(method, for: consumer, from: connection)
            }
        case .header(let properties, let bodySize, let channel):
            guard let consumer = byChannel[channel], consumer.takesMessages else { return }
            if let whole = try consumer.assembler.header(properties, bodySize: bodySize) {
                try delivered(whole, to: consumer, from: connection)
            }
        case .body(let bytes, let channel):
            guard let consumer = byChannel[channel], consumer.takesMessages else { return }
            if let whole = try consumer.assembler.body(bytes) { try delivered(whole, to: consumer, from: connection) }
        case .nothing: break
        }
    }

    private func receive(
        _ method: AMQPMethod, for consumer: Consumer, from connection: AMQPConnection
    ) throws(AMQPFailure) {
        switch method {
        case .deliver(let tag, let redelivered, let exchange, let routingKey):
            guard consumer.takesMessages else { return }
            try consumer.assembler.begin(
                .delivery(tag: tag, redelivered: redelivered), exchange: exchange, routingKey: routingKey)
        case .consumeOk:
            if case .starting = consumer.phase { consumer.phase = .running }
            if consumer.hasToldWaiting {
                log.notice("a consumer has its queue now", metadata: ["queue": "\(consumer.subscription.queue)"])
                consumer.hasToldWaiting = false
            }
            consumer.answerStart(nil)
        case .cancel:
            // The queue was deleted, or its node went away: begin anew, as if it had not been there.
            log.warning("the bus cancelled a consumer", metadata: ["queue": "\(consumer.subscription.queue)"])
            if case .running = consumer.phase { try close(consumer, over: connection) }
        case .channelCloseOk:
            if case .closing = consumer.phase { ended(consumer, retryAfter: .seconds(1)) }
        case .ack, .nack, .returned, .channelClose, .connectionClose, .blocked, .unblocked, .other: break
        }
    }

    private func delivered(
        _ whole: MessageAssembler.Assembled, to consumer: Consumer, from connection: AMQPConnection
    ) throws(AMQPFailure) {
        guard case .delivery(let tag, let redelivered) = whole.start else { return }
        guard consumer.ledger.delivered(tag) else {
            throw .protocolViolation("delivery tag \(tag) is not the next one")
        }
        // What was on its way when we said stop goes back at once.
        if consumer.isStopped {
            guard consumer.ledger.reject(tag), let channel = consumer.channel else { return }
            return try connection.reject(tag, requeue: true, channel: channel)
        }
        consumer.batch.append(
            BusDelivery(
                tag: BusDelivery.Tag(epoch: consumer.epoch, number: tag), redelivered: redelivered,
                message: whole.message))
    }

    private func channelClosed(_ channel: UInt16, code: Int, text: String) {
        guard let consumer = byChannel[channel] else { return }
        // Our own close crossed this one: the bus still answers it.
        if case .closing = consumer.phase { return }
        let queue = consumer.subscription.queue
        let isMissing = code == 404 || code == 405
        if consumer.isStarting, !isMissing {
            log.error("the bus refused a consumer", metadata: ["queue": "\(queue)", "text": "\(text)"])
            if consumer.answerStart(.refused(code: code, "cannot consume from \(queue): \(text)")) {
                consumer.cancel {}
            }
        } else {
            // Told once: it looks again each second, for as long as nobody makes the queue.
            log.log(
                level: consumer.hasToldWaiting ? .debug : .notice,
                "a consumer waits for its queue",
                metadata: ["queue": "\(queue)", "code": "\(code)", "text": "\(text)"])
            consumer.hasToldWaiting = true
            consumer.answerStart(nil)
        }
        // Nothing will change by itself where the bus refuses; a queue may be made at any time.
        ended(consumer, retryAfter: isMissing || code == 406 ? .seconds(1) : .seconds(10))
    }

    /// A consumer has no channel any more.
    private func ended(_ consumer: Consumer, retryAfter pause: Duration) {
        if let channel = consumer.channel {
            byChannel[channel] = nil
            freeChannels.append(channel)
        }
        consumer.channelEnded()
        consumer.phase = .waiting(until: .now.advanced(by: pause))
        if consumer.isCancelled { remove(consumer) }
    }
}
