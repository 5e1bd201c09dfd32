import Delivery
import Testing

@testable import RabbitMQBus

@Suite struct MessageAssemblerTests {
    private static let properties = BusMessage(exchange: "", routingKey: "", messageID: "id", body: [])

    private static func started() throws -> MessageAssembler {
        var assembler = MessageAssembler(maximumBodyBytes: 10)
        try assembler.begin(.delivery(tag: 1, redelivered: true), exchange: "exchange", routingKey: "key")
        return assembler
    }

    @Test func `a body in parts is put together`() throws {
        var assembler = try Self.started()
        #expect(try assembler.header(Self.properties, bodySize: 5)?.message == nil)
        #expect(try assembler.body([1, 2])?.message == nil)
        let whole = try assembler.body([3, 4, 5])
        #expect(whole?.message.body == [1, 2, 3, 4, 5])
        #expect(whole?.message.exchange == "exchange")
        #expect(whole?.message.messageID == "id")
    }

    @Test func `a message without a body is complete with its header`() throws {
        var assembler = try Self.started()
        #expect(try assembler.header(Self.properties, bodySize: 0)?.message.body == [])
    }

    @Test func `a body that is too large is passed over, and the next message is read`() throws {
        var assembler = try Self.started()
        #expect(try assembler.header(Self.properties, bodySize: 11)?.message == nil)
        #expect(try assembler.body(Array(repeating: 0, count: 10))?.message == nil)
        let whole = try assembler.body([0])
        #expect(whole?.message.unreadBytes == 11)
        #expect(whole?.message.body == [])
        try assembler.begin(.delivery(tag: 2, redelivered: false), exchange: "", routingKey: "")
    }

    @Test func `frames in a wrong order are an error, not a crash`() throws {
        var assembler = MessageAssembler(maximumBodyBytes: 10)
        #expect(throws: AMQPFailure.self) { try assembler.header(Self.properties, bodySize: 1) }
        #expect(throws: AMQPFailure.self) { try assembler.body([1]) }
        assembler = try Self.started()
        #expect(throws: AMQPFailure.self) {
            try assembler.begin(.returned(code: 1, text: ""), exchange: "", routingKey: "")
        }
        #expect(throws: AMQPFailure.self) { try assembler.body([1]) }
        _ = try assembler.header(Self.properties, bodySize: 2)
        #expect(throws: AMQPFailure.self) { try assembler.body([1, 2, 3]) }
    }

    @Test func `a size that no memory holds does not trap`() throws {
        var assembler = try Self.started()
        #expect(try assembler.header(Self.properties, bodySize: .max)?.message == nil)
        #expect(try assembler.body([1])?.message == nil)
    }
}
