import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// What agents may send: each message is acknowledged, counted or failed as designed, and the work goes on.
@Suite struct HostileMessageTests {
    /// Gives the agent a task, lets `body` do its worst, then checks that nothing is left over and the next instance runs through.
    private func run(_ body: @escaping @Sendable (BrokerWorld, ScriptedAgent, TaskMessage) async throws -> Void) throws
    {
        try BrokerWorld.run(Model.sequence("work"), "work") { world, agents in
            let agent = agents[0]
            _ = try await world.engine.begin()
            await world.simulation.settle()
            let (delivery, task) = try agent.take()
            try await body(world, agent, task)
            await agent.ack(delivery)
            await world.simulation.settle()
            #expect(world.unsettled == 0)
            let next = try await world.engine.begin().instance
            await world.simulation.settle()
            while agent.waiting > 0 { try await agent.serve() }
            await world.simulation.settle()
            #expect(try await world.shop.end(of: next) == .completed)
        }
    }

    private static func result(of task: TaskMessage, type: String = "completed", _ body: String) -> BusMessage {
        var message = TaskReport(task.id, .done).encoded(for: task, names: BusNames())
        message.type = type
        message.body = Array(body.utf8)
        return message
    }

    @Test(arguments: [
        "not JSON", "{\"output\":", "[]", "{\"output\": 7}", "{\"output\": {\"a\": 1, \"a\": 2}}", "\u{0}",
        String(repeating: "[", count: 10_000),
    ])
    func `a result that cannot be read is a failed attempt`(body: String) throws {
        try run { world, agent, task in
            await agent.publish(Self.result(of: task, body))
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (0, 1))
            #expect(try await world.shop.row(task.id.task)?.error?.contains("cannot be read") == true)
            let counters = await world.broker.counters
            #expect((counters.malformed, counters.applied) == (1, 1))
        }
    }

    @Test func `a result that is too large is a failed attempt`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.sequence("work"), try Model.contract("work"))
            let world = BrokerWorld(shop) { $0.delivery.limits.bodyBytes = 1000 }
            let agent = try await ScriptedAgent("work", on: world.server)
            try await simulation.serving(world.services + [{ try await agent.run() }]) {
                let instance = try await world.engine.begin().instance
                await simulation.settle()
                let (delivery, task) = try agent.take()
                let text = String(repeating: "x", count: 1000)
                await agent.say(.completed(output: .object([("text", .string(text))])), of: task)
                await agent.ack(delivery)
                await simulation.settle()
                let tally = try await world.shop.tally(of: instance)
                #expect(tally == (0, 1))
                #expect(try await world.shop.row(task.id.task)?.error?.contains("at most 1000") == true)
                #expect(world.unsettled == 0)
            }
        }
    }

    /// The bus's adapter does not even read it.
    @Test func `a result whose body was not read is a failed attempt`() throws {
        try run { world, agent, task in
            var message = Self.result(of: task, "")
            message.unreadBytes = 17 << 20
            await agent.publish(message)
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (0, 1))
            #expect(try await world.shop.row(task.id.task)?.error?.contains("17825792 bytes") == true)
        }
    }

    @Test(arguments: ["", "shout", "COMPLETED", "completed "])
    func `a type that no result has is counted and changes nothing`(type: String) throws {
        try run { world, agent, task in
            await agent.publish(Self.result(of: task, type: type, "{}"))
            await world.simulation.settle()
            #expect(await world.broker.counters.malformed == 1)
            #expect(try await world.shop.row(task.id.task)?.phase != .waiting)
            await agent.say(.done, of: task)
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
        }
    }

    @Test func `a message without a type, ids or headers is counted and changes nothing`() throws {
        try run { world, agent, task in
            var bare = Self.result(of: task, "{}")
            bare.type = nil
            var anonymous = Self.result(of: task, "{}")
            anonymous.headers = []
            var wrong = Self.result(of: task, "{}")
            wrong.headers = [
                .init(name: "waybill-task", value: .bool(true)), .init(name: "waybill-attempt", value: .double(1)),
                .init(name: "waybill-token", value: .array([])),
            ]
            for message in [bare, anonymous, wrong] { await agent.publish(message) }
            await world.simulation.settle()
            #expect(await world.broker.counters.malformed == 3)
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (0, 0))
        }
    }

    @Test func `a result of a task that never was is counted and acknowledged`() throws {
        try run { world, agent, task in
            var stranger = task
            for id in ["nobody.1", "\(task.id.task.instance).99", "\(task.id.task.instance).\(Int.max)"] {
                stranger.id.task = try #require(TaskID(id))
                await agent.say(.done, of: stranger)
                await agent.say(.broken, of: stranger)
                await agent.say(.started, of: stranger)
            }
            await world.simulation.settle()
            let counters = await world.broker.counters
            #expect((counters.gone, counters.stale, counters.applied) == (6, 3, 0))
        }
    }

    @Test func `a wrong token and another attempt are stale`() throws {
        try run { world, agent, task in
            var guess = task
            guess.id.token = "0123456789abcdef"
            await agent.say(.done, of: guess)
            guess = task
            guess.id.attempt = 7
            await agent.say(.done, of: guess)
            await world.simulation.settle()
            #expect(await world.broker.counters.stale == 2)
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (0, 0))
        }
    }

    @Test func `a contract that the agent invents changes nothing: the fence names the task`() throws {
        try run { world, agent, task in
            var invented = task
            invented.contract = ContractKey(name: "bank.transfer", major: 9)
            await agent.say(.done, of: invented)
            let hello = AgentHello(agent: "a", contract: invented.contract, prefetch: 65_535)
            await agent.publish(hello.encoded(names: BusNames()))
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
            #expect(!world.server.queueNames.contains("task.bank.transfer.v9"))
        }
    }

    @Test func `a BPMN error that the contract does not have is a failed attempt`() throws {
        try run { world, agent, task in
            await agent.say(.error(BPMNError(code: "INVENTED", message: "so it is")), of: task)
            await world.simulation.settle()
            #expect(try await world.shop.end(of: task.id.task.instance) == nil)
            let instance = try #require(try await world.engine.instance(task.id.task.instance))
            #expect(instance.openTasks.map(\.failures) == [1])
        }
    }

    @Test func `a result sent to the wrong key arrives all the same`() throws {
        try run { world, agent, task in
            var astray = task
            astray.replyTo = "results.77"
            #expect(await agent.say(.done, of: astray) == .confirmed)
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
        }
    }

    @Test func `a result told many times is applied once`() throws {
        try run { world, agent, task in
            for _ in 0..<50 { await agent.say(.done, of: task) }
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
            let counters = await world.broker.counters
            #expect((counters.applied, counters.gone) == (1, 49))
        }
    }

    @Test func `results that the bus delivers again are applied once, and counted`() throws {
        try run { world, agent, task in
            // The commit takes until the broker has lost its connection: it cannot acknowledge, and the result comes again.
            world.shop.store.beforeNextCommit { world.bus.disconnect() }
            await agent.say(.done, of: task)
            await world.simulation.settle()
            #expect(world.server.ready(in: world.resultsQueue).count == 1)
            world.bus.reconnect()
            await world.simulation.settle()
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
            let counters = await world.broker.counters
            #expect((counters.applied, counters.gone, counters.redelivered) == (1, 1, 1))
        }
    }

    @Test func `a result is acknowledged only after the commit`() throws {
        try run { world, agent, task in
            world.shop.store.fail(.before, .before, .after)
            await agent.say(.done, of: task)
            await world.simulation.settle()
            #expect(world.server.unacknowledged(of: world.resultsQueue) == 1)
            let before = try await world.shop.tally(of: task.id.task.instance)
            #expect(before == (0, 0))
            await world.simulation.pass(.milliseconds(299))
            #expect(world.server.unacknowledged(of: world.resultsQueue) == 1)
            // 100 ms, 200 ms, then the one whose answer is lost, 400 ms.
            await world.simulation.pass(.milliseconds(500))
            #expect(world.server.unacknowledged(of: world.resultsQueue) == 0)
            let tally = try await world.shop.tally(of: task.id.task.instance)
            #expect(tally == (1, 0))
            #expect(await world.broker.counters.gone == 1)
        }
    }

    @Test func `an instance that cannot be read does not hold up the results of others`() throws {
        try run { world, agent, task in
            let other = try await world.engine.begin().instance
            await world.simulation.settle()
            // A new engine has to read what is damaged.
            world.shop.store.fail(.before)
            _ = try? await world.engine.setVariables([Variable(name: "a", value: .null)], of: task.id.task.instance)
            world.shop.store.damage(task.id.task.instance)
            await agent.say(.done, of: task)
            try await agent.serve()
            await world.simulation.pass(.seconds(1))
            #expect(try await world.shop.end(of: other) == .completed)
            #expect(await world.broker.counters.rejected == 1)
            #expect(world.unsettled == 0)
        }
    }
}
