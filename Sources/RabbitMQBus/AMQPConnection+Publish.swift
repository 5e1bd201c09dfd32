import CRabbitMQ
import Delivery
import Glibc

extension AMQPConnection {
    /// Sends all that `publishes` publishes in one go; it sends nothing else.
    func publishing(_ publishes: () throws(AMQPFailure) -> Void) throws(AMQPFailure) {
        guard isPlain else { return try coalescing(publishes) }
        try publishes()
        try sendPublishes()
    }

    /// Takes a message to publish, inside `publishing`. The caller has asked `unsendable` before.
    func publish(_ message: BusMessage, channel: UInt16) throws(AMQPFailure) {
        if isPlain {
            publishes.append(message, channel: channel, frameMaximum: frameMaximum)
        } else {
            try publishByLibrary(message, channel: channel)
        }
    }

    /// It takes as long as it takes, because
    /// half a frame must not stay: the watchdog ends what takes too long.
    private func sendPublishes() throws(AMQPFailure) {
        guard !publishes.isEmpty else { return }
        defer { publishes.removeAll() }
        let isSent = publishes.bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = send(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                    Int32(MSG_NOSIGNAL))
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var socket = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&socket, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
        guard isSent else { throw .library(code: AMQP_STATUS_SOCKET_ERROR.rawValue, doing: "publish") }
    }

    /// With TLS the bytes go through the library.
    private func publishByLibrary(_ message: BusMessage, channel: UInt16) throws(AMQPFailure) {
        defer { arena.reset() }
        var properties = amqp_basic_properties_t()
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG
        properties.delivery_mode = message.deliveryMode
        func set(_ field: WritableKeyPath<amqp_basic_properties_t, amqp_bytes_t>, _ flag: Int32, _ value: String?) {
            guard let value else { return }
            properties[keyPath: field] = arena.bytes(value)
            flags |= flag
        }
        set(\.content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, message.contentType)
        set(\.correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG, message.correlationID)
        set(\.reply_to, AMQP_BASIC_REPLY_TO_FLAG, message.replyTo)
        set(\.message_id, AMQP_BASIC_MESSAGE_ID_FLAG, message.messageID)
        set(\.type, AMQP_BASIC_TYPE_FLAG, message.type)
        set(\.expiration, AMQP_BASIC_EXPIRATION_FLAG, message.expirationMilliseconds.map { String(max(0, $0)) })
        if !message.headers.isEmpty {
            properties.headers = arena.table(message.headers)
            flags |= AMQP_BASIC_HEADERS_FLAG
        }
        properties._flags = UInt32(flags)
        let status = message.body.withUnsafeBytes { body in
            amqp_basic_publish(
                state, channel, arena.bytes(message.exchange), arena.bytes(message.routingKey),
                message.isNotice ? 0 : 1, 0, &properties,
                // The library only reads it; its type for bytes knows no const.
                amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)))
        }
        try AMQPFailure.check(status, doing: "publish")
    }
}
