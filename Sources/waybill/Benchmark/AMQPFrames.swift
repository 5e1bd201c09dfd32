/// AMQP 0-9-1 frames, written and read by hand: what the raw round trips need and no more.
///
/// The bench measures the bus, so its own client must cost next to nothing: many frames are one `send`, and a message that is
/// published a hundred thousand times is encoded once.
package struct AMQPBuffer: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    package mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func integer<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func shortString(_ text: String) {
        let text = text.utf8.prefix(255)
        byte(UInt8(text.count))
        bytes.append(contentsOf: text)
    }

    mutating func longString(_ text: String) {
        integer(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func table(_ entries: [(name: String, value: AMQPValue)]) {
        let start = bytes.count
        integer(UInt32(0))
        for (name, value) in entries {
            shortString(name)
            switch value {
            case .text(let text):
                byte(UInt8(ascii: "S"))
                longString(text)
            case .number(let number):
                byte(UInt8(ascii: "l"))
                integer(number)
            case .flag(let flag):
                byte(UInt8(ascii: "t"))
                byte(flag ? 1 : 0)
            case .nothing:
                byte(UInt8(ascii: "V"))
            }
        }
        patchLength(at: start)
    }

    /// One method frame of a channel.
    package mutating func method(
        channel: UInt16, _ method: AMQPMethod, _ arguments: (inout AMQPBuffer) -> Void = { _ in }
    ) {
        let length = begin(.method, channel: channel)
        integer(UInt16(method.rawValue >> 16))
        integer(UInt16(truncatingIfNeeded: method.rawValue))
        arguments(&self)
        end(length)
    }

    /// A whole publish: method, header with delivery mode 2, and body.
    package mutating func publish(
        channel: UInt16, exchange: String, routingKey: String, body: [UInt8], frameLimit: Int
    ) {
        method(channel: channel, .basicPublish) { frame in
            frame.integer(UInt16(0))
            frame.shortString(exchange)
            frame.shortString(routingKey)
            frame.byte(0)
        }
        let header = begin(.header, channel: channel)
        integer(UInt16(60))
        integer(UInt16(0))
        integer(UInt64(body.count))
        integer(AMQPProperties.deliveryModeFlag)
        byte(AMQPProperties.persistent)
        end(header)
        var rest = body[...]
        while !rest.isEmpty {
            let part = rest.prefix(frameLimit - 8)
            let frame = begin(.body, channel: channel)
            bytes.append(contentsOf: part)
            end(frame)
            rest = rest.dropFirst(part.count)
        }
    }

    /// Acknowledges a delivery, or all up to it.
    package mutating func acknowledge(channel: UInt16, tag: UInt64, multiple: Bool) {
        method(channel: channel, .basicAck) { frame in
            frame.integer(tag)
            frame.byte(multiple ? 1 : 0)
        }
    }

    private mutating func begin(_ kind: AMQPFrame.Kind, channel: UInt16) -> Int {
        byte(kind.rawValue)
        integer(channel)
        integer(UInt32(0))
        return bytes.count - 4
    }

    private mutating func end(_ length: Int) {
        patchLength(at: length)
        byte(AMQPFrame.end)
    }

    /// Writes into the four bytes at `position` how many follow them.
    private mutating func patchLength(at position: Int) {
        let count = UInt32(bytes.count - position - 4)
        for index in 0..<4 { bytes[position + index] = UInt8(truncatingIfNeeded: count >> (24 - 8 * index)) }
    }
}

package enum AMQPValue: Sendable, Hashable {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case nothing
}

/// Class and method, as they stand in a frame.
package enum AMQPMethod: UInt32, Sendable {
    case connectionStart = 0x000a_000a
    case connectionStartOk = 0x000a_000b
    case connectionTune = 0x000a_001e
    case connectionTuneOk = 0x000a_001f
    case connectionOpen = 0x000a_0028
    case connectionOpenOk = 0x000a_0029
    case connectionClose = 0x000a_0032
    case connectionCloseOk = 0x000a_0033
    case channelOpen = 0x0014_000a
    case channelOpenOk = 0x0014_000b
    case channelClose = 0x0014_0028
    case channelCloseOk = 0x0014_0029
    case exchangeDeclare = 0x0028_000a
    case exchangeDeclareOk = 0x0028_000b
    case exchangeDelete = 0x0028_0014
    case exchangeDeleteOk = 0x0028_0015
    case queueDeclare = 0x0032_000a
    case queueDeclareOk = 0x0032_000b
    case queueBind = 0x0032_0014
    case queueBindOk = 0x0032_0015
    case queueDelete = 0x0032_0028
    case queueDeleteOk = 0x0032_0029
    case basicQos = 0x003c_000a
    case basicQosOk = 0x003c_000b
    case basicConsume = 0x003c_0014
    case basicConsumeOk = 0x003c_0015
    case basicPublish = 0x003c_0028
    case basicDeliver = 0x003c_003c
    case basicGet = 0x003c_0046
    case basicGetOk = 0x003c_0047
    case basicGetEmpty = 0x003c_0048
    case basicAck = 0x003c_0050
    case basicReject = 0x003c_005a
    case basicNack = 0x003c_0078
    case confirmSelect = 0x0055_000a
    case confirmSelectOk = 0x0055_000b
}

/// A frame in a buffer that somebody else owns: valid until the next read.
package struct AMQPFrame {
    package enum Kind: UInt8, Sendable {
        case method = 1
        case header = 2
        case body = 3
        case heartbeat = 8
    }

    package static let end: UInt8 = 0xce
    package let kind: Kind
    package let payload: UnsafeRawBufferPointer

    /// The first frame of the bytes and its size; nil if it is not there yet. Throws if that is no frame.
    package static func first(
        in bytes: UnsafeRawBufferPointer
    ) throws(AMQPTrouble) -> (frame: AMQPFrame, size: Int)? {
        guard bytes.count >= 8 else { return nil }
        guard let kind = Kind(rawValue: bytes[0]) else { throw AMQPTrouble("the bus sent no AMQP 0-9-1 frame") }
        let size = Int(bytes.bigEndian(at: 3, as: UInt32.self)) + 8
        guard bytes.count >= size else { return nil }
        guard bytes[size - 1] == end else { throw AMQPTrouble("a frame of the bus has no end") }
        return (AMQPFrame(kind: kind, payload: UnsafeRawBufferPointer(rebasing: bytes[7..<(size - 1)])), size)
    }

    /// Nil for other frames and for methods that the bench does not know.
    package var method: AMQPMethod? {
        guard kind == .method, payload.count >= 4 else { return nil }
        return AMQPMethod(rawValue: payload.bigEndian(at: 0, as: UInt32.self))
    }

    package var arguments: AMQPArguments { AMQPArguments(payload: payload, position: 4) }

    /// The body's size, of a content header.
    package var bodySize: Int? {
        guard kind == .header, payload.count >= 14 else { return nil }
        return Int(exactly: payload.bigEndian(at: 4, as: UInt64.self))
    }

    /// The delivery mode, of a content header; nil if the message says none.
    package var deliveryMode: UInt8? {
        guard kind == .header, payload.count >= 14 else { return nil }
        return AMQPProperties.deliveryMode(of: AMQPArguments(payload: payload, position: 12))
    }
}

/// Reads the fields of a frame one after the other; after the end there are none.
package struct AMQPArguments {
    private let payload: UnsafeRawBufferPointer
    private var position: Int

    init(payload: UnsafeRawBufferPointer, position: Int) {
        self.payload = payload
        self.position = position
    }

    package mutating func integer<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        let size = Number.bitWidth / 8
        guard payload.count - position >= size else { return nil }
        defer { position += size }
        return payload.bigEndian(at: position, as: Number.self)
    }

    package mutating func shortString() -> String? {
        guard let count = integer(UInt8.self) else { return nil }
        return text(Int(count))
    }

    package mutating func longString() -> String? {
        guard let count = integer(UInt32.self) else { return nil }
        return text(Int(count))
    }

    /// Leaves a table out.
    mutating func skipTable() -> Bool {
        guard let count = integer(UInt32.self), payload.count - position >= Int(count) else { return false }
        position += Int(count)
        return true
    }

    private mutating func text(_ count: Int) -> String? {
        guard payload.count - position >= count else { return nil }
        defer { position += count }
        return String(decoding: payload[position..<(position + count)], as: UTF8.self)
    }
}

enum AMQPProperties {
    static let deliveryModeFlag: UInt16 = 1 << 12
    static let persistent: UInt8 = 2

    /// Before the delivery mode stand, each if its flag is set: content type, content encoding, headers.
    static func deliveryMode(of fields: AMQPArguments) -> UInt8? {
        var fields = fields
        guard let flags = fields.integer(UInt16.self), flags & deliveryModeFlag != 0 else { return nil }
        if flags & 1 << 15 != 0, fields.shortString() == nil { return nil }
        if flags & 1 << 14 != 0, fields.shortString() == nil { return nil }
        if flags & 1 << 13 != 0, !fields.skipTable() { return nil }
        return fields.integer(UInt8.self)
    }
}

/// What is wrong with the bus, or with what it said.
package struct AMQPTrouble: Error, CustomStringConvertible {
    package let description: String
    /// The code of the bus, if it closed a channel or the connection.
    package let code: Int?

    init(_ description: String, code: Int? = nil) {
        self.description = description
        self.code = code
    }
}

extension UnsafeRawBufferPointer {
    /// The caller knows that the bytes are there.
    fileprivate func bigEndian<Number: FixedWidthInteger>(at offset: Int, as _: Number.Type) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
