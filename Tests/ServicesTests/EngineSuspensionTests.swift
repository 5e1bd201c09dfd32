import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// Suspended instances in the engine: what agents, timers and messages do meanwhile, and what comes after.
@Suite struct EngineSuspensionTests {
    private static let declarations = "<message id=\"m\" name=\"paid\"/>"

    /// start -> waits for the message -> end
    private static let waiting = Model.bpmn(
        """
        <startEvent id="start"/><intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/>
        </intermediateCatchEvent><endEvent id="end"/>\(Model.chain("start", "wait", "end"))
        """, declarations: declarations)

    /// start -> 10 s -> work -> end
    private static let timed = Model.bpmn(
        """
        <startEvent id="start"/><intermediateCatchEvent id="pause"><timerEventDefinition>
        <timeDuration>PT10S</timeDuration></timerEventDefinition></intermediateCatchEvent>
        \(Model.task("t", "work"))<endEvent id="end"/>\(Model.chain("start", "pause", "t", "end"))
        """)

    private func run(
        _ source: [UInt8], _ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void
    ) throws {
        try Workshop.run(source, try Model.contract("work"), body: body)
    }

    @Test func `a result that comes meanwhile is taken, and applied when the instance goes on`() throws {
        try run(Model.sequence("work", "work")) { shop, engine in
            let id = try await engine.begin().instance
            let task = try await engine.take("work")
            _ = try await engine.command(.suspend, of: id)
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await engine.report(task, .done) == .gone)
            await shop.simulation.pass(.seconds(3600))
            #expect(try await engine.poll("work").isEmpty)
            #expect(try await shop.tally(of: id).completed == 0)
            _ = try await engine.command(.resume, of: id)
            #expect(try await shop.tally(of: id).completed == 1)
            let next = try await engine.take("work")
            #expect(next.id.number == 2)
            #expect(try await engine.report(next, .done) == .applied)
            #expect(try await shop.end(of: id) == .completed)
        }
    }

    @Test func `nothing goes to agents meanwhile, also after a modification and a retry`() throws {
        try run(Model.sequence("work", "work")) { shop, engine in
            let id = try await engine.begin().instance
            let broken = TaskReport.Content.failed(TaskFailure(message: "broken", retry: false))
            #expect(try await engine.report(try await engine.take("work"), broken) == .applied)
            _ = try await engine.command(.suspend, of: id)
            _ = try await engine.retry(id, incident: nil, retries: nil)
            _ = try await engine.command(.modify([.startBefore(ElementID("t2"))]), of: id)
            await shop.simulation.pass(.seconds(60))
            #expect(try await engine.poll("work").isEmpty)
            _ = try await engine.command(.resume, of: id)
            #expect(try await engine.poll("work").count == 2)
        }
    }

    @Test func `a parked poll gets the tasks of an instance that goes on`() throws {
        try run(Model.sequence("work")) { shop, engine in
            let id = try await engine.begin().instance
            _ = try await engine.command(.suspend, of: id)
            async let tasks = engine.poll("work", wait: .seconds(20))
            await shop.simulation.settle()
            _ = try await engine.command(.resume, of: id)
            await shop.simulation.pass(.seconds(1))
            let found = try await tasks
            #expect(found.map(\.id.instance) == [id])
        }
    }

    @Test func `an agent that goes on working keeps its lease, and one that went silent is found afterwards`() throws {
        try run(Model.sequence("work")) { shop, engine in
            let id = try await engine.begin().instance
            let task = try await engine.take("work")
            _ = try await engine.command(.suspend, of: id)
            #expect(try await engine.report(task, .started) == .applied)
            await shop.simulation.pass(.seconds(7200))
            #expect(try await shop.row(task.id)?.phase == .running)
            _ = try await engine.command(.resume, of: id)
            await shop.simulation.pass(.seconds(2))
            #expect(try await shop.tally(of: id).failed == 1)
        }
    }

    @Test func `timers that fall due meanwhile fire when the instance goes on`() throws {
        try run(Self.timed) { shop, engine in
            let id = try await engine.begin().instance
            _ = try await engine.command(.suspend, of: id)
            await shop.simulation.pass(.seconds(60))
            #expect(try await engine.poll("work").isEmpty)
            #expect(try await shop.store.dueTimers(at: shop.simulation.clock.now, limit: 10).isEmpty)
            _ = try await engine.command(.resume, of: id)
            await shop.simulation.pass(.seconds(1))
            #expect(try await engine.poll("work").count == 1)
        }
    }

    @Test func `a message reaches it when it goes on, and the next one another instance meanwhile`() throws {
        try run(Self.waiting) { shop, engine in
            let events = EventService(
                engine: engine, store: shop.store, registry: shop.registry, time: shop.simulation.clock)
            let first = try await engine.begin().instance
            await shop.simulation.pass(.seconds(1))
            let second = try await engine.begin().instance
            _ = try await engine.command(.suspend, of: first)
            for _ in 0..<2 {
                _ = try await events.publish(EventService.Message(name: "paid"))
                await shop.simulation.settle()
            }
            #expect(try await shop.end(of: first) == nil)
            #expect(try await shop.end(of: second) == .completed)
            await shop.simulation.pass(.seconds(7200))
            _ = try await engine.command(.resume, of: first)
            #expect(try await shop.end(of: first) == .completed)
            #expect(try await shop.store.subscriptions(SubscriptionQuery(kind: .message, name: "paid")).isEmpty)
        }
    }

    @Test func `a call that an operator makes meanwhile is made when the instance goes on`() throws {
        let caller = Model.bpmn(
            """
            <startEvent id="start"/>\(Model.task("t", "work"))<callActivity id="call" calledElement="called"/>
            <endEvent id="end"/>\(Model.chain("start", "t", "call", "end"))
            """)
        try run(caller) { shop, engine in
            try await shop.deploy(Model.sequence("other", process: "called"), process: "called")
            let id = try await engine.begin().instance
            _ = try await engine.command(.suspend, of: id)
            _ = try await engine.command(.modify([.move(from: ElementID("t"), to: ElementID("call"))]), of: id)
            await shop.simulation.pass(.seconds(5))
            #expect(try await engine.poll("other").isEmpty)
            _ = try await engine.command(.resume, of: id)
            await shop.simulation.pass(.seconds(2))
            #expect(try await engine.report(try await engine.take("other"), .done) == .applied)
            await shop.simulation.settle()
            #expect(try await shop.end(of: id) == .completed)
        }
    }

    @Test func `two engines agree on what is suspended`() throws {
        try Workshop.runTwo(Model.sequence("work", "work"), try Model.contract("work")) { shop, one, two in
            let id = try await one.begin().instance
            let task = try await two.take("work")
            _ = try await one.command(.suspend, of: id)
            #expect(try await two.report(task, .done) == .applied)
            #expect(try await shop.tally(of: id).completed == 0)
            _ = try await two.command(.resume, of: id)
            #expect(try await shop.tally(of: id).completed == 1)
            #expect(try await one.poll("work").count == 1)
        }
    }
}
