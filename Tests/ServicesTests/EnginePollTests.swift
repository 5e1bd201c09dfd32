import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// Long polls: a parked one is demand, and the commit that creates tasks answers it.
@Suite struct EnginePollTests {
    private func run(_ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void) throws {
        try Workshop.run(
            Model.parallel("left", "right"), try Model.contract("left"), try Model.contract("right"), body: body)
    }

    @Test func `a poll that waits is answered by the commit that creates its task, lease included`() throws {
        try run { shop, engine in
            async let poll = engine.poll("left", wait: .seconds(20))
            await shop.simulation.settle()
            let claims = shop.store.claimCount
            let instance = try await engine.begin().instance
            let task = try #require(try await poll.first)
            #expect(task.id.instance == instance && task.lease.attempt == 1 && task.input == .emptyObject)
            let row = try #require(try await shop.row(task.id))
            #expect(row.phase == .dispatched && row.token == task.lease.token && row.leaseUntil == task.lease.until)
            // Nobody looked for it.
            #expect(shop.store.claimCount == claims && engine.counters.commits.count == 1)
            #expect(try await engine.report(task, .done) == .applied)
        }
    }

    @Test(arguments: [true, false])
    func `a task comes with what its model gives along, fetched or handed over`(waits: Bool) throws {
        let zeebe = "xmlns:zeebe=\"http://camunda.org/schema/zeebe/1.0\""
        let headers = """
            <extensionElements><zeebe:taskHeaders \(zeebe)><zeebe:header key="team" value="ingest"/>
            <zeebe:header key="note" value=""/></zeebe:taskHeaders></extensionElements>
            """
        let source = Model.bpmn(
            "<startEvent id=\"start\"/><endEvent id=\"end\"/>\(Model.task("t", "left", inside: headers))"
                + Model.chain("start", "t", "end"))
        try Workshop.run(source, try Model.contract("left")) { shop, engine in
            if !waits { _ = try await engine.begin() }
            async let poll = engine.poll("left", wait: waits ? .seconds(20) : .zero)
            await shop.simulation.settle()
            if waits { _ = try await engine.begin() }
            let task = try #require(try await poll.first)
            #expect(task.headers.map { "\($0.name)=\($0.value.text)" } == [#"team="ingest""#, #"note="""#])
        }
    }

