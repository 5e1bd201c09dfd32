import Delivery
import ProcessEngine
import Testing
import Values

struct BusNamesTests {
    @Test(arguments: ["", "acme."])
    func `a prefix precedes exchanges and queues, never routing keys`(prefix: String) {
        let names = BusNames(prefix: prefix)

        #expect(names.tasksExchange == prefix + "waybill.tasks")
        #expect(names.resultsExchange == prefix + "waybill.results")
        #expect(names.deadExchange == prefix + "waybill.dead")
        #expect(names.taskQueue(of: transcode) == prefix + "task.media.transcode.v2")
        #expect(names.resultsQueue(partition: 0) == prefix + "results.0")
        #expect(names.agentQueue(name: "probe", random: "x1") == prefix + "waybill.agent.probe.x1")
        #expect(names.taskKey(of: transcode) == "task.media.transcode.v2")
        #expect(names.resultsKey(partition: 3) == "results.3")
        #expect(names.cancelKey(of: transcode) == "cancel.media.transcode")
    }

    @Test func `a quorum task queue has exactly the arguments that never change`() throws {
        let topology = BusNames().brokerTopology(contracts: [transcode])

        let queue = try #require(topology.queues.last)
        #expect(queue.name == "task.media.transcode.v2")
        #expect(
            queue.arguments == [
                .init(name: "x-queue-type", value: .string("quorum")),
                .init(name: "x-overflow", value: .string("reject-publish")),
                .init(name: "x-dead-letter-exchange", value: .string("waybill.dead")),
                .init(name: "x-dead-letter-strategy", value: .string("at-least-once")),
                .init(name: "x-delivery-limit", value: .integer(20)),
            ])
    }

    @Test func `a classic task queue has a type and a dead letter exchange`() throws {
        let topology = BusNames().brokerTopology(contracts: [transcode], queueType: .classic)

        let queue = try #require(topology.queues.last)
        #expect(
            queue.arguments == [
                .init(name: "x-queue-type", value: .string("classic")),
                .init(name: "x-dead-letter-exchange", value: .string("waybill.dead")),
            ])
    }

    @Test func `mandatory works: the tasks exchange has no alternate, the results exchange has one`() {
        let topology = BusNames().brokerTopology(contracts: [])

        #expect(topology.exchanges.first { $0.name == "waybill.tasks" }?.alternate == nil)
        #expect(topology.exchanges.first { $0.name == "waybill.results" }?.alternate == "waybill.unroutable")
        #expect(topology.queues.map(\.name) == ["results.0", "waybill.unroutable", "waybill.dead"])
    }

    @Test func `only partitioned results have a single active consumer`() {
        let names = BusNames()
        let argument = BusMessage.Header(name: "x-single-active-consumer", value: .bool(true))

        #expect(names.brokerTopology(contracts: []).queues[0].arguments.contains(argument) == false)
        #expect(names.brokerTopology(contracts: [], partition: 1, partitions: 2).queues[0].arguments.contains(argument))
    }

    @Test func `contracts are declared in their order, each bound to its queue`() {
        let topology = BusNames().brokerTopology(contracts: [transcode, probe])

        #expect(topology.queues.map(\.name).suffix(2) == ["task.media.probe.v1", "task.media.transcode.v2"])
        #expect(
            topology.bindings.last
                == .init(
                    exchange: "waybill.tasks", queue: "task.media.transcode.v2", routingKey: "task.media.transcode.v2"))
    }
}
