import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// The engine beside another one on the same store, on a store that fails, and when it is told to end.
@Suite struct SharedStoreTests {
    @Test func `a decision that another engine overtook is made again, and both callers are answered`() throws {
        let (left, right) = (try Model.contract("left"), try Model.contract("right"))
        try Workshop.runTwo(Model.parallel("left", "right"), left, right) { shop, one, two in
            let instance = try await one.begin().instance
            let (first, second) = (try await one.take("left"), try await two.take("right"))
            shop.store.beforeNextCommit {
                let outcome = try await two.report(second, .done)
                #expect(outcome == .applied)
            }
            #expect(try await one.report(first, .done) == .applied)
            #expect((one.counters.conflicts.count, two.counters.conflicts.count) == (1, 0))
            #expect(try await shop.tally(of: instance) == (2, 0))
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `what an old copy does not know is looked up before it is refused`() throws {
        let (first, second) = (try Model.contract("first"), try Model.contract("second"))
        try Workshop.runTwo(Model.sequence("first", "second"), first, second) { shop, one, two in
            let instance = try await one.begin().instance
            #expect(try await two.report(try await two.take("first"), .done) == .applied)
            // The first engine still has the instance as it was before.
            #expect(try await one.report(try await one.take("second"), .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
            #expect(try await two.instance(instance)?.isEnded == true)
        }
    }

    @Test func `the same result given to both engines is applied once`() throws {
        try Workshop.runTwo(Model.sequence("work"), try Model.contract("work")) { shop, one, two in
            let instance = try await one.begin().instance
            let task = try await one.take("work")
            shop.store.beforeNextCommit {
                let outcome = try await two.report(task, .done)
                #expect(outcome == .applied)
            }
            #expect(try await one.report(task, .done) == .gone)
            #expect(try await shop.tally(of: instance) == (1, 0))
        }
    }

    @Test func `a timer fires once, whichever engine is first`() throws {
        try Workshop.runTwo(Model.tenSeconds) { shop, one, _ in
            var instances: [InstanceID] = []
            for _ in 0..<20 { instances.append(try await one.begin().instance) }
            await shop.simulation.pass(.seconds(12))
            for instance in instances {
                #expect(try await shop.count(of: instance) { if case .timerFired = $0 { true } else { false } } == 1)
                #expect(try await shop.end(of: instance) == .completed)
            }
        }
    }

    @Test func `one key given to both engines makes one instance`() throws {
        try Workshop.runTwo(Model.sequence("work"), try Model.contract("work")) { shop, one, two in
            let other = Mutex<InstanceID?>(nil)
            shop.store.beforeNextCommit {
                let receipt = try await two.begin(key: "order")
                other.withLock { $0 = receipt.instance }
            }
            let receipt = try await one.begin(key: "order")
            #expect(!receipt.new && receipt.instance == other.withLock { $0 })
            #expect(try await one.poll("work").count == 1)
        }
    }

    @Test func `a reader that comes late does not put an old copy over a new one`() throws {
        let (first, second) = (try Model.contract("first"), try Model.contract("second"))
        try Workshop.runTwo(Model.sequence("first", "second"), first, second) { shop, one, two in
            let instance = try await one.begin().instance
            let task = try await one.take("first")
            shop.store.afterNextReading {
                let outcome = try await two.report(task, .done)
                #expect(outcome == .applied)
            }
            #expect(try await two.instance(instance)?.openTasks.map(\.number) == [1])
            let readings = shop.store.readingCount
            #expect(try await two.report(try await two.take("second"), .done) == .applied)
            #expect(shop.store.readingCount == readings && two.counters.conflicts.count == 0)
            #expect(try await shop.end(of: instance) == .completed)
        }
    }
}

@Suite struct FailingStoreTests {
    private func run(_ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void) throws {
        try Workshop.run(
            Model.sequence("first", "second"), try Model.contract("first"), try Model.contract("second"), body: body)
    }

    @Test func `a commit that failed is an error for those who wait, and changes nothing`() throws {
        try run { shop, engine in
            shop.store.fail(.before)
            await #expect(throws: StoreError.self) { try await engine.begin(key: "order") }
            let receipt = try await engine.begin(key: "order")
            #expect(receipt.new)
            let task = try await engine.take("first")
            shop.store.fail(.before)
            await #expect(throws: StoreError.self) { try await engine.report(task, .done) }
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await shop.tally(of: receipt.instance) == (1, 0))
        }
    }

    @Test func `a commit whose answer was lost is an error, and its repetition changes nothing more`() throws {
        try run { shop, engine in
            shop.store.fail(.after)
            await #expect(throws: StoreError.self) { try await engine.begin(key: "order") }
            let receipt = try await engine.begin(key: "order")
            #expect(!receipt.new)

            let first = try await engine.take("first")
            shop.store.fail(.after)
            await #expect(throws: StoreError.self) { try await engine.report(first, .done) }
            #expect(try await engine.report(first, .done) == .gone)

            let second = try await engine.take("second")
            shop.store.fail(.after)
            await #expect(throws: StoreError.self) { try await engine.report(second, .broken) }
            #expect(try await engine.report(second, .broken) == .stale)
            #expect(try await shop.tally(of: receipt.instance) == (1, 1))

            await shop.simulation.pass(.seconds(11))
            let again = try await engine.take("second")
            shop.store.fail(.after)
            await #expect(throws: StoreError.self) { try await engine.report(again, .started) }
            #expect(try await engine.report(again, .started) == .applied)
            #expect(try await engine.report(again, .done) == .applied)
            #expect(try await shop.end(of: receipt.instance) == .completed)
        }
    }

    @Test func `while the store is away callers hear of it, and afterwards all goes on`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            _ = try await engine.report(task, .broken)
            shop.store.setAway(true)
            await #expect(throws: StoreError.self) { try await engine.poll("first") }
            await #expect(throws: StoreError.self) { try await engine.begin() }
            await shop.simulation.pass(.seconds(30))
            shop.store.setAway(false)
            await shop.simulation.pass(.seconds(2))
            #expect(try await engine.report(try await engine.take("first"), .done) == .applied)
            #expect(try await engine.report(try await engine.take("second"), .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `an instance that cannot be read holds up none of the others`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(
                Model.sequence("first", "second"), try Model.contract("first"), try Model.contract("second"))
            let tasks = try await Self.twoTasks(shop)
            shop.store.damage(tasks[0].id.instance)
            let engine = shop.engine()
            try await simulation.serving([{ try await engine.run() }]) {
                let outcomes = try await engine.apply(tasks.map { TaskReport($0.attemptID, .done) })
                #expect(outcomes == [.refused("the instance cannot be read: the journal is damaged"), .applied])
                let error = await #expect(throws: StoreError.self) {
                    try await engine.cancel(tasks[0].id.instance, reason: "")
                }
                #expect(error?.kind == .corrupt)
            }
        }
    }

    @Test func `a timer of an instance that cannot be read neither holds up others nor is tried without pause`() throws
    {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.tenSeconds)
            let instances = try await shop.begunBefore(2)
            shop.store.damage(instances[0])
            let engine = shop.engine()
            try await simulation.serving([{ try await engine.run() }]) {
                await simulation.pass(.seconds(11))
                let end = try await shop.end(of: instances[1])
                #expect(end == .completed)
                let before = shop.store.lookCount
                await simulation.pass(.seconds(10))
                #expect(shop.store.lookCount - before <= 11)
            }
        }
    }

    /// The tasks of two instances, leased from an engine that is gone by now.
    private static func twoTasks(_ shop: Workshop) async throws -> [LeasedTask] {
        let engine = shop.engine()
        return try await shop.simulation.serving([{ try await engine.run() }]) {
            for _ in 0..<2 { _ = try await engine.begin() }
            return try await engine.poll("first")
        }
    }
}

