import Delivery
import Logging
import Services
import Values

/// What an agent does beside its tasks: it says hello, and hears of canceled tasks.
struct AgentControl: Sendable {
    let agent: String
    let bus: any MessageBus
    let names: BusNames
    let servers: [ContractServer]
    let time: any TimeSource
    let logger: Logger
    /// Tells the processes of one agent apart.
    private let process: String

    init(
        agent: String, bus: any MessageBus, names: BusNames, servers: [ContractServer], time: any TimeSource,
        random: any RandomSource, logger: Logger
    ) {
        self.agent = agent
        self.bus = bus
        self.names = names
        self.servers = servers
        self.time = time
        self.logger = logger
        process = String(random.next().0, radix: 36)
    }

    /// Ends when it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await sayHelloOften() }
            group.addTask { await watchConnection() }
            group.addTask { await hearCancels() }
        }
    }

    /// Tries until it succeeds, a second apart.
    func keepTrying(_ work: () async throws -> Void) async throws {
        while true {
            do {
                return try await work()
            } catch {
                try Task.checkCancellation()
                logger.warning("trying again in a second", metadata: ["error": "\(error)"])
                try await time.sleep(for: .seconds(1))
            }
        }
    }

    private func sayHelloOften() async {
        while !Task.isCancelled {
            try? await time.sleep(for: .seconds(30))
            await sayHello()
        }
    }

    private func watchConnection() async {
        for await state in bus.states() {
            switch state {
            case .connected:
                logger.info("connected to the bus")
                await sayHello()
            case .blocked(let reason):
                logger.warning("the bus takes no messages: results wait", metadata: ["reason": "\(reason)"])
            case .disconnected(let reason):
                logger.notice("not connected to the bus", metadata: ["reason": "\(reason)"])
            }
        }
    }

    /// Without an answer: who is not heard is served with a guess.
    private func sayHello() async {
        let messages = servers.map { server in
            AgentHello(agent: "\(agent).\(process)", contract: server.contract, prefetch: server.configuration.prefetch)
                .encoded(names: names)
        }
        _ = await bus.publish(messages, timeout: .seconds(10))
    }

    private func hearCancels() async {
        let queue = names.agentQueue(name: agent, random: process)
        let bindings = servers.map { server in
            Topology.Binding(
                exchange: names.controlExchange, queue: queue, routingKey: names.cancelKey(of: server.contract))
        }
        while !Task.isCancelled {
            do {
                let subscription = Subscription(queue: queue, prefetch: 100, temporaryBindings: bindings)
                let consumer = try await bus.subscribe(subscription)
                for await batch in consumer.deliveries {
                    for delivery in batch { pass(delivery.message) }
                    await consumer.ack(batch.map(\.tag))
                }
                return
            } catch {
                logger.warning("cannot listen for canceled tasks; trying again", metadata: ["error": "\(error)"])
                try? await time.sleep(for: .seconds(5))
            }
        }
    }

    private func pass(_ message: BusMessage) {
        do {
            let cancel = try CancelMessage(decoding: message)
            for server in servers { server.cancel(cancel) }
        } catch {
            logger.warning("a control message cannot be read", metadata: ["error": "\(error)"])
        }
    }
}
