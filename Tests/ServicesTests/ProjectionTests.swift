import Contracts
import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// An engine with an index that follows it.
private struct IndexWorld: Sendable {
    let shop: Workshop
    let engine: EngineService
    let index: InMemoryIndexStore
    let progress = ProjectorProgress()
    let projector: ProjectorService
    let queries: QueryService
    let notices: Notices

    final class Notices: Sendable {
        private let all = Mutex<[InstanceNotice]>([])
        func add(_ notices: [InstanceNotice]) { all.withLock { $0 += notices } }
        var states: [String] { all.withLock { $0.map(\.state) } }
    }

    init(_ shop: Workshop) {
        self.shop = shop
        engine = shop.engine()
        index = InMemoryIndexStore(live: shop.store)
        let notices = Notices()
        self.notices = notices
        projector = ProjectorService(
            journal: shop.store, index: index, time: shop.simulation.clock, committed: engine.committed.listen(),
            progress: progress, log: .silent, notify: { notices.add($0) })
        queries = QueryService(
            index: index, journal: shop.store, engine: engine, progress: progress, time: shop.simulation.clock)
    }

    /// A world that runs, the projector only if asked for.
    static func run(
        _ source: [UInt8], _ contracts: Contract..., projecting: Bool = false,
        body: @escaping @Sendable (IndexWorld) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(source, contracts)
            let world = IndexWorld(shop)
            var services: [@Sendable () async throws -> Void] = [{ try await world.engine.run() }]
            if projecting { services.append({ try await world.projector.run() }) }
            try await simulation.serving(services) { try await body(world) }
        }
    }

    /// The index's row of the instance, after all that was committed.
    func row(_ instance: InstanceID) async throws -> IndexedInstance {
        while try await projector.projectBatch() {}
        return try #require(try await queries.instance(instance))
    }

    func taskStates(_ instance: InstanceID) async throws -> [String: IndexedTaskState] {
        while try await projector.projectBatch() {}
        var query = TaskQuery()
        query.instance = instance
        let rows = try await queries.tasks(query).rows
        return Dictionary(rows.map { ($0.contract.name, $0.state) }, uniquingKeysWith: { $1 })
    }
}

@Suite struct ProjectionTests {
    private func run(_ body: @escaping @Sendable (IndexWorld) async throws -> Void) throws {
        try IndexWorld.run(
            Model.sequence("first", "second"),
            try Model.contract("first", "errors: [{code: NO_CODEC}]\nretry: {maxAttempts: 1}"),
            try Model.contract("second"), body: body)
    }

    @Test func `an instance is running until it has completed`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            var row = try await world.row(instance)
            #expect(row.state == .running && row.definition.description == "p:1" && row.endedAt == nil)
            #expect((row.tasksCreated, row.tasksDone) == (1, 0))
            await world.shop.simulation.pass(.seconds(5))
            _ = try await world.engine.report(try await world.engine.take("first"), .done)
            #expect(try await world.taskStates(instance) == ["first": .completed, "second": .open])
            _ = try await world.engine.report(try await world.engine.take("second"), .done)
            row = try await world.row(instance)
            #expect(row.state == .completed && row.endedAt?.duration(since: row.startedAt) == .seconds(5))
            #expect((row.tasksCreated, row.tasksDone) == (2, 2))
            #expect(world.notices.states == ["Running", "Completed"])
        }
    }

    @Test func `a correlation id finds an instance and all that was called for it`() throws {
        try run { world in
            func start(_ labels: InstanceLabels) async throws -> InstanceID {
                try await world.engine.start(
                    Command.Start(definition: DefinitionID(process: "p", version: 1), labels: labels), key: nil
                ).instance
            }
            let root = try await start(InstanceLabels(metadata: [Variable(name: "a", value: .string("b"))]))
            let child = try await start(InstanceLabels(runAs: "anna", correlationID: root.text))
            let other = try await start(InstanceLabels(correlationID: "order-7"))
            while try await world.projector.projectBatch() {}
            func found(_ id: String) async throws -> [InstanceID] {
                var query = InstanceQuery()
                query.correlationID = id
                return try await world.queries.instances(query).rows.map(\.id)
            }
            #expect(try await found(root.text) == [child, root])
            #expect(try await found("order-7") == [other])
            #expect(try await found(other.text) == [])
            let shown = try await world.row(child).labels.shown
            #expect(shown.correlationID == root.text && shown.runAs == "anna" && shown.metadata.isEmpty)
            #expect(try await world.row(root).labels.shown.metadata.map(\.name) == ["a"])
        }
    }

    @Test func `a BPMN error that nothing catches is told in the index`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            let error = TaskReport.Content.error(BPMNError(code: "NO_CODEC", message: "no decoder"))
            _ = try await world.engine.report(try await world.engine.take("first"), error)
            let row = try await world.row(instance)
            #expect(row.state == .completedWithError && row.message == "NO_CODEC: no decoder")
            #expect(try await world.taskStates(instance) == ["first": .error])
        }
    }

    @Test func `a cancel is told with its reason`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            _ = try await world.engine.cancel(instance, reason: "wrong file")
            let row = try await world.row(instance)
            #expect(row.state == .canceled && row.message == "wrong file")
            #expect(try await world.taskStates(instance) == ["first": .canceled])
        }
    }

    @Test func `an incident opens with its message and closes with its retry`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            _ = try await world.engine.report(try await world.engine.take("first"), .broken)
            var row = try await world.row(instance)
            #expect(row.state == .incident && row.openIncidents == 1 && row.message == "broken")
            #expect(try await world.taskStates(instance) == ["first": .incident])
            _ = try await world.engine.retry(instance, incident: nil, retries: nil)
            row = try await world.row(instance)
            #expect(row.state == .running && row.openIncidents == 0 && row.message == nil)
            #expect(try await world.taskStates(instance) == ["first": .open])
            #expect(world.notices.states == ["Running", "Incident"])
        }
    }

    @Test func `a task that cannot be handed over is an incident too`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            _ = try await world.engine.report(try await world.engine.take("first"), .unroutable(message: "no queue"))
            #expect(try await world.row(instance).message == "no queue")
            let states = try await world.taskStates(instance)
            #expect(states == ["first": .incident])
        }
    }

    @Test func `a failure with retries left is no incident`() throws {
        try IndexWorld.run(Model.sequence("work"), try Model.contract("work")) { world in
            let instance = try await world.engine.begin().instance
            _ = try await world.engine.report(try await world.engine.take("work"), .broken)
            #expect(try await world.row(instance).state == .running)
            let states = try await world.taskStates(instance)
            #expect(states == ["work": .open])
        }
    }

    @Test func `a journal row that cannot be read says so`() {
        let row = JournalRow(
            instance: InstanceID("a"), seq: 1, position: 1, at: TestClock().now, events: Array("[]garbage".utf8))
        #expect(throws: Diagnostics.self) { try Projection.changes(of: row) }
    }

    @Test func `the history is all that happened, in order`() throws {
        try run { world in
            let instance = try await world.engine.begin().instance
            _ = try await world.engine.report(try await world.engine.take("first"), .done)
            let history = try await world.queries.history(instance)
            #expect(history.map(\.row.seq) == [1, 2])
            #expect(history[1].events.first == .taskCompleted(task: 1))
            #expect(try await world.queries.state(instance)?.openTasks.map(\.element.text) == ["t2"])
        }
    }
}