    @Test func `a poll gets at most its credit of each contract and its limit of all`() throws {
        try run { shop, engine in
            async let narrow = engine.poll("left", credit: 1, wait: .seconds(20), owner: "narrow")
            await shop.simulation.settle()
            async let short = engine.poll("left", "right", credit: 2, limit: 3, wait: .seconds(20), owner: "short")
            await shop.simulation.settle()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await engine.begin() } }
                try await group.waitForAll()
            }
            let contracts = try await (narrow.map(\.contract.name), short.map(\.contract.name))
            #expect(contracts.0 == ["left"])
            // The first commit had one start, so the second poll has what it gave: answered is answered.
            #expect(contracts.1.count <= 3 && contracts.1.contains("right"))
            let left = try await shop.store.backlog(at: shop.simulation.clock.now)
            #expect(left.map { $0.due + $0.out } == [5, 5])
            #expect(left.map(\.out).reduce(0, +) == 1 + contracts.1.count)
        }
    }

    @Test func `one commit shares its tasks among the polls that wait`() throws {
        try run { shop, engine in
            let first = try await engine.begin().instance
            _ = try await engine.cancel(first, reason: "only to have the definition read")
            async let narrow = engine.poll("left", credit: 1, wait: .seconds(20), owner: "narrow")
            await shop.simulation.settle()
            async let short = engine.poll("left", "right", credit: 2, limit: 3, wait: .seconds(20), owner: "short")
            await shop.simulation.settle()
            // While this commit is on its way the starts gather.
            shop.store.beforeNextCommit { await shop.simulation.settle() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await engine.mark([]) }
                group.addTask {
                    _ = try? await engine.apply([
                        TaskReport(task: TaskID(instance: first, number: 1), attempt: 1, token: "t", content: .started)
                    ])
                }
                for _ in 0..<5 { group.addTask { _ = try await engine.begin() } }
                try await group.waitForAll()
            }
            let contracts = try await (narrow.map(\.contract.name), short.map(\.contract.name))
            #expect(contracts.0 == ["left"])
            #expect(
                contracts.1.sorted() == ["left", "right", "right"] || contracts.1.sorted() == ["left", "left", "right"])
        }
    }

    @Test func `a poll that finds nothing in its time is answered with nothing`() throws {
        try run { shop, engine in
            async let poll = engine.poll("left", wait: .seconds(20))
            await shop.simulation.pass(.seconds(19))
            await shop.simulation.pass(.seconds(2))
            #expect(try await poll.isEmpty)
            let claims = shop.store.claimCount
            _ = try await engine.begin()
            #expect(shop.store.claimCount == claims)
            #expect(try await engine.poll("left").count == 1)
        }
    }

    @Test func `polls look into the store only if there may be something since the last look`() throws {
        try run { shop, engine in
            for _ in 0..<3 {
                async let poll = engine.poll("left", wait: .seconds(20))
                await shop.simulation.settle()
                await engine.cancelFetches(owner: "broker")
                #expect(try await poll.isEmpty)
            }
            #expect(shop.store.claimCount == 1)
            // Nobody waits: the tasks are due.
            _ = try await engine.begin()
            #expect(try await engine.poll("left", wait: .seconds(20)).count == 1)
            #expect(shop.store.claimCount == 2)
            // Who does not wait is told what there is now.
            #expect(try await engine.poll("left").isEmpty)
            #expect(shop.store.claimCount == 3)
        }
    }

    @Test func `of two polls one claims what is due, and the other gets what the next commit creates`() throws {
        try run { shop, engine in
            #expect(try await engine.poll("left").isEmpty)
            _ = try await engine.begin()
            shop.store.afterNextClaim {
                async let second = engine.poll("left", wait: .seconds(20), owner: "second")
                await shop.simulation.settle()
                let claims = shop.store.claimCount
                let instance = try await engine.begin().instance
                let tasks = try await second
                #expect(tasks.map(\.id.instance) == [instance])
                #expect(shop.store.claimCount == claims)
            }
            #expect(try await engine.poll("left", wait: .seconds(20)).count == 1)
        }
    }

    @Test func `a poll that waits for the claim of another takes what that one leaves`() throws {
        try run { shop, engine in
            #expect(try await engine.poll("left").isEmpty)
            for _ in 0..<3 { _ = try await engine.begin() }
            async let first = engine.poll("left", credit: 2, limit: 2, wait: .seconds(20), owner: "first")
            async let second = engine.poll("left", credit: 2, limit: 2, wait: .seconds(20), owner: "second")
            let taken = try await [first.count, second.count]
            #expect(taken.sorted() == [1, 2])
        }
    }

    @Test func `a poll of one contract is not woken by the tasks of another`() throws {
        try run { shop, engine in
            async let narrow = engine.poll("left", credit: 1, wait: .seconds(20), owner: "narrow")
            await shop.simulation.settle()
            let claims = shop.store.claimCount
            _ = try await engine.begin()
            #expect(try await narrow.count == 1)
            #expect(shop.store.claimCount == claims)
            async let wide = engine.poll("right", wait: .seconds(20), owner: "wide")
            #expect(try await wide.count == 1)
        }
    }

    @Test func `a task created between the claim and the parking of a poll is found`() throws {
        try run { shop, engine in
            shop.store.afterNextClaim { _ = try await engine.begin() }
            let before = shop.simulation.clock.now
            let tasks = try await engine.poll("left", wait: .seconds(20))
            #expect(tasks.count == 1)
            #expect(shop.simulation.clock.now == before)
        }
    }

    @Test func `a task that falls due wakes the poll that waits for it`() throws {
        try run { shop, engine in
            _ = try await engine.begin()
            _ = try await engine.report(try await engine.take("left"), .broken)
            async let poll = engine.poll("left", wait: .seconds(60))
            await shop.simulation.pass(.seconds(9))
            #expect(try await shop.store.backlog(at: shop.simulation.clock.now).map(\.contract.name) == ["right"])
            await shop.simulation.pass(.seconds(1))
            #expect(try await poll.first?.lease.attempt == 2)
            #expect(shop.simulation.clock.now.duration(since: TestClock().now) == .seconds(10))
        }
    }

    @Test func `a contract with a limit is never handed over, and never more of it is out`() throws {
        let limited = try Model.contract("work", "concurrency: 2")
        try Workshop.run(Model.sequence("work"), limited) { shop, engine in
            async let parked = engine.poll("work", credit: 10, wait: .seconds(20), owner: "a")
            await shop.simulation.settle()
            for _ in 0..<5 { _ = try await engine.begin() }
            var out = try await parked
            for _ in 0..<2 where out.count < 2 { out += try await engine.poll("work") }
            #expect(out.count == 2)
            #expect(try await engine.poll("work", owner: "b").isEmpty)
            async let next = engine.poll("work", wait: .seconds(20), owner: "b")
            await shop.simulation.settle()
            #expect(try await engine.report(out[0], .done) == .applied)
            #expect(try await next.count == 1)
            async let afterFailure = engine.poll("work", wait: .seconds(20), owner: "c")
            await shop.simulation.settle()
            #expect(try await engine.report(out[1], .broken) == .applied)
            await shop.simulation.pass(.milliseconds(100))
            #expect(try await afterFailure.count == 1)
            #expect(try await shop.store.backlog(at: shop.simulation.clock.now).first?.out == 2)
        }
    }

    @Test func `polls of an owner that leaves are answered, and those of others stay`() throws {
        try run { shop, engine in
            async let leaving = engine.poll("left", wait: .seconds(20), owner: "leaving")
            async let staying = engine.poll("left", wait: .seconds(20), owner: "staying")
            await shop.simulation.settle()
            await engine.cancelFetches(owner: "leaving")
            #expect(try await leaving.isEmpty)
            _ = try await engine.begin()
            #expect(try await staying.count == 1)
        }
    }

    @Test func `a commit that fails gives no task away, and the one that works does`() throws {
        try run { shop, engine in
            async let poll = engine.poll("left", wait: .seconds(20))
            await shop.simulation.settle()
            shop.store.fail(.before)
            await #expect(throws: StoreError.self) { try await engine.begin() }
            #expect(try await shop.store.backlog(at: shop.simulation.clock.now).isEmpty)
            let instance = try await engine.begin().instance
            #expect(try await poll.map(\.id.instance) == [instance])
        }
    }

    @Test func `tasks of a commit whose answer was lost come again when their lease has run out`() throws {
        try run { shop, engine in
            async let lost = engine.poll("left", wait: .seconds(20))
            await shop.simulation.settle()
            shop.store.fail(.after)
            await #expect(throws: StoreError.self) { try await engine.begin() }
            await shop.simulation.pass(.seconds(21))
            #expect(try await lost.isEmpty)
            await shop.simulation.pass(.seconds(10))
            let again = try await engine.take("left")
            #expect(again.lease.attempt == 2)
        }
    }
}
