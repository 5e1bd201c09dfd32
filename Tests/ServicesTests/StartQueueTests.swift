import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// Workflows that are started over the bus.
@Suite struct StartQueueTests {
    private struct World: Sendable {
        let config: ConfigWorld
        let engine: EngineService
        let server: InMemoryBusServer
        let client: InMemoryBus
        let names = BusNames(prefix: "x.")

        static func run(_ body: @escaping @Sendable (World) async throws -> Void) throws {
            try Simulation.run { simulation in
                let config = ConfigWorld(simulation)
                let engine = config.shop.engine()
                let server = InMemoryBusServer(clock: simulation.clock)
                let (bus, client) = (InMemoryBus(server), InMemoryBus(server))
                let world = World(config: config, engine: engine, server: server, client: client)
                let service = StartQueueService(
                    starts: StartService(engine: engine, registry: config.shop.registry),
                    registry: config.shop.registry, bus: bus, names: world.names, queueType: .quorum,
                    time: simulation.clock, log: .silent)
                try await simulation.serving([
                    { try await bus.run() }, { try await client.run() }, { try await engine.run() },
                    { try await service.run() },
                ]) {
                    try await config.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
                    await simulation.settle()
                    try await client.declare(
                        Topology(
                            queues: [.init(name: "answers", arguments: [])],
                            bindings: [
                                .init(exchange: world.names.answersExchange, queue: "answers", routingKey: "answers")
                            ]))
                    try await body(world)
                }
            }
        }

        func send(_ body: String, id: String? = "m-1", to workflow: String = "order") async -> PublishOutcome? {
            let outcome = await client.publish(
                [
                    BusMessage(
                        exchange: names.startsExchange, routingKey: names.startKey(of: workflow), messageID: id,
                        correlationID: "c", replyTo: "answers", body: Array(body.utf8))
                ], timeout: .seconds(1)
            ).first
            await config.shop.simulation.settle()
            return outcome
        }

        func sendUnknown(_ body: String, key: String) async {
            _ = await client.publish(
                [
                    BusMessage(
                        exchange: names.unknownStartsQueue, routingKey: key, messageID: "m-1", correlationID: "c",
                        replyTo: "answers", body: Array(body.utf8))
                ], timeout: .seconds(1))
            await config.shop.simulation.settle()
        }

        var answers: [BusMessage] { server.ready(in: "answers") }
        var refused: [BusMessage] { server.ready(in: names.refusedStartsQueue) }
        /// All that was started.
        func starts() async throws -> [Event.InstanceStarted] {
            try await config.shop.store.journal(after: 0, limit: 100).compactMap { row in
                guard case .instanceStarted(let start)? = try EventCoding.decode(row.events).first else { return nil }
                return start
            }
        }
    }

    @Test func `a message starts a workflow once, and is answered each time it comes`() throws {
        try World.run { world in
            let body =
                #"{"version": "^1.0", "input": {"orderId": "A7"}, "businessKey": "k", "priority": 3, "runAs": "anna"}"#
            #expect(await world.send(body) == .confirmed)
            #expect(await world.send(body) == .confirmed)
            let starts = try await world.starts()
            #expect(starts.count == 1)
            #expect(starts.first?.businessKey == "k" && starts.first?.priority == 3)
            #expect(starts.first?.labels.objectID == "A7" && starts.first?.labels.runAs == "anna")
            #expect(world.answers.map(\.type) == ["started", "started"])
            #expect(world.answers.map(\.correlationID) == ["c", "c"])
            let news = try world.answers.map { try JSON(validating: $0.body)["new"]?.boolValue }
            #expect(news == [true, false])
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
            #expect(world.refused.isEmpty)
        }
    }

