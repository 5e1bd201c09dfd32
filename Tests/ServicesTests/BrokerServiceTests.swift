import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// From the engine over the bus to an agent and back.
@Suite struct BrokerServiceTests {
    private func run(
        policy: String = "", _ body: @escaping @Sendable (BrokerWorld, ScriptedAgent) async throws -> Void
    ) throws {
        try BrokerWorld.run(Model.sequence("work"), "work", policy: policy) { world, agents in
            try await body(world, agents[0])
        }
    }

    @Test func `a task goes to its agent, and its result ends the instance`() throws {
        try run { world, agent in
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            let (delivery, task) = try agent.take()
            #expect(task.id.task == TaskID(instance: instance, number: 1) && task.id.attempt == 1)
            #expect(task.workflow == "p:1" && task.version == "1.0" && task.input == .emptyObject)
            #expect(delivery.message.expirationMilliseconds == 300_000)
            #expect(world.server.unacknowledged(of: world.taskQueue("work")) == 1)
            await agent.say(.done, of: task)
            await agent.ack(delivery)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
            let counters = await world.broker.counters
            #expect((counters.fetched, counters.published, counters.confirmed) == (1, 1, 1))
            #expect((counters.completed, counters.applied, counters.stale) == (1, 1, 0))
            #expect(world.unsettled == 0)
        }
    }

    @Test func `a workflow runs through its agents without the clock moving`() throws {
        let contracts = ("first", "second", "third")
        let model = Model.sequence(contracts.0, contracts.1, contracts.2)
        try BrokerWorld.run(model, contracts.0, contracts.1, contracts.2) { world, agents in
            let before = world.simulation.clock.now
            let instance = try await world.engine.begin().instance
            for agent in agents {
                await world.simulation.settle()
                try await agent.serve()
            }
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
            #expect(world.simulation.clock.now == before)
        }
    }

