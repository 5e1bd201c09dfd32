import Contracts
import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// What goes wrong with one instance, or for a moment, stops nothing else.
@Suite struct EngineIsolationTests {
    private static func message(_ body: String, process: String = "p") -> [UInt8] {
        Model.bpmn(body, process: process, declarations: "<message id=\"m\" name=\"paid\"/>")
    }

    /// start -> waits for the message `paid` -> end
    private static let waiting = message(
        """
        <startEvent id="start"/><intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/>
        </intermediateCatchEvent><endEvent id="end"/>\(Model.chain("start", "wait", "end"))
        """)

    /// the message `paid` -> a task -> end
    private static let startedByMessage = message(
        """
        <startEvent id="start"><messageEventDefinition messageRef="m"/></startEvent>\(Model.task("t", "work"))
        <endEvent id="end"/>\(Model.chain("start", "t", "end"))
        """)

    private static func events(_ shop: Workshop, _ engine: EngineService) -> EventService {
        EventService(engine: engine, store: shop.store, registry: shop.registry, time: shop.simulation.clock)
    }

    @Test func `a transition that the store refuses takes no other of its commit with it`() throws {
        try Workshop.run(Model.sequence("work"), try Model.contract("work")) { shop, engine in
            for _ in 0..<3 { _ = try await engine.begin() }
            let tasks = try await engine.poll("work")
            shop.store.refuse(tasks[1].id.instance)
            await #expect(throws: StoreError.self) {
                try await engine.apply(tasks.map { TaskReport($0.attemptID, .done) })
            }
            for (index, task) in tasks.enumerated() {
                let tally = try await shop.tally(of: task.id.instance)
                #expect(tally == (index == 1 ? 0 : 1, 0))
            }
        }
    }

    @Test func `timers of many instances that cannot be read do not keep others from their turn`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Model.tenSeconds)
            let instances = try await shop.begunBefore(8)
            for instance in instances.dropLast() { shop.store.damage(instance) }
            // So few at a time that the damaged ones alone would fill each tick.
            let engine = shop.engine { $0.dueLimit = 2 }
            try await simulation.serving([{ try await engine.run() }]) {
                await simulation.pass(.seconds(20))
                let end = try await shop.end(of: instances[7])
                #expect(end == .completed)
            }
        }
    }

    @Test func `a message that one instance cannot take goes on waiting, and calls, signals and others go on`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(Self.waiting)
            let damaged = try await shop.begunBefore(1)[0]
            shop.store.damage(damaged)
            let engine = shop.engine()
            try await simulation.serving([{ try await engine.run() }]) {
                let events = Self.events(shop, engine)
                _ = try await events.publish(EventService.Message(name: "paid", instance: damaged))
                await simulation.pass(.seconds(5))
                // It is out of the way, and not lost.
                let now = simulation.clock.now
                let due = try await shop.store.inbox(at: now, limit: 10)
                let later = try await shop.store.inbox(at: now.advanced(by: .seconds(120)), limit: 10)
                #expect((due.count, later.count) == (0, 1))
            }
        }
    }

    @Test func `variables without a name are refused where they come in`() throws {
        try Workshop.run(Self.waiting) { shop, engine in
            let events = Self.events(shop, engine)
            let nameless = [Variable(name: "", value: .number(1))]
            await #expect(throws: Rejection.self) {
                try await events.publish(EventService.Message(name: "paid", variables: nameless))
            }
            await #expect(throws: Rejection.self) { try await events.signal("alarm", variables: nameless) }
        }
    }

    @Test func `start events that could not be read while the store was away are read when it is back`() throws {
        try Workshop.run(Self.startedByMessage, try Model.contract("work")) { shop, engine in
            let deployments = AwayDeployments(inner: shop.deployments)
            let registry = DefinitionRegistry(store: deployments, readModel: Model.read, readTree: Model.tree)
            try await registry.refresh()
            let events = EventService(
                engine: engine, store: shop.store, registry: registry, time: shop.simulation.clock)
            deployments.isAway.store(true, ordering: .relaxed)
            await #expect(throws: StoreError.self) { try await events.correlate(CorrelatedMessage(name: "paid")) }
            deployments.isAway.store(false, ordering: .relaxed)
            let started = try await events.correlate(CorrelatedMessage(name: "paid"))
            #expect(started.map(\.started) == [true])
        }
    }

    @Test
    func `a process started by a message has its workflow, and its business key is as unique as the contract wants`()
        throws
    {
        let contract = try Model.contract(
            text:
                "kind: workflow\nname: order\nversion: \"1.0\"\nprocess: p\nbusinessKey: unique\ninput: {type: object}\n"
        )
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(
                Self.startedByMessage, [contract, try Model.contract("work")], workflow: "order", version: "1.0")
            let engine = shop.engine()
            try await simulation.serving([{ try await engine.run() }]) {
                let events = Self.events(shop, engine)
                let message = CorrelatedMessage(name: "paid", businessKey: "b-1")
                let first = try await events.correlate(message)
                let state = try await engine.instance(try #require(first.first).instance)
                #expect(state?.labels.workflow == "order" && state?.labels.workflowVersion == "1.0")
                await #expect(throws: Rejection.self) { try await events.correlate(message) }
            }
        }
    }

    @Test func `whoever waits is found among more than a thousand`() throws {
        try Workshop.run(Self.waiting) { shop, engine in
            var last: InstanceID?
            for number in 0..<1005 {
                let start = Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    variables: [Variable(name: "n", value: .number(number))])
                last = try await engine.start(start, key: nil).instance
            }
            let message = CorrelatedMessage(
                name: "paid", correlationKeys: [Variable(name: "n", value: .number(1004))])
            let found = try await Self.events(shop, engine).correlate(message)
            #expect(found.map(\.instance) == [last])
        }
    }

    @Test func `a call of the newest version does not begin one that is closed`() throws {
        let caller = Model.bpmn(
            """
            <startEvent id="start"/><callActivity id="call" calledElement="called"/><endEvent id="end"/>
            \(Model.chain("start", "call", "end"))
            """)
        try Workshop.run(caller, try Model.contract("work")) { shop, engine in
            try await shop.deploy(Model.sequence("work", process: "called"), process: "called")
            _ = try await shop.deployments.deploy(
                Deployment(processes: [], contracts: [], closed: ["called"]), at: shop.simulation.clock.now)
            try await shop.registry.refresh()
            let instance = try await engine.begin().instance
            await shop.simulation.settle()
            let incidents = try await engine.instance(instance)?.openIncidents ?? []
            #expect(incidents.map(\.message).contains { $0.contains("closed for new instances") })
        }
    }

    @Test func `the cache has room for so many bytes, and the instance used last stays in it`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(
                Model.sequence("first", "second"), try Model.contract("first"), try Model.contract("second"))
            let engine = shop.engine { $0.cachedBytes = 1 }
            try await simulation.serving([{ try await engine.run() }]) {
                let one = try await engine.begin().instance
                let task = try await engine.take("first")
                let readings = shop.store.readingCount
                let first = try await engine.report(task, .done)
                // It was cached, though nothing else has room beside it.
                #expect(first == .applied && shop.store.readingCount == readings)
                _ = try await engine.begin()
                let second = try await engine.report(try await engine.take("second"), .done)
                #expect(second == .applied && shop.store.readingCount == readings + 1)
                let end = try await shop.end(of: one)
                #expect(end == .completed)
            }
        }
    }
}

/// Sources cannot be read while it is away.
private final class AwayDeployments: DeploymentStore {
    let inner: InMemoryDeploymentStore
    let isAway = Atomic(false)

    init(inner: InMemoryDeploymentStore) {
        self.inner = inner
    }

    func source(of definition: DefinitionID) async throws -> [UInt8]? {
        if isAway.load(ordering: .relaxed) { throw StoreError(.unavailable, "the store is away") }
        return try await inner.source(of: definition)
    }
    func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt {
        try await inner.deploy(deployment, at: now)
    }
    func definitions() async throws -> [DeployedDefinition] { try await inner.definitions() }
    func contracts() async throws -> [DeployedContract] { try await inner.contracts() }
    func decisions() async throws -> [DeployedDecision] { try await inner.decisions() }
    func withdrawnDefinitions() async throws -> [DeployedDefinition] { try await inner.withdrawnDefinitions() }
    func source(of decision: DecisionID) async throws -> [UInt8]? { try await inner.source(of: decision) }
    func deploymentEpoch() async throws -> Int64 { try await inner.deploymentEpoch() }
}
