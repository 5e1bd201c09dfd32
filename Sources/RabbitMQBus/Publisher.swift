import Delivery
import DequeModule
import HeapModule
import Logging
import Services

/// Messages of one `publish` call and what became of them. Made by the caller, then touched by the publishing thread
/// alone; that hand-over is what makes it safe.
final class PublishBatch: @unchecked Sendable {
    let messages: [BusMessage]
    let deadline: ContinuousClock.Instant
    /// How many have been given to the connection; they go in order.
    var sentCount = 0
    private var outcomes: [PublishOutcome?]
    private var missing: Int
    private let completion: @Sendable ([PublishOutcome]) -> Void

    init(
        _ messages: [BusMessage], deadline: ContinuousClock.Instant,
        completion: @escaping @Sendable ([PublishOutcome]) -> Void
    ) {
        self.messages = messages
        self.deadline = deadline
        self.completion = completion
        outcomes = Array(repeating: nil, count: messages.count)
        missing = messages.count
    }

    var isComplete: Bool { missing == 0 }

    /// The first outcome counts; the last one missing answers the caller.
    func resolve(_ index: Int, _ outcome: PublishOutcome) {
        guard outcomes[index] == nil else { return }
        outcomes[index] = outcome
        missing -= 1
        if missing == 0 { completion(outcomes.map { $0 ?? .unknown }) }
    }

    /// Ends everything that has no outcome: what was sent is unknown, the rest never left.
    func giveUp() {
        for index in messages.indices { resolve(index, index < sentCount ? .unknown : .notSent) }
    }
}

/// The publishing link: one channel with confirms, a window of publishes on the way, a queue of batches behind it.
final class Publisher: LinkRole {
    typealias Command = PublishBatch

    private struct Sent {
        var batch: PublishBatch
        var index: Int
        var at: ContinuousClock.Instant
        var returned: PublishOutcome?
        var message: BusMessage { batch.messages[index] }
    }

    private struct Expiry: Comparable {
        var batch: PublishBatch
        static func < (left: Expiry, right: Expiry) -> Bool { left.batch.deadline < right.batch.deadline }
        static func == (left: Expiry, right: Expiry) -> Bool { left.batch.deadline == right.batch.deadline }
    }

    static let channel: UInt16 = 1
    /// After so much, frames are read before more is written.
    private static let bytesPerTurn = 128 << 10
    private let configuration: RabbitMQConfiguration
    private let log: Logger
    private var waiting: Deque<PublishBatch> = []
    private var expiries = Heap<Expiry>()
    private var window = ConfirmWindow<Sent>()
    private var assembler: MessageAssembler
    private var isBlocked = false
    /// Confirms are late only counting from here.
    private var unblockedAt = ContinuousClock.now
    private var hasStopped = false

    init(configuration: RabbitMQConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        assembler = MessageAssembler(maximumBodyBytes: configuration.maximumBodyBytes)
    }

    func receive(_ batch: PublishBatch) {
        if hasStopped { return batch.giveUp() }
        waiting.append(batch)
        expiries.insert(Expiry(batch: batch))
    }

    func connected(at now: ContinuousClock.Instant) {
        isBlocked = false
    }

    func blocked(reason: String?) {
        isBlocked = reason != nil
        unblockedAt = .now
    }

    func disconnected() {
        assembler.reset()
        for sent in window.reset() { sent.batch.resolve(sent.index, sent.returned ?? .unknown) }
    }