    @Test func `a bus that serves another store is refused; the same store may come again`() throws {
        try Simulation.run { simulation in
            let server = InMemoryBusServer(clock: simulation.clock)
            func broker(of store: String?) -> (BrokerService, InMemoryBus) {
                let shop = Workshop(simulation)
                let bus = InMemoryBus(server)
                var configuration = BrokerConfiguration()
                configuration.store = store
                return (
                    BrokerService(
                        engine: shop.engine(), bus: bus, time: simulation.clock, random: shop.random,
                        configuration: configuration, log: .silent), bus
                )
            }
            for store in ["one", "one", nil] {
                let (broker, bus) = broker(of: store)
                try await simulation.serving([{ try await bus.run() }, { try await broker.run() }]) {
                    await simulation.settle()
                    #expect(await broker.trouble == nil)
                }
            }
            let (other, bus) = broker(of: "two")
            let refusal = await #expect(throws: BusOwnershipError.self) {
                try await simulation.serving([{ try await bus.run() }]) { try await other.run() }
            }
            #expect(refusal?.description.contains("waybill.owner") == true)
            #expect(refusal?.description.contains("--bus-prefix") == true)
        }
    }

    @Test func `a queue that exists with other arguments holds up no other contract, and is taken when it is mended`()
        throws
    {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.parallel("good", "bad"), try Model.contract("good"), try Model.contract("bad"))
            let world = BrokerWorld(shop)
            let stranger = InMemoryBus(world.server)
            let queue = world.taskQueue("bad")
            try await simulation.serving([{ try await stranger.run() }]) {
                try await stranger.declare(Topology(queues: [.init(name: queue, arguments: [])]))
            }
            let good = try await ScriptedAgent("good", on: world.server)
            try await simulation.serving(world.services + [{ try await good.run() }]) {
                await simulation.settle()
                _ = try await world.engine.begin()
                await simulation.settle()
                let (delivery, task) = try good.take()
                await good.say(.done, of: task)
                await good.ack(delivery)
                #expect(world.server.ready(in: queue).isEmpty)
                world.server.deleteQueue(queue)
                await simulation.pass(.seconds(3))
                #expect(world.server.ready(in: queue).count == 1)
            }
        }
    }

    @Test func `the first task of a contract that is deployed later goes out at once`() throws {
        try run { world, _ in
            try await world.shop.deploy(
                Model.sequence("later", process: "q"), process: "q", try Model.contract("later"))
            await world.simulation.settle()
            let before = world.simulation.clock.now
            _ = try await world.engine.begin("q")
            await world.simulation.settle()
            #expect(try await world.bus.inspect(queue: world.taskQueue("later"))?.messages == 1)
            #expect(world.simulation.clock.now == before)
        }
    }

    @Test func `a task whose queue is gone is an incident, and its retry goes out once the queue is back`() throws {
        try run { world, agent in
            world.server.deleteQueue(world.taskQueue("work"))
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            let incident = try #require(try await world.engine.instance(instance)?.openIncidents.first)
            #expect(incident.kind == .unroutable && incident.message.contains("task.work.v1"))
            #expect(await world.broker.counters.returned == 1)
            #expect(try await world.shop.tally(of: instance) == (0, 0))
            // The next look finds that the queue is missing, and declares it.
            await world.simulation.pass(.seconds(2))
            #expect(world.server.queueNames.contains(world.taskQueue("work")))
            _ = try await world.engine.retry(instance, incident: nil, retries: nil)
            await world.simulation.pass(.seconds(1))
            #expect(try await agent.serve().id.attempt == 2)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    @Test func `a publish whose confirm was lost is published again, the same attempt`() throws {
        try run { world, agent in
            world.bus.loseConfirms(of: 1)
            let instance = try await world.engine.begin().instance
            await world.simulation.pass(.seconds(1))
            let (first, second) = (try agent.take(), try agent.take())
            #expect(first.task == second.task)
            #expect(first.delivery.message.messageID == second.delivery.message.messageID)
            for (delivery, task) in [first, second] {
                await agent.say(.done, of: task)
                await agent.ack(delivery)
            }
            await world.simulation.settle()
            #expect(try await world.shop.tally(of: instance) == (1, 0))
            let counters = await world.broker.counters
            #expect((counters.unknown, counters.republished, counters.applied, counters.gone) == (1, 1, 1, 1))
        }
    }

    @Test func `a publish that was lost goes out again when the connection is back`() throws {
        try run { world, agent in
            world.bus.losePublishes(1)
            let instance = try await world.engine.begin().instance
            await world.simulation.pass(.seconds(1))
            #expect(try await agent.serve().id.attempt == 1)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    @Test func `a bus that is away for an hour loses nothing and spends no retry`() throws {
        try run { world, agent in
            world.bus.disconnect()
            await world.simulation.settle()
            #expect(await world.broker.trouble == "the bus is not connected")
            var instances: [InstanceID] = []
            for _ in 0..<5 {
                instances.append(try await world.engine.begin().instance)
                await world.simulation.pass(.seconds(720))
            }
            #expect(agent.waiting == 0)
            // Nobody asked for them: the first attempt of each is still to come.
            #expect(try await world.shop.store.backlog(at: world.simulation.clock.now).first?.due == 5)
            world.bus.reconnect()
            await world.simulation.pass(.seconds(2))
            #expect(await world.broker.trouble == nil)
            for _ in 0..<5 { #expect(try await agent.serve().id.attempt == 1) }
            await world.simulation.settle()
            for instance in instances { #expect(try await world.shop.end(of: instance) == .completed) }
        }
    }

    @Test func `a blocked bus stops pulling until it takes messages again`() throws {
        try run { world, agent in
            world.server.setAlarm("disk")
            // Until the bus has said so, its broker asks for tasks as before.
            await world.simulation.settle()
            let instance = try await world.engine.begin().instance
            await world.simulation.pass(.seconds(60))
            let row = try await world.shop.row(TaskID(instance: instance, number: 1))
            #expect(row?.phase == .waiting && row?.attempt == 0)
            world.server.setAlarm(nil)
            await world.simulation.pass(.seconds(1))
            #expect(try await agent.serve().id.attempt == 1)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    @Test func `an alarm that comes between lease and publish costs an attempt and no retry`() throws {
        try run { world, agent in
            // The commit leases the task to the poll that waits; then the alarm comes.
            world.shop.store.beforeNextCommit { world.server.setAlarm("memory") }
            let instance = try await world.engine.begin().instance
            await world.simulation.pass(.seconds(40))
            #expect(agent.waiting == 0)
            world.server.setAlarm(nil)
            await world.simulation.pass(.seconds(2))
            let task = try await agent.serve()
            #expect(task.id.attempt == 2)
            await world.simulation.settle()
            #expect(try await world.shop.tally(of: instance) == (1, 0))
            #expect(await world.broker.counters.abandoned == 1)
        }
    }

    @Test func `a task that no agent took comes again, and no retry is spent`() throws {
        try BrokerWorld.run(Model.sequence("work")) { world, _ in
            let contract = try Model.contract("work")
            try await world.shop.deploy(Model.sequence("work"), contract)
            await world.simulation.settle()
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            #expect(world.server.ready(in: world.taskQueue("work")).count == 1)
            await world.simulation.pass(.seconds(301))
            #expect(await world.broker.counters.expired == 1)
            let row = try #require(try await world.shop.row(TaskID(instance: instance, number: 1)))
            #expect(row.attempt == 2 && row.retries == 3)
            let agent = try await ScriptedAgent("work", on: world.server)
            try await world.simulation.serving([{ try await agent.run() }]) {
                let task = try await agent.serve()
                #expect(task.id.attempt == 2)
                await world.simulation.settle()
            }
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    /// A connection that ends gives back what was unacknowledged, into a queue in which it may not be any more.
    @Test func `a task whose message comes back too late is left to the agent that works on it`() throws {
        try run { world, agent in
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            let (delivery, task) = try agent.take()
            await agent.say(.started, of: task)
            for _ in 1...4 {
                await world.simulation.pass(.seconds(80))
                await agent.say(.progress(nil, message: nil), of: task)
            }
            await agent.reject(delivery, requeue: true)
            await world.simulation.pass(.seconds(1))
            #expect(await world.broker.counters.expired == 1)
            let row = try #require(try await world.shop.row(TaskID(instance: instance, number: 1)))
            #expect(row.attempt == 1 && row.phase == .running)
            await agent.say(.completed(output: .emptyObject), of: task)
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: instance)
            #expect(tally == (1, 0))
        }
    }

    @Test func `a task that an agent rejects is a failed attempt`() throws {
        try run { world, agent in
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            await agent.reject(try agent.take().delivery, requeue: false)
            await world.simulation.settle()
            #expect(try await world.shop.tally(of: instance) == (0, 1))
            #expect(await world.broker.counters.deadLettered == 1)
            await world.simulation.pass(.seconds(11))
            #expect(try await agent.serve().id.attempt == 2)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    @Test func `a task that is given back too often is a failed attempt`() throws {
        try run { world, agent in
            let instance = try await world.engine.begin().instance
            for _ in 0...20 {
                await world.simulation.settle()
                await agent.reject(try agent.take().delivery, requeue: true)
            }
            await world.simulation.settle()
            #expect(try await world.shop.tally(of: instance) == (0, 1))
            #expect(try await world.shop.row(TaskID(instance: instance, number: 1))?.retries == 2)
        }
    }

    @Test func `a failure is tried again after the back-off, until an incident`() throws {
        try run(policy: "retry: {maxAttempts: 3, backoff: PT10S}") { world, agent in
            let instance = try await world.engine.begin().instance
            for attempt in 1...3 {
                await world.simulation.pass(.seconds(21))
                #expect(try await agent.serve(.broken).id.attempt == attempt)
            }
            await world.simulation.pass(.seconds(60))
            #expect(try await world.engine.instance(instance)?.openIncidents.map(\.kind) == [.taskFailed])
            #expect(agent.waiting == 0)
        }
    }

    @Test func `an agent that said started and died is noticed, and another attempt is made`() throws {
        try run(policy: "heartbeat: PT10S") { world, agent in
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            let (delivery, task) = try agent.take()
            #expect(task.heartbeat == .seconds(10))
            await agent.say(.started, of: task)
            await world.simulation.pass(.seconds(25))
            await agent.say(.progress(0.4, message: "nearly half"), of: task)
            await world.simulation.pass(.seconds(25))
            #expect(try await world.shop.tally(of: instance) == (0, 0))
            await world.simulation.pass(.seconds(17))
            #expect(try await world.shop.tally(of: instance) == (0, 1))
            #expect(try await agent.serve().id.attempt == 2)
            await agent.ack(delivery)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
            // What the dead one says after all changes nothing.
            await agent.say(.done, of: task)
            await world.simulation.settle()
            #expect(try await world.shop.tally(of: instance) == (1, 1))
        }
    }

    @Test func `a backlog waits in the engine, and goes out as agents finish`() throws {
        try run { world, agent in
            for _ in 0..<100 { _ = try await world.engine.begin() }
            await world.simulation.settle()
            // Credit: three times what its one agent takes, as assumed; polls that wait side by side may go a little over it.
            await world.simulation.pass(.seconds(2))
            #expect((30..<40).contains(agent.waiting))
            var served = 0
            while served < 100 {
                let count = agent.waiting
                for _ in 0..<count { try await agent.serve() }
                served += count
                await world.simulation.pass(.seconds(1))
                #expect((1..<40).contains(count))
            }
            #expect(try await world.shop.store.backlog(at: world.simulation.clock.now).isEmpty)
            #expect(await world.broker.counters.applied == 100)
        }
    }

    @Test func `a broker that ends lets go of its polls, and another goes on`() throws {
        try run { world, agent in
            let other = BrokerService(
                engine: world.engine, bus: world.bus, time: world.simulation.clock, random: world.shop.random,
                log: .silent)
            try await world.simulation.serving([{ try await other.run() }]) {
                await world.simulation.settle()
            }
            let instance = try await world.engine.begin().instance
            await world.simulation.settle()
            try await agent.serve()
            await world.simulation.settle()
            #expect(try await world.shop.end(of: instance) == .completed)
        }
    }

    @Test func `a broker that is told to end while the bus is away ends`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.sequence("work"), try Model.contract("work"))
            let world = BrokerWorld(shop)
            let engine = simulation.start { try await world.engine.run() }
            let broker = simulation.start { try await world.broker.run() }
            await simulation.settle()
            // Leased to the poll that waits, then the bus goes away.
            world.shop.store.beforeNextCommit { world.bus.disconnect() }
            _ = try await world.engine.begin()
            await simulation.pass(.seconds(3))
            broker.cancel()
            try? await broker.value
            engine.cancel()
            try await engine.value
            #expect(simulation.clock.sleeperCount == 0)
        }
    }
}