    @Test(arguments: [
        ("[]", "not a JSON object"), ("{", "not JSON"), (#"{"inptu": {}}"#, "unknown member 'inptu'"),
        (#"{"input": {}}"#, "orderId"), (#"{"input": {"orderId": "a"}, "version": "7"}"#, "no version 7"),
        (#"{"input": {"orderId": "a"}, "priority": "high"}"#, "priority is not a whole number"),
    ])
    func `what cannot be started is kept with the reason, and answered`(body: String, reason: String) throws {
        try World.run { world in
            _ = await world.send(body)
            let kept = try #require(world.refused.first)
            guard case .string(let why)? = kept.header("waybill-reason") else {
                Issue.record("there is no reason: \(kept.headers)")
                return
            }
            #expect(why.contains(reason), "\(why)")
            #expect(kept.body == Array(body.utf8) && kept.messageID == "m-1")
            #expect(kept.header("waybill-queue") == .string("x.start.order"))
            #expect(world.answers.map(\.type) == ["refused"])
            #expect(try await world.starts().isEmpty)
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
        }
    }

    /// What the bus does with a start that no queue takes, by the policy of its exchange.
    @Test(arguments: [
        ("start.nope", "nope"), ("order", "the routing key order is not start.<workflow>"),
    ])
    func `a start of what is no workflow is kept with the reason, and answered`(key: String, reason: String) throws {
        try World.run { world in
            await world.sendUnknown(#"{"input": {"orderId": "a"}}"#, key: key)
            let kept = try #require(world.refused.first)
            guard case .string(let why)? = kept.header("waybill-reason") else {
                Issue.record("there is no reason: \(kept.headers)")
                return
            }
            #expect(why.contains(reason), "\(why)")
            #expect(kept.header("waybill-queue") == .string("x.waybill.starts.unknown"))
            #expect(world.answers.map(\.type) == ["refused"])
            #expect(world.answers.map(\.correlationID) == ["c"])
            #expect(try await world.starts().isEmpty)
            #expect(world.server.unacknowledged(of: world.names.unknownStartsQueue) == 0)
        }
    }

    @Test func `a start that came before the queue of its workflow starts it`() throws {
        try World.run { world in
            await world.sendUnknown(#"{"input": {"orderId": "a"}}"#, key: "start.order")
            let starts = try await world.starts()
            #expect(starts.count == 1)
            #expect(world.answers.map(\.type) == ["started"])
            #expect(world.refused.isEmpty)
        }
    }

    @Test func `a message without an id could start twice, and is refused`() throws {
        try World.run { world in
            _ = await world.send(#"{"input": {"orderId": "a"}}"#, id: nil)
            #expect(world.refused.count == 1)
            _ = await world.send(#"{"input": {"orderId": "a"}, "idempotencyKey": "own"}"#, id: nil)
            let starts = try await world.starts()
            #expect(starts.count == 1)
        }
    }

    @Test func `a workflow that is deployed later gets its queue`() throws {
        try World.run { world in
            #expect(await world.send("{}", to: "late") != .confirmed)
            try await world.config.push(
                ConfigWorld.order("1.0", name: "late", process: "q"),
                ConfigService.File(path: "q.bpmn", content: Model.sequence("work", process: "q")), ConfigWorld.work)
            await world.config.shop.simulation.settle()
            #expect(await world.send(#"{"input": {"orderId": "a"}}"#, to: "late") == .confirmed)
            #expect(try await world.starts().map(\.labels.workflow) == ["late"])
        }
    }

    @Test func `a start that the store does not take is kept with the reason`() throws {
        try World.run { world in
            world.config.shop.store.fail(.refused)
            _ = await world.send(#"{"input": {"orderId": "a"}}"#)
            #expect(world.refused.map { $0.header("waybill-reason") } == [.string("too large")])
            #expect(world.answers.map(\.type) == ["refused"])
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
            _ = await world.send(#"{"input": {"orderId": "a"}}"#, id: "m-2")
            let starts = try await world.starts()
            #expect(starts.count == 1)
        }
    }

    @Test func `a start that waits holds up no other`() throws {
        try World.run { world in
            // The queue of refused starts takes nothing.
            world.server.setLimit(0, of: world.names.refusedStartsQueue)
            _ = await world.send("[]")
            for id in ["m-2", "m-3"] { _ = await world.send(#"{"input": {"orderId": "a"}}"#, id: id) }
            let starts = try await world.starts()
            #expect(starts.count == 2)
            #expect(world.answers.map(\.type) == ["started", "started"])
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 1)
            world.server.setLimit(nil, of: world.names.refusedStartsQueue)
            await world.config.shop.simulation.pass(.seconds(2))
            #expect(world.refused.count == 1)
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
        }
    }

    @Test func `a start that waits when the bus is lost is done once`() throws {
        try World.run { world in
            world.config.shop.store.setAway(true)
            _ = await world.send(#"{"input": {"orderId": "a"}}"#)
            world.server.restart()
            await world.config.shop.simulation.pass(.seconds(60))
            world.config.shop.store.setAway(false)
            await world.config.shop.simulation.pass(.seconds(60))
            let starts = try await world.starts()
            #expect(starts.count == 1)
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
        }
    }

    @Test func `a start waits for a store that is away, and is acknowledged after its commit`() throws {
        try World.run { world in
            world.config.shop.store.fail(.before, .after)
            _ = await world.send(#"{"input": {"orderId": "a"}}"#)
            await world.config.shop.simulation.pass(.seconds(1))
            let starts = try await world.starts()
            #expect(starts.count == 1)
            #expect(world.server.unacknowledged(of: world.names.startQueue(of: "order")) == 0)
        }
    }
}
