import CRabbitMQ
import Delivery

/// Publishes as the bytes of their AMQP frames, so that a whole batch is one `send`. librabbitmq makes three for each publish, and
/// with small messages they cost more than all else that a publish needs.
///
/// Only what `BusMessage.unsendable` lets through: lengths fit their fields, and the properties fit a frame.
struct PublishBuffer {
    private(set) var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }

    mutating func removeAll() {
        // What a burst made large does not stay so.
        bytes.removeAll(keepingCapacity: bytes.count <= 1 << 20)
    }

    /// Method, header and body: persistent and mandatory, unless it is a notice.
    mutating func append(_ message: BusMessage, channel: UInt16, frameMaximum: Int) {
        bytes.reserveCapacity(bytes.count + message.body.count + 512)
        frame(AMQP_FRAME_METHOD, channel) { frame in
            frame.integer(UInt32(AMQP_BASIC_PUBLISH_METHOD))
            frame.integer(UInt16(0))
            frame.shortString(message.exchange)
            frame.shortString(message.routingKey)
            frame.bytes.append(message.isNotice ? 0 : Self.mandatory)
        }
        frame(AMQP_FRAME_HEADER, channel) { frame in
            frame.integer(UInt16(AMQP_BASIC_CLASS))
            frame.integer(UInt16(0))
            frame.integer(UInt64(message.body.count))
            frame.properties(of: message)
        }
        var start = 0
        while start < message.body.count {
            let end = min(start + frameMaximum - Self.frameOverhead, message.body.count)
            frame(AMQP_FRAME_BODY, channel) { $0.bytes += message.body[start..<end] }
            start = end
        }
    }

    private static let mandatory: UInt8 = 1
    /// Type, channel and length before the payload, and the end octet behind it.
    private static let frameOverhead = 8

    private mutating func frame(_ type: Int32, _ channel: UInt16, payload: (inout PublishBuffer) -> Void) {
        bytes.append(UInt8(type))
        integer(channel)
        measured(payload)
        bytes.append(UInt8(AMQP_FRAME_END))
    }

    /// What `content` writes, with its length before it.
    private mutating func measured(_ content: (inout PublishBuffer) -> Void) {
        let start = bytes.count
        integer(UInt32(0))
        content(&self)
        let length = UInt32(bytes.count - start - 4)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index)) }
    }

    /// Flags, then those that are there, in the order that AMQP gives them.
    private mutating func properties(of message: BusMessage) {
        let texts = [
            (AMQP_BASIC_CORRELATION_ID_FLAG, message.correlationID), (AMQP_BASIC_REPLY_TO_FLAG, message.replyTo),
            (AMQP_BASIC_EXPIRATION_FLAG, message.expirationMilliseconds.map { String(max(0, $0)) }),
            (AMQP_BASIC_MESSAGE_ID_FLAG, message.messageID), (AMQP_BASIC_TYPE_FLAG, message.type),
        ]
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG
        if message.contentType != nil { flags |= AMQP_BASIC_CONTENT_TYPE_FLAG }
        if !message.headers.isEmpty { flags |= AMQP_BASIC_HEADERS_FLAG }
        for (flag, text) in texts where text != nil { flags |= flag }
        integer(UInt16(flags))
        if let contentType = message.contentType { shortString(contentType) }
        if !message.headers.isEmpty { table(message.headers) }
        bytes.append(message.deliveryMode)
        for (_, text) in texts { if let text { shortString(text) } }
    }

    private mutating func table(_ headers: [BusMessage.Header]) {
        measured { table in
            for header in headers {
                table.shortString(header.name)
                table.value(header.value)
            }
        }
    }

    private mutating func value(_ value: BusMessage.HeaderValue) {
        switch value {
        case .string(let text):
            kind(AMQP_FIELD_KIND_UTF8)
            measured { $0.bytes += text.utf8 }
        case .integer(let number):
            kind(AMQP_FIELD_KIND_I64)
            integer(number)
        case .bool(let flag):
            kind(AMQP_FIELD_KIND_BOOLEAN)
            bytes.append(flag ? 1 : 0)
        case .double(let number):
            kind(AMQP_FIELD_KIND_F64)
            integer(number.bitPattern)
        case .table(let headers):
            kind(AMQP_FIELD_KIND_TABLE)
            table(headers)
        case .array(let values):
            kind(AMQP_FIELD_KIND_ARRAY)
            measured { array in for element in values { array.value(element) } }
        case .other: kind(AMQP_FIELD_KIND_VOID)
        }
    }

    private mutating func kind(_ kind: amqp_field_value_kind_t) { bytes.append(UInt8(kind.rawValue)) }

    private mutating func integer<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func shortString(_ text: String) {
        bytes.append(UInt8(truncatingIfNeeded: text.utf8.count))
        bytes += text.utf8
    }
}

extension BusMessage {
    var deliveryMode: UInt8 {
        UInt8((isNotice ? AMQP_DELIVERY_NONPERSISTENT : AMQP_DELIVERY_PERSISTENT).rawValue)
    }
}