@Suite struct ProjectorServiceTests {
    private func run(_ body: @escaping @Sendable (IndexWorld) async throws -> Void) throws {
        try IndexWorld.run(Model.sequence("work"), try Model.contract("work"), projecting: true, body: body)
    }

    @Test func `a query can ask to see a write`() throws {
        try run { world in
            let start = try await world.engine.begin()
            async let isThere = world.queries.waits(for: start.position)
            await world.shop.simulation.pass(.milliseconds(100))
            #expect(await isThere)
            #expect(try await world.queries.instance(start.instance)?.state == .running)
            let cancel = try await world.engine.cancel(start.instance, reason: "")
            #expect(cancel > start.position)
            async let isOver = world.queries.waits(for: cancel)
            await world.shop.simulation.pass(.milliseconds(100))
            #expect(await isOver)
            #expect(try await world.queries.instance(start.instance)?.state == .canceled)
        }
    }

    @Test func `a query that waits for what does not come ends`() throws {
        try run { world in
            let start = try await world.engine.begin()
            async let isThere = world.queries.waits(for: start.position + 1, atMost: .seconds(10))
            await world.shop.simulation.pass(.seconds(11))
            #expect(await isThere == false)
        }
    }

    @Test func `the index catches up when the journal is back`() throws {
        try run { world in
            let start = try await world.engine.begin()
            world.shop.store.setAway(true)
            await world.shop.simulation.pass(.seconds(30))
            #expect(try await world.index.indexPosition() == 0)
            world.shop.store.setAway(false)
            await world.shop.simulation.pass(.seconds(2))
            #expect(try await world.index.indexPosition() == start.position)
            #expect(world.progress.current == start.position)
        }
    }

    @Test func `the index goes on while nobody takes its notices, and forgets none of them`() throws {
        try run { world in
            let (bus, progress) = (Signal(), ProjectorProgress())
            let told = IndexWorld.Notices()
            let index = InMemoryIndexStore(live: world.shop.store)
            let projector = ProjectorService(
                journal: world.shop.store, index: index, time: world.shop.simulation.clock,
                committed: world.engine.committed.listen(), progress: progress, log: .silent
            ) { notices in
                _ = await bus.wait()
                told.add(notices)
            }
            try await world.shop.simulation.serving([{ try await projector.run() }]) {
                var last: Int64 = 0
                for _ in 0..<3 {
                    last = try await world.engine.begin().position
                    await world.shop.simulation.pass(.seconds(2))
                }
                #expect(progress.current == last)
                #expect(told.states.isEmpty)
                bus.fire()
                await world.shop.simulation.settle()
                #expect(told.states == ["Running"])
            }
            // What is left is told when it ends.
            #expect(told.states == ["Running", "Running", "Running"])
        }
    }

    @Test func `of two projectors each row is applied by one`() throws {
        try run { world in
            let second = ProjectorService(
                journal: world.shop.store, index: world.index, time: world.shop.simulation.clock,
                committed: world.engine.committed.listen(), progress: ProjectorProgress(), log: .silent,
                notify: { world.notices.add($0) })
            try await world.shop.simulation.serving([{ try await second.run() }]) {
                for _ in 0..<50 { _ = try await world.engine.begin() }
                await world.shop.simulation.pass(.seconds(3))
            }
            #expect(world.notices.states.count == 50)
            #expect(try await world.queries.counts()[.running] == 50)
        }
    }

    @Test func `more rows than one batch are applied, whatever their number`() throws {
        try run { world in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<(2 * ProjectorService.batchLimit + 1) {
                    group.addTask { _ = try await world.engine.begin() }
                }
                try await group.waitForAll()
            }
            await world.shop.simulation.pass(.seconds(2))
            #expect(try await world.queries.counts()[.running] == 2 * ProjectorService.batchLimit + 1)
        }
    }
}
