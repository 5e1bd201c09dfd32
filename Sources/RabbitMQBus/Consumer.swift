import Delivery
import Services

/// One subscription on the consuming thread.
///
/// waiting → starting (channel opened); starting → running (consume-ok), waiting (channel closed by the bus);
/// running → closing (cancelled by us or the bus), stopped, waiting (channel closed by the bus); stopped → closing,
/// waiting; closing → waiting (close-ok). When stopped, waiting leads nowhere. A lost connection leads to waiting from
/// everywhere.
final class Consumer {
    enum Phase {
        case waiting(until: ContinuousClock.Instant)
        case starting
        case running
        /// The channel is open for acks; nothing more is delivered.
        case stopped
        case closing
    }

    let id: Int
    let subscription: Subscription
    var phase = Phase.waiting(until: .now)
    private(set) var channel: UInt16?
    private(set) var epoch = 0
    var ledger = AckLedger()
    var assembler: MessageAssembler
    /// What came in this turn.
    var batch: [BusDelivery] = []

    private let stream: AsyncStream<[BusDelivery]>.Continuation
    private var started: (@Sendable (BusError?) -> Void)?
    private var cancelled: [@Sendable () -> Void] = []
    private(set) var isCancelled = false
    /// No new deliveries are wanted.
    var isStopped = false
    /// The log says that its queue is missing.
    var hasToldWaiting = false
    private enum Settlement {
        case ack([UInt64])
        case reject([UInt64], requeue: Bool)
    }
    /// Not sent yet, in order.
    private var settlements: [Settlement] = []

    init(
        id: Int, subscription: Subscription, stream: AsyncStream<[BusDelivery]>.Continuation,
        started: @escaping @Sendable (BusError?) -> Void, maximumBodyBytes: Int
    ) {
        self.id = id
        self.subscription = subscription
        self.stream = stream
        self.started = started
        assembler = MessageAssembler(maximumBodyBytes: maximumBodyBytes)
    }

    var isStarting: Bool { if case .starting = phase { true } else { false } }

    /// Whether messages on its channel still count: after a close has been sent, they go back to the queue.
    var takesMessages: Bool { if case .closing = phase { false } else { true } }

    /// Tells `subscribe` how it went; false if it knows already.
    @discardableResult
    func answerStart(_ error: BusError?) -> Bool {
        guard let started else { return false }
        self.started = nil
        started(error)
        return true
    }

    func begin(on channel: UInt16, epoch: Int) {
        self.channel = channel
        self.epoch = epoch
        ledger = AckLedger()
        assembler.reset()
        phase = .starting
    }

    /// The channel is gone: what was delivered on it comes again, and settling it means nothing.
    func channelEnded() {
        channel = nil
        settlements = []
        // Its tags name nothing any more; the bus delivers it again.
        batch = []
        assembler.reset()
        phase = .waiting(until: .now)
    }

    func acknowledge(_ tags: [BusDelivery.Tag]) {
        let numbers = tags.filter(isCurrent).map(\.number)
        // Acks of one turn are one list, so that few frames say them.
        if case .ack(let earlier) = settlements.last {
            settlements[settlements.count - 1] = .ack(earlier + numbers)
        } else {
            settlements.append(.ack(numbers))
        }
    }

    func reject(_ tags: [BusDelivery.Tag], requeue: Bool) {
        settlements.append(.reject(tags.filter(isCurrent).map(\.number), requeue: requeue))
    }

    private func isCurrent(_ tag: BusDelivery.Tag) -> Bool { channel != nil && tag.epoch == epoch }

    func cancel(_ done: @escaping @Sendable () -> Void) {
        isCancelled = true
        isStopped = true
        cancelled.append(done)
    }

    func deliverBatch() {
        guard !batch.isEmpty else { return }
        stream.yield(batch)
        batch = []
    }

    /// Whether `Consumers.flush` has something to do for it on the connection.
    func hasSomethingToSend(at now: ContinuousClock.Instant) -> Bool {
        if !settlements.isEmpty { return true }
        return switch phase {
        case .waiting(let until): until <= now && !isStopped
        case .running: isStopped || isCancelled
        case .starting, .stopped: isCancelled
        case .closing: false
        }
    }

    /// Sends acks and rejects that wait.
    func settle(over connection: AMQPConnection) throws(AMQPFailure) {
        guard let channel, !settlements.isEmpty else { return }
        defer { settlements = [] }
        guard takesMessages else { return }
        for settlement in settlements {
            switch settlement {
            case .ack(let tags):
                for ack in ledger.acknowledge(tags) {
                    try connection.ack(ack.tag, multiple: ack.multiple, channel: channel)
                }
            case .reject(let tags, let requeue):
                for tag in tags where ledger.reject(tag) {
                    try connection.reject(tag, requeue: requeue, channel: channel)
                }
            }
        }
    }

    /// The subscription is over.
    func finish() {
        stream.finish()
        for done in cancelled { done() }
        cancelled = []
    }
}

/// A subscription as its owner sees it.
final class RabbitMQSubscription: BusSubscription {
    let deliveries: AsyncStream<[BusDelivery]>
    private let id: Int
    private let mailbox: Mailbox<LinkInput<Consumers.Command>>

    init(id: Int, deliveries: AsyncStream<[BusDelivery]>, mailbox: Mailbox<LinkInput<Consumers.Command>>) {
        self.id = id
        self.deliveries = deliveries
        self.mailbox = mailbox
    }

    func ack(_ tags: [BusDelivery.Tag]) async {
        if !tags.isEmpty { mailbox.post(.role(.ack(id: id, tags))) }
    }

    func reject(_ tags: [BusDelivery.Tag], requeue: Bool) async {
        if !tags.isEmpty { mailbox.post(.role(.reject(id: id, tags, requeue: requeue))) }
    }

    func stop() async {
        await withCheckedContinuation { continuation in
            mailbox.post(.role(.stop(id: id) { continuation.resume() }))
        }
    }

    func cancel() async {
        await withCheckedContinuation { continuation in
            mailbox.post(.role(.cancel(id: id) { continuation.resume() }))
        }
    }
}
