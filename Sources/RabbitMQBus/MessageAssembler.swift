import Delivery

/// Puts the frames of one channel together: a method (deliver or return), a header, and body frames until the size is
/// reached.
struct MessageAssembler {
    /// The method that a message began with.
    enum Start {
        case delivery(tag: UInt64, redelivered: Bool)
        case returned(code: Int, text: String)
    }

    struct Assembled {
        var start: Start
        /// A body that is larger than allowed is not here.
        var message: BusMessage
    }

    private enum State {
        case idle
        case started(Start, exchange: String, routingKey: String)
        /// `missing` body bytes are still to come.
        case body(Start, BusMessage, missing: UInt64)
    }

    private var state = State.idle
    private let maximumBodyBytes: Int

    init(maximumBodyBytes: Int) {
        self.maximumBodyBytes = maximumBodyBytes
    }

    mutating func begin(_ start: Start, exchange: String, routingKey: String) throws(AMQPFailure) {
        guard case .idle = state else { throw .protocolViolation("a message began inside another one") }
        state = .started(start, exchange: exchange, routingKey: routingKey)
    }

    /// The message, if it has no body.
    mutating func header(_ properties: BusMessage, bodySize: UInt64) throws(AMQPFailure) -> Assembled? {
        guard case .started(let start, let exchange, let routingKey) = state else {
            throw .protocolViolation("a content header came without a message")
        }
        var message = properties
        message.exchange = exchange
        message.routingKey = routingKey
        if bodySize > UInt64(maximumBodyBytes) { message.unreadBytes = Int(clamping: bodySize) }
        if bodySize == 0 {
            state = .idle
            return Assembled(start: start, message: message)
        }
        state = .body(start, message, missing: bodySize)
        return nil
    }

    /// The message, if this was the last of its body.
    mutating func body(_ bytes: [UInt8]) throws(AMQPFailure) -> Assembled? {
        guard case .body(let start, var message, let missing) = state else {
            throw .protocolViolation("a body came without a header")
        }
        // Given up before the change, so that the body grows in place.
        state = .idle
        guard UInt64(bytes.count) <= missing else { throw .protocolViolation("a body is longer than its header says") }
        let left = missing - UInt64(bytes.count)
        if message.unreadBytes == nil {
            if message.body.isEmpty { message.body = bytes } else { message.body += bytes }
        }
        if left == 0 { return Assembled(start: start, message: message) }
        state = .body(start, message, missing: left)
        return nil
    }

    /// The channel is gone, and with it what was not complete.
    mutating func reset() {
        state = .idle
    }
}