@Suite struct EngineStopTests {
    private func shop(_ simulation: Simulation) async throws -> Workshop {
        let shop = Workshop(simulation)
        try await shop.deploy(Model.sequence("work"), try Model.contract("work"))
        return shop
    }

    @Test func `everyone who waits is answered when the engine ends`() throws {
        try Simulation.run { simulation in
            let shop = try await shop(simulation)
            let engine = shop.engine()
            let running = simulation.start { try await engine.run() }
            async let poll = engine.poll("work", wait: .seconds(20))
            await simulation.settle()
            shop.store.beforeNextCommit { running.cancel() }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 { group.addTask { (try? await engine.begin()) != nil } }
                var stored = 0
                for try await isStored in group { stored += isStored ? 1 : 0 }
                // Each is stored and answered so, or refused.
                #expect(shop.store.transitionCounts.reduce(0, +) == stored && stored > 0)
            }
            try await running.value
            _ = try await poll
            let error = await #expect(throws: StoreError.self) { try await engine.begin() }
            #expect(error?.message == "the engine is stopping")
            #expect(try await engine.poll("work", wait: .seconds(20)).isEmpty)
        }
    }

    @Test func `a poll that claims while the engine ends is answered`() throws {
        try Simulation.run { simulation in
            let shop = try await shop(simulation)
            let engine = shop.engine()
            let running = simulation.start { try await engine.run() }
            await simulation.settle()
            shop.store.afterNextClaim {
                running.cancel()
                await simulation.settle()
            }
            let tasks = try await engine.poll("work", wait: .seconds(20))
            #expect(tasks.isEmpty)
            try await running.value
        }
    }

    @Test func `an engine that is told to end while a timer falls due ends, and the timer fires once`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.tenSeconds)
            let engine = shop.engine()
            let running = simulation.start { try await engine.run() }
            let instance = try await engine.begin().instance
            await simulation.pass(.seconds(9))
            shop.store.afterNextLook { running.cancel() }
            simulation.clock.advance(by: .seconds(1))
            try await running.value
            let next = shop.engine()
            try await simulation.serving([{ try await next.run() }]) {
                await simulation.pass(.seconds(1))
                let firings = try await shop.count(of: instance) { if case .timerFired = $0 { true } else { false } }
                #expect(firings == 1)
                #expect(try await shop.end(of: instance) == .completed)
            }
        }
    }

    @Test func `confirm marks that still wait are stored when the engine ends`() throws {
        try Simulation.run { simulation in
            let shop = try await shop(simulation)
            let engine = shop.engine()
            let task = try await simulation.serving([{ try await engine.run() }]) {
                _ = try await engine.begin()
                let task = try await engine.take("work")
                let until = simulation.clock.now.advanced(by: .seconds(300))
                await engine.mark([
                    LeaseMark(
                        task: task.id, attempt: 1, token: task.lease.token, change: .queued(until: until))
                ])
                return task
            }
            #expect(try await shop.row(task.id)?.phase == .queued)
        }
    }

    @Test func `another engine goes on where one ended`() throws {
        try Simulation.run { simulation in
            let shop = try await shop(simulation)
            let (one, two) = (shop.engine(), shop.engine())
            let task = try await simulation.serving([{ try await one.run() }]) {
                _ = try await one.begin()
                return try await one.take("work")
            }
            try await simulation.serving([{ try await two.run() }]) {
                let outcome = try await two.report(task, .done)
                #expect(outcome == .applied)
                #expect(try await shop.end(of: task.id.instance) == .completed)
            }
        }
    }
}
