import Delivery
import Testing

@testable import RabbitMQBus

/// Bytes as they are expected.
private struct Wire {
    var bytes: [UInt8] = []

    func raw(_ more: UInt8...) -> Wire { Wire(bytes: bytes + more) }
    func short(_ text: String) -> Wire { Wire(bytes: bytes + [UInt8(text.utf8.count)] + Array(text.utf8)) }
    func append(_ other: Wire) -> Wire { Wire(bytes: bytes + other.bytes) }
}

struct PublishBufferTests {
    private func bytes(of message: BusMessage, frameMaximum: Int = 4096) -> [UInt8] {
        var buffer = PublishBuffer()
        buffer.append(message, channel: 1, frameMaximum: frameMaximum)
        return buffer.bytes
    }

    /// Payloads of the frames in some bytes, with their types; nil if they are no frames.
    private func split(_ bytes: [UInt8]) -> [(type: UInt8, payload: [UInt8])]? {
        var rest = bytes[...]
        var frames: [(type: UInt8, payload: [UInt8])] = []
        while !rest.isEmpty {
            let head = Array(rest.prefix(7))
            guard head.count == 7, head[1] == 0, head[2] == 1 else { return nil }
            let length = head[3...].reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(7)
            guard rest.count > length, rest[rest.startIndex + length] == 206 else { return nil }
            frames.append((head[0], Array(rest.prefix(length))))
            rest = rest.dropFirst(length + 1)
        }
        return frames
    }

    @Test func `a publish is a method, a header and a body, byte for byte as AMQP wants it`() throws {
        let message = BusMessage(
            exchange: "x", routingKey: "key", messageID: "m", correlationID: "c", type: "t", replyTo: "r",
            contentType: "application/json", expirationMilliseconds: 5,
            headers: [
                .init(name: "s", value: .string("v")), .init(name: "i", value: .integer(-2)),
                .init(name: "b", value: .bool(true)),
                .init(name: "t", value: .table([.init(name: "n", value: .other)])),
                .init(name: "a", value: .array([.integer(1)])),
            ], body: Array("{}".utf8))
        let encoded = bytes(of: message)
        let frames = try #require(split(encoded))

        #expect(frames.map(\.type) == [1, 2, 3])
        #expect(frames[0].payload == Wire().raw(0, 60, 0, 40, 0, 0).short("x").short("key").raw(1).bytes)
        let table = Wire()
            .short("s").raw(0x53, 0, 0, 0, 1, 0x76)
            .short("i").raw(0x6C, 255, 255, 255, 255, 255, 255, 255, 254)
            .short("b").raw(0x74, 1)
            .short("t").raw(0x46, 0, 0, 0, 3).short("n").raw(0x56)
            .short("a").raw(0x41, 0, 0, 0, 9, 0x6C, 0, 0, 0, 0, 0, 0, 0, 1)
        // Flags: content type, headers, delivery mode, correlation id, reply to, expiration, message id, type.
        let header = Wire().raw(0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2).raw(0b1011_0111, 0b1010_0000)
            .short("application/json").raw(0, 0, 0, UInt8(table.bytes.count)).append(table).raw(2)
            .short("c").short("r").short("5").short("m").short("t")
        #expect(frames[1].payload == header.bytes)
        #expect(frames[2].payload == Array("{}".utf8))
    }

    @Test func `what is absent takes no place`() throws {
        let message = BusMessage(exchange: "", routingKey: "q", contentType: nil, body: [])
        let encoded = bytes(of: message)
        let frames = try #require(split(encoded))

        #expect(frames.map(\.type) == [1, 2])
        #expect(frames[1].payload == [0, 60] + Array(repeating: 0, count: 10) + [0b0001_0000, 0, 2])
    }

    @Test func `no frame is longer than agreed`() throws {
        let body = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        let encoded = bytes(of: BusMessage(exchange: "x", routingKey: "k", body: body))
        let frames = try #require(split(encoded))

        #expect(frames.allSatisfy { $0.payload.count + 8 <= 4096 })
        #expect(frames.dropFirst(2).flatMap(\.payload) == body)
    }

    @Test func `several publishes are one run of bytes`() {
        let (first, second) = (
            BusMessage(exchange: "x", routingKey: "1", body: [1]), BusMessage(exchange: "x", routingKey: "2", body: [])
        )
        var buffer = PublishBuffer()
        buffer.append(first, channel: 1, frameMaximum: 4096)
        buffer.append(second, channel: 1, frameMaximum: 4096)
        #expect(buffer.bytes == bytes(of: first) + bytes(of: second))
        buffer.removeAll()
        #expect(buffer.isEmpty)
    }
}
