import Delivery
import Foundation
import Logging
import RabbitMQBus
import Services
import ServicesTesting
import Testing

/// Against a real RabbitMQ: `WAYBILL_TEST_AMQP` is the AMQP URL of a virtual host that the tests may fill with queues.
@Suite(.serialized) struct RabbitMQBusTests {
    static let url = ProcessInfo.processInfo.environment["WAYBILL_TEST_AMQP"]

    @Test func `the tests against a real RabbitMQ are named when they do not run`() {
        if Self.url == nil {
            print("not run, because WAYBILL_TEST_AMQP is not set:")
            for name in MessageBusConformance.caseNames { print("  RabbitMQ bus: \(name)") }
        }
        #expect(Set(MessageBusConformance.caseNames).count == MessageBusConformance.caseNames.count)
    }

    @Test(.enabled(if: url != nil), .timeLimit(.minutes(2)), arguments: MessageBusConformance.caseNames)
    func `the RabbitMQ bus conforms`(name: String) async throws {
        let url = try #require(Self.url)
        try await MessageBusConformance {
            let bus = try RabbitMQBus(try Self.configuration(url), logger: Self.quiet)
            return MessageBusConformance.Subject(
                bus: bus, prefix: "waybill.test.\(UUID().uuidString.prefix(8).lowercased()).",
                interrupt: {
                    bus.breakConnections()
                    for await state in bus.states() { if case .disconnected = state { return } }
                },
                pass: { _ in },
                // Nothing listens on port 1.
                unreachable: try RabbitMQBus(try Self.configuration("amqp://127.0.0.1:1"), logger: Self.quiet))
        }.run(case: name)
    }

    @Test(.enabled(if: url != nil), .timeLimit(.minutes(1)))
    func `a wrong password is told, and is in no text`() async throws {
        let address = try RabbitMQAddress(url: try #require(Self.url))
        let wrong = "amqp://\(address.user):not-the-password@\(address.hosts[0])/\(address.virtualHost)"
        let bus = try RabbitMQBus(try Self.configuration(wrong), logger: Self.quiet)
        let reason = try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try await bus.run()
                return nil
            }
            group.addTask {
                // The first is the state before anything was tried.
                for await state in bus.states().dropFirst() {
                    if case .disconnected(let reason) = state { return reason }
                }
                return nil
            }
            let reason = try await group.next() ?? nil
            group.cancelAll()
            return reason
        }
        #expect(reason?.contains("ACCESS_REFUSED") == true)
        #expect(reason?.contains("not-the-password") == false)
    }

    @Test(.enabled(if: url != nil), .timeLimit(.minutes(1)))
    func `a bus that was stopped answers everything`() async throws {
        let bus = try RabbitMQBus(try Self.configuration(try #require(Self.url)), logger: Self.quiet)
        let queue = "waybill.test.stopped"
        let subscription = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await bus.run() }
            for await state in bus.states() where state == .connected { break }
            let subscription = try await bus.subscribe(Subscription(queue: queue, prefetch: 1))
            group.cancelAll()
            try await group.waitForAll()
            return subscription
        }
        let batches = await subscription.deliveries.reduce(0) { count, _ in count + 1 }
        #expect(batches == 0)
        await subscription.cancel()
        let message = BusMessage(exchange: queue, routingKey: queue, body: [])
        #expect(await bus.publish([message], timeout: .seconds(30)) == [.notSent])
        await #expect(throws: BusError.self) { try await bus.inspect(queue: queue) }
        await #expect(throws: BusError.self) { try await bus.declare(Topology()) }
        await #expect(throws: BusError.self) { try await bus.subscribe(Subscription(queue: queue, prefetch: 1)) }
        await #expect(throws: BusError.self) { try await bus.run() }
    }

    static func configuration(_ url: String) throws -> RabbitMQConfiguration {
        var configuration = try RabbitMQConfiguration(url: url, clientName: "waybill test")
        configuration.shortestPause = .milliseconds(50)
        return configuration
    }

    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}
