package import Delivery
package import Logging

/// Hears of changes of the config store on the bus, whichever process made them, and wakes the deployment service.
package struct ConfigWatch: Sendable {
    private let bus: any MessageBus
    private let names: BusNames
    private let deployer: DeploymentService
    private let time: any TimeSource
    private let queue: String
    private let log: Logger

    package init(
        bus: any MessageBus, names: BusNames, deployer: DeploymentService, time: any TimeSource,
        random: any RandomSource,
        log: Logger
    ) {
        self.bus = bus
        self.names = names
        self.deployer = deployer
        self.time = time
        self.log = log
        queue = names.agentQueue(name: "deployer", random: Hex.text(random.next().0))
    }

    /// Serves until cancelled. A lost message costs no more than the deployment service's timer.
    package func run() async throws {
        let binding = Topology.Binding(
            exchange: names.controlExchange, queue: queue, routingKey: names.configChangedKey)
        while !Task.isCancelled {
            do {
                let subscription = try await bus.subscribe(
                    Subscription(queue: queue, prefetch: 10, temporaryBindings: [binding]))
                for await batch in subscription.deliveries {
                    deployer.storeChanged()
                    await subscription.ack(batch.map(\.tag))
                }
                await subscription.cancel()
            } catch {
                log.debug("not listening for changes of the config store: \(error)")
            }
            try? await time.sleep(for: .seconds(1))
        }
    }
}
