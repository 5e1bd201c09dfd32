import Delivery
import Foundation
import Logging
import RabbitMQBus
import Services
import ServicesTesting
import Testing

/// Servers that break the protocol: the process lives on, and every call is answered.
@Suite struct HostileServerTests {
    @Test(.timeLimit(.minutes(2)), arguments: 0..<40 as Range<UInt64>)
    func `random frames after a good login harm nobody`(seed: UInt64) async throws {
        try await surviving(try HostileServer { random in handshake + channelReady + randomFrames(random) }, seed: seed)
    }

    @Test(.timeLimit(.minutes(2)), arguments: 0..<10 as Range<UInt64>)
    func `random bytes harm nobody`(seed: UInt64) async throws {
        try await surviving(
            try HostileServer { random in
                Array(handshake.prefix(random.below(handshake.count)))
                    + (0..<random.below(400)).map { _ in UInt8(random.below(256)) }
            }, seed: seed)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a frame size that AMQP forbids is refused`() async throws {
        let server = try HostileServer { _ in start + tune(frameMaximum: 16) + openOk }
        server.serve(SeededRandom(seed: 0))
        let bus = try RabbitMQBus(try server.configuration(), logger: RabbitMQBusTests.quiet)
        try await Self.running(bus) {
            for await state in bus.states() {
                if case .disconnected(let reason) = state, !reason.contains("not connected yet") { break }
            }
        }
    }

    /// Runs a bus against the server until it has connected some times, with everything in use.
    private func surviving(_ server: HostileServer, seed: UInt64) async throws {
        server.serve(SeededRandom(seed: seed))
        let bus = try RabbitMQBus(try server.configuration(), logger: RabbitMQBusTests.quiet)
        try await Self.running(bus) {
            async let subscription = bus.subscribe(Subscription(queue: "queue", prefetch: 10))
            let message = BusMessage(exchange: "exchange", routingKey: "key", messageID: "id", body: [1])
            for _ in 0..<5 {
                let outcomes = await bus.publish([message, message], timeout: .milliseconds(100))
                #expect(outcomes.count == 2)
            }
            // Whatever the outcome is, there is one.
            _ = try? await subscription.cancel()
        }
    }

    private static func running(_ bus: RabbitMQBus, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await bus.run() }
            group.addTask { try await body() }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// Listens on a free port of the loopback and writes the same kind of bytes to everybody, without reading.
private final class HostileServer: Sendable {
    private let listener: Int32
    private let port: Int
    private let bytes: @Sendable (SeededRandom) -> [UInt8]

    init(bytes: @escaping @Sendable (SeededRandom) -> [UInt8]) throws {
        self.bytes = bytes
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) + listen(listener, 16) + getsockname(listener, address, &length)
            }
        }
        try #require(status == 0)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        // Ends the thread's accept, which closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    func configuration() throws -> RabbitMQConfiguration {
        var configuration = try RabbitMQBusTests.configuration("amqp://127.0.0.1:\(port)")
        configuration.shortestPause = .milliseconds(1)
        configuration.longestPause = .milliseconds(5)
        configuration.requestTimeout = .milliseconds(300)
        return configuration
    }

    /// Accepts on a thread until the listener is closed.
    func serve(_ random: SeededRandom) {
        let (listener, bytes) = (listener, bytes)
        let thread = Thread {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 {
                    close(listener)
                    return
                }
                let content = bytes(random)
                _ = send(client, content, content.count, Int32(MSG_NOSIGNAL))
                shutdown(client, Int32(SHUT_WR))
                // Reads until the peer is gone, so that its writes do not fail before it has read.
                var buffer = [UInt8](repeating: 0, count: 4096)
                while recv(client, &buffer, buffer.count, 0) > 0 {}
                close(client)
            }
        }
        thread.start()
    }
}

// MARK: AMQP bytes

private func number(_ value: Int, bytes: Int) -> [UInt8] {
    (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

private func frame(_ type: UInt8, channel: Int, _ payload: [UInt8]) -> [UInt8] {
    [type] + number(channel, bytes: 2) + number(payload.count, bytes: 4) + payload + [0xCE]
}

private func method(_ classID: Int, _ methodID: Int, channel: Int, _ content: [UInt8]) -> [UInt8] {
    frame(1, channel: channel, number(classID, bytes: 2) + number(methodID, bytes: 2) + content)
}

private func long(_ text: String) -> [UInt8] { number(text.utf8.count, bytes: 4) + Array(text.utf8) }

private let start = method(10, 10, channel: 0, [0, 9] + number(0, bytes: 4) + long("PLAIN") + long("en_US"))
private func tune(frameMaximum: Int) -> [UInt8] {
    method(10, 30, channel: 0, number(2047, bytes: 2) + number(frameMaximum, bytes: 4) + number(60, bytes: 2))
}
private let openOk = method(10, 41, channel: 0, [0])
private let handshake = start + tune(frameMaximum: 131_072) + openOk
/// channel.open-ok, confirm.select-ok: what the publishing link waits for.
private let channelReady = method(20, 11, channel: 1, number(0, bytes: 4)) + method(85, 11, channel: 1, [])

/// Well-framed nonsense: methods that a client may get, with contents of any kind, headers and bodies in any order.
private func randomFrames(_ random: SeededRandom) -> [UInt8] {
    let methods = [
        (60, 80), (60, 120), (60, 50), (60, 60), (60, 21), (60, 30), (60, 31), (20, 40), (20, 41), (20, 20), (10, 50),
        (10, 60),
        (10, 61), (50, 11), (60, 71), (85, 11), (99, 99),
    ]
    var bytes: [UInt8] = []
    for _ in 0..<(1 + random.below(20)) {
        let channel = random.chance(80) ? 1 : random.below(4)
        func noise(_ limit: Int) -> [UInt8] {
            // Mostly small numbers: they are lengths and tags that look right.
            (0..<random.below(limit)).map { _ in UInt8(random.chance(60) ? random.below(4) : random.below(256)) }
        }
        switch random.below(6) {
        case 0, 1, 2:
            let (classID, methodID) = methods[random.below(methods.count)]
            bytes += method(
                classID, methodID, channel: channel, noise(40) + Array(repeating: 0, count: random.below(40)))
        case 3:
            // A content header: class, weight, body size, flags, properties.
            let size = random.chance(50) ? random.below(50) : Int.max
            bytes += frame(
                2, channel: channel,
                number(60, bytes: 2) + number(0, bytes: 2) + number(size, bytes: 8)
                    + number(random.below(65536), bytes: 2)
                    + noise(60))
        case 4: bytes += frame(3, channel: channel, noise(50))
        default: bytes += frame(UInt8(random.below(10)), channel: channel, noise(20))
        }
    }
    return bytes
}