    func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var hasGivenUp = false
        // While the bus is away nothing is sent, and what nobody waits for any more would stay.
        defer { if hasGivenUp { waiting.removeAll(where: \.isComplete) } }
        while let next = expiries.min {
            // A batch that is complete stays here until its deadline otherwise.
            guard next.batch.isComplete || next.batch.deadline <= now else { return next.batch.deadline }
            expiries.removeMin()
            if !next.batch.isComplete { hasGivenUp = true }
            next.batch.giveUp()
        }
        return nil
    }

    /// Batches that have messages to be sent.
    var waitingCount: Int { waiting.count }

    func stop() {
        hasStopped = true
        for batch in waiting { batch.giveUp() }
        waiting = []
        expiries = Heap()
    }

    // MARK: Sending

    func flush(_ connection: AMQPConnection, at now: ContinuousClock.Instant) throws(AMQPFailure) {
        guard !isBlocked else { return }
        if let oldest = window.oldest, max(oldest.at, unblockedAt).duration(to: now) > configuration.confirmTimeout {
            throw .protocolViolation("it confirmed nothing for \(configuration.confirmTimeout)")
        }
        dropAnswered()
        // A write into a full socket would block, and what the bus says meanwhile (an alarm, mostly) would not be
        // heard.
        guard wantsToWrite, connection.isWritable else { return }
        try connection.publishing { () throws(AMQPFailure) in
            var room = Self.bytesPerTurn
            while room > 0, window.count < configuration.confirmWindow, let batch = waiting.first {
                room -= batch.messages[batch.sentCount].body.count
                try send(batch, over: connection, at: now)
                dropAnswered()
            }
        }
    }

    /// Whether a message waits and may go.
    var wantsToWrite: Bool { !isBlocked && !waiting.isEmpty && window.count < configuration.confirmWindow }

    /// Leaves a batch that has a message to be sent at the head, or none.
    private func dropAnswered() {
        while let batch = waiting.first, batch.isComplete || batch.sentCount == batch.messages.count {
            waiting.removeFirst()
        }
    }

    private func send(_ batch: PublishBatch, over connection: AMQPConnection, at now: ContinuousClock.Instant)
        throws(AMQPFailure)
    {
        let index = batch.sentCount
        let message = batch.messages[index]
        batch.sentCount += 1
        if let (code, text) = message.unsendable(
            maximumBodyBytes: configuration.maximumBodyBytes, frameMaximum: connection.frameMaximum)
        {
            return batch.resolve(index, .returned(code: code, text: text))
        }
        // Before the call: if it fails half way, what left is unknown.
        window.sent(Sent(batch: batch, index: index, at: now))
        try connection.publish(message, channel: Self.channel)
    }

    // MARK: Answers

    func receive(_ frame: AMQPFrame, from connection: AMQPConnection) throws(AMQPFailure) {
        switch frame {
        case .method(.ack(let tag, let multiple), Self.channel):
            for sent in window.answered(tag, multiple: multiple) {
                sent.batch.resolve(sent.index, sent.returned ?? .confirmed)
            }
        case .method(.nack(let tag, let multiple), Self.channel):
            for sent in window.answered(tag, multiple: multiple) { sent.batch.resolve(sent.index, .refused) }
        case .method(.returned(let code, let text, let exchange, let routingKey), Self.channel):
            try assembler.begin(.returned(code: code, text: text), exchange: exchange, routingKey: routingKey)
        case .header(let properties, let bodySize, Self.channel):
            if let whole = try assembler.header(properties, bodySize: bodySize) { returned(whole) }
        case .body(let bytes, Self.channel):
            if let whole = try assembler.body(bytes) { returned(whole) }
        case .method(.channelClose(let code, let text), Self.channel):
            try channelClosed(code: code, text: text, connection: connection)
        case .method, .header, .body, .nothing:
            break
        }
    }

    /// A return comes before the ack of the same publish and does not name its tag. Publishes are processed in order,
    /// so it belongs to the first one that looks like it.
    private func returned(_ whole: MessageAssembler.Assembled) {
        guard case .returned(let code, let text) = whole.start else { return }
        let found = window.changeFirst { sent in
            let message = sent.message
            return sent.returned == nil && message.messageID == whole.message.messageID
                && message.routingKey == whole.message.routingKey && message.exchange == whole.message.exchange
        } _: {
            $0.returned = .returned(code: code, text: text)
        }
        if !found { log.warning("the bus returned a message that is not on its way", metadata: ["text": "\(text)"]) }
    }

    /// The bus closed the channel, mostly because an exchange is missing or forbidden. What was sent to that one was
    /// not taken; the fate of the others is unknown.
    private func channelClosed(code: Int, text: String, connection: AMQPConnection) throws(AMQPFailure) {
        log.error("the bus closed the publishing channel", metadata: ["code": "\(code)", "text": "\(text)"])
        try connection.answerChannelClose(Self.channel)
        assembler.reset()
        for sent in window.reset() {
            let exchange = sent.message.exchange
            let name = exchange.isEmpty ? "amq.default" : exchange
            let isCulprit = (code == 403 || code == 404) && text.contains("exchange '\(name)'")
            sent.batch.resolve(
                sent.index, sent.returned ?? (isCulprit ? .returned(code: code, text: text) : .unknown))
        }
        try connection.openChannel(Self.channel)
        try connection.selectConfirms(Self.channel)
    }
}
