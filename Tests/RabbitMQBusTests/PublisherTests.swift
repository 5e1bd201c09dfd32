import Delivery
import Services
import Synchronization
import Testing

@testable import RabbitMQBus

@Suite struct PublisherTests {
    @Test func `what was given up while the bus is away is forgotten`() throws {
        let publisher = Publisher(
            configuration: try RabbitMQConfiguration(url: "amqp://localhost"), log: RabbitMQBusTests.quiet)
        let begin = ContinuousClock.now
        let outcomes = Mutex<[PublishOutcome]>([])
        let message = BusMessage(exchange: "e", routingKey: "k", body: [])
        // Deadlines are in no order.
        for number in 0..<1000 {
            let deadline = begin.advanced(by: .seconds(number.isMultiple(of: 2) ? 100 : 1))
            publisher.receive(
                PublishBatch([message], deadline: deadline) { given in outcomes.withLock { $0 += given } })
        }
        #expect(publisher.expire(at: begin.advanced(by: .seconds(1))) == begin.advanced(by: .seconds(100)))
        #expect(publisher.waitingCount == 500)
        #expect(publisher.expire(at: begin.advanced(by: .seconds(100))) == nil)
        #expect(publisher.waitingCount == 0)
        #expect(outcomes.withLock { $0 } == Array(repeating: .notSent, count: 1000))
    }
}
