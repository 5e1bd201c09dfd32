import RabbitMQBus
import Testing

@Suite struct RabbitMQAddressTests {
    @Test func `a full URL is read`() throws {
        let address = try RabbitMQAddress(
            url: "amqps://us%3Aer:p%40ss@one:5,[::1]:6,three/v%2Fhost?heartbeat=7&cacertfile=/ca\n")
        #expect(address.user == "us:er")
        #expect(address.password == "p@ss")
        #expect(address.hosts.map(\.description) == ["one:5", "[::1]:6", "three:5671"])
        #expect(address.virtualHost == "v/host")
        #expect(address.heartbeatSeconds == 7)
        #expect(address.tls?.authorityFile == "/ca")
    }

    @Test func `what is left out has RabbitMQ's defaults`() throws {
        let address = try RabbitMQAddress(url: "amqp://host")
        #expect(address.user == "guest")
        #expect(address.hosts.map(\.port) == [5672])
        #expect(address.virtualHost == "/")
        #expect(address.tls == nil)
    }

    @Test(arguments: [
        ("http://host", "begin with amqp"), ("amqp://", "a host is missing"), ("amqp://u:p@h:0/", "port"),
        ("amqp://u:secret@h:x", "port"), ("amqp://u:secret%zz@h", "hexadecimal"), ("amqp://u:secret%ff@h", "UTF-8"),
        ("amqp://u:secret@h?nonsense=1", "unknown parameter"), ("amqp://u:secret@h?cacertfile=/x", "needs amqps"),
        ("amqp://u:secret@h?heartbeat=0", "heartbeat"), ("amqps://u:secret@h?certfile=/x", "go together"),
        ("amqp://u:secret%00@h", "zero byte"), ("amqp://h,", "a host is missing"), ("amqp://[::1]x", "bracket"),
    ])
    func `a wrong URL is explained without its password`(url: String, expected: String) {
        let error = #expect(throws: RabbitMQAddressError.self) { try RabbitMQAddress(url: url) }
        #expect(error?.description.contains(expected) == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test func `no text of an address has the password`() throws {
        let address = try RabbitMQAddress(url: "amqp://user:secret@host/v")
        var dumped = ""
        dump(address, to: &dumped)
        #expect("\(address)" == "amqp://user@host:5672/v")
        for text in ["\(address)", String(reflecting: address), dumped] { #expect(!text.contains("secret")) }
    }
}
