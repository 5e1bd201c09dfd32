import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// Running instances go over to another version, and everything that is waited for or out goes on.
@Suite struct MigrationServiceTests {
    private struct World: Sendable {
        let shop: Workshop
        let engine: EngineService
        let index: InMemoryIndexStore
        let projector: ProjectorService
        let service: MigrationService

        init(_ shop: Workshop) {
            self.shop = shop
            let engine = shop.engine()
            self.engine = engine
            index = InMemoryIndexStore(live: shop.store)
            let progress = ProjectorProgress()
            projector = ProjectorService(
                journal: shop.store, index: index, time: shop.simulation.clock, committed: engine.committed.listen(),
                progress: progress, log: .silent)
            service = MigrationService(
                engine: engine, registry: shop.registry,
                queries: QueryService(
                    index: index, journal: shop.store, engine: engine, progress: progress, time: shop.simulation.clock))
        }

        static func run(
            _ versions: [[UInt8]], _ body: @escaping @Sendable (World) async throws -> Void
        ) throws {
            try Simulation.run { simulation in
                let shop = Workshop(simulation)
                let contracts = try ["a", "b", "work"].map { try Model.contract($0) }
                for version in versions { try await shop.deploy(version, contracts) }
                let world = World(shop)
                try await simulation.serving([{ try await world.engine.run() }]) { try await body(world) }
            }
        }

        func project() async throws { while try await projector.projectBatch() {} }

        /// Migrates what the index shows.
        func migrate(
            _ request: MigrationService.Request = request(), instances: [InstanceID] = [], isDryRun: Bool = false,
            limit: Int = 50, after: String? = nil
        ) async throws -> MigrationService.Batch {
            try await project()
            return try await service.migrate(
                request, instances: instances, isDryRun: isDryRun, page: PageRequest(limit: limit, after: after))
        }

        /// Why a migration came to nothing.
        func failure(of request: MigrationService.Request) async -> StoreError? {
            do {
                _ = try await service.migrate(request, isDryRun: false)
                return nil
            } catch {
                return error as? StoreError
            }
        }

        func row(_ instance: InstanceID) async throws -> IndexedInstance {
            try await project()
            var query = InstanceQuery()
            query.id = instance
            return try #require(try await index.instances(query).rows.first)
        }
    }

    private static func request(_ overrides: [String: String] = [:]) -> MigrationService.Request {
        MigrationService.Request(
            workflow: "p", from: "1", to: "latest",
            overrides: overrides.map { MigrationPlan.Override(from: ElementID($0.key), to: ElementID($0.value)) })
    }

    private static let declarations = "<message id=\"m\" name=\"paid\"/>"
    private static let timer = "<timerEventDefinition><timeDuration>PT10S</timeDuration></timerEventDefinition>"

    /// A fork with a branch for every kind of waiting, and a task more before the end of the second version.
    private static func everything(_ more: String = "", task: String = "a") -> [UInt8] {
        let branches = [task, "message", "wait", "call", "many"]
        return Model.bpmn(
            """
            <startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>
            \(Model.task(task, "a"))
            <intermediateCatchEvent id="message"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
            <intermediateCatchEvent id="wait">\(timer)</intermediateCatchEvent>
            <callActivity id="call" calledElement="called"/>
            \(Model.task("many", "b", inside: """
                <multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality>\
                </multiInstanceLoopCharacteristics>
                """))
            \(Model.chain("start", "fork"))\(branches.map { Model.chain("fork", $0, "join") }.joined())
            \(more.isEmpty ? Model.chain("join", "end") : Model.task("more", "work") + Model.chain("join", "more", "end"))
            """, declarations: declarations)
    }

    @Test func `tasks, a join, a timer, a message, a call and runs of a loop go on in the new version`() throws {
        try World.run([Self.everything(), Self.everything("more", task: "renamed")]) { world in
            let (shop, engine) = (world.shop, world.engine)
            try await shop.deploy(Model.sequence("work", process: "called"), process: "called")
            let id = try await engine.begin().instance
            await shop.simulation.settle()
            let out = try await engine.take("a")
            #expect(try await engine.report(try await engine.take("b"), .done) == .applied)
            let called = try await engine.take("work")

            let batch = try await world.migrate(Self.request(["a": "renamed"]))

            #expect(batch.rows.map(\.outcome) == [.migrated])
            #expect(try await engine.instance(id)?.definition == DefinitionID(process: "p", version: 2))
            #expect(try await shop.row(out.id)?.element == ElementID("renamed"))
            #expect(try await world.row(id).definition.version == 2)
            #expect(try await engine.report(out, .done) == .applied)
            let run = try await engine.take("b")
            #expect(run.definition.version == 2)
            #expect(try await engine.report(run, .done) == .applied)
            #expect(try await engine.report(called, .done) == .applied)
            await shop.simulation.pass(.seconds(11))
            let subscription = try #require(
                try await shop.store.subscriptions(SubscriptionQuery(kind: .message, name: "paid")).first)
            #expect(subscription.subscription.definition.version == 2)
            _ = try await engine.command(
                .correlate(subscription: subscription.subscription.number, variables: []), of: id)
            await shop.simulation.settle()
            #expect(try await shop.end(of: id) == nil)
            #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
            #expect(try await shop.end(of: id) == .completed)
            #expect(try await shop.count(of: id) { if case .migrated = $0 { true } else { false } } == 1)
        }
    }

    @Test func `instances that the index does not show yet are waited for`() throws {
        try World.run([Model.sequence("a"), Model.sequence("a", "b")]) { world in
            let (shop, engine) = (world.shop, world.engine)
            for _ in 0..<3 { _ = try await engine.begin() }
            async let batch = world.service.migrate(Self.request(), isDryRun: false)
            await shop.simulation.pass(.seconds(1))
            try await world.project()
            await shop.simulation.pass(.seconds(1))
            let outcomes = try await batch.rows.map(\.outcome)
            #expect(outcomes == [.migrated, .migrated, .migrated])

            // Nobody projects what that wrote.
            async let late = world.failure(of: Self.request())
            await shop.simulation.pass(.seconds(30))
            #expect(await late?.kind == .unavailable)
        }
    }

    @Test func `another engine, whose copy is old, goes on in the new version`() throws {
        try Workshop.runTwo(Model.sequence("a", "b"), try Model.contract("a"), try Model.contract("b")) {
            shop, one, two in
            let id = try await one.begin().instance
            let out = try await two.take("a")
            #expect(try await two.instance(id) != nil)
            try await shop.deploy(
                Model.sequence("a", "a", "b"), [try Model.contract("a"), try Model.contract("b")])
            let versions = try await [1, 2].asyncMap { number in
                let id = DefinitionID(process: "p", version: number)
                return MigrationPlan.Version(id: id, definition: try #require(try await shop.registry.definition(id)))
            }
            _ = try await one.command(
                .migrate(try MigrationPlan(from: versions[0], to: versions[1])), of: id)
            #expect(try await two.report(out, .done) == .applied)
            #expect(try await two.report(try await two.take("a"), .done) == .applied)
            #expect(try await one.report(try await one.take("b"), .done) == .applied)
            #expect(try await shop.end(of: id) == .completed)
        }
    }

    @Test func `batches take all, and begun again those that are left`() throws {
        try World.run([Model.sequence("a"), Model.sequence("a", "b")]) { world in
            var all: [InstanceID] = []
            for _ in 0..<5 { all.append(try await world.engine.begin().instance) }
            let first = try await world.migrate(limit: 2)
            #expect(first.rows.count == 2)
            #expect(first.rows.allSatisfy { $0.outcome == .migrated })
            #expect(first.next != nil)
            // Broken off here.
            let again = try await world.migrate(limit: 2)
            let last = try await world.migrate(limit: 2, after: again.next)
            #expect(Set((first.rows + again.rows + last.rows).map(\.instance)) == Set(all))
            #expect(try await world.migrate().rows.isEmpty)
            let named = try await world.migrate(instances: [all[0], InstanceID("nobody")])
            #expect(named.rows.map(\.outcome) == [.alreadyThere, .unknown])
        }
    }

    @Test func `a dry run changes nothing, and names what cannot go over`() throws {
        try World.run([Model.sequence("a", "b"), Model.sequence("b")]) { world in
            let refused = try await world.engine.begin().instance
            let other = try await world.engine.begin().instance
            let task = try await world.engine.poll("a").first { $0.id.instance == other }
            _ = try await world.engine.report(try #require(task), .done)

            // The task `t1` asks for another contract in the new version, and `t2` is gone.
            let dry = try await world.migrate(isDryRun: true)
            #expect(dry.rows.map(\.outcome) == [.refused, .refused])
            let named = dry.rows.map { ($0.instance, $0.problems.map(\.element)) }
            #expect(named.first { $0.0 == other }?.1 == [ElementID("t2")])
            #expect(named.first { $0.0 == refused }?.1 == [ElementID("t1")])
            #expect(dry.position == 0)

            let mapped = try await world.migrate(Self.request(["t2": "t1"]), isDryRun: true)
            func outcome(of instance: InstanceID, _ batch: MigrationService.Batch) -> MigrationService.Row.Outcome? {
                batch.rows.first { $0.instance == instance }?.outcome
            }
            #expect(outcome(of: other, mapped) == .possible)
            #expect(outcome(of: refused, mapped) == .refused)
            let real = try await world.migrate(Self.request(["t2": "t1"]))
            #expect(outcome(of: other, real) == .migrated)
            #expect(outcome(of: refused, real) == .refused)
            #expect(try await world.row(refused).definition.version == 1)
            #expect(try await world.row(other).definition.version == 2)
            #expect(try await world.migrate(instances: [other]).rows.map(\.outcome) == [.alreadyThere])
        }
    }

    @Test func `what is named and does not exist is told`() throws {
        try World.run([Model.sequence("a"), Model.sequence("a", "b")]) { world in
            func message(_ request: MigrationService.Request) async -> String? {
                do {
                    _ = try await world.service.plans(for: request)
                    return nil
                } catch {
                    return (error as? Rejection)?.message
                }
            }
            let request = MigrationService.Request.init
            #expect(await message(request("q", "1", "2", [])) == "there is no workflow or process q")
            #expect(await message(request("p", "7", "2", [])) == "p has no version 7; deployed: 1, 2")
            #expect(await message(request("p", "2", "latest", []))?.contains("the same definition p:2") == true)
            #expect(await message(Self.request(["x": "t1"]))?.contains("no element x") == true)
        }
    }

    @Test func `prospects tell how many instances of each version could go over to a model`() throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            let contracts = [try Model.contract("a"), try Model.contract("b")]
            try await shop.deploy(Model.sequence("a", "b"), contracts, workflow: "flow", version: "1.0")
            let world = World(shop)
            try await simulation.serving([{ try await world.engine.run() }]) {
                for _ in 0..<3 { _ = try await world.engine.begin() }
                _ = try await world.engine.report(try await world.engine.take("a"), .done)
                try await world.project()
                let model = try #require(try Model.read(Model.sequence("a"), file: "new").first)
                let prospects = try await world.service.prospects(of: "flow", goingTo: model, workflowVersion: "1.1")
                #expect(prospects.map(\.looked) == [3])
                #expect(prospects.map(\.migratable) == [2])
                #expect(prospects.first?.problems.map(\.problem.element) == [ElementID("t2")])
                #expect(prospects.first?.problems.map(\.instances) == [1])
                #expect(prospects.first?.unmapped.map(\.element) == [ElementID("t2")])
            }
        }
    }

    @Test func `instances of a version that was taken back can leave it, also suspended ones`() throws {
        try World.run([Model.sequence("a"), Model.sequence("a", "b")]) { world in
            let (shop, taken) = (world.shop, DefinitionID(process: "p", version: 2))
            let waits = try await world.engine.start(Command.Start(definition: taken), key: nil).instance
            let stopped = try await world.engine.start(Command.Start(definition: taken), key: nil).instance
            _ = try await world.engine.command(.suspend, of: stopped)
            _ = try await shop.deployments.deploy(
                Deployment(processes: [], contracts: [], withdrawn: [taken]), at: shop.simulation.clock.now)
            try await world.project()

            let model = try #require(try Model.read(Model.sequence("a"), file: "new").first)
            let prospects = try await world.service.prospects(of: "p", goingTo: model, workflowVersion: nil)
            #expect(prospects.map { "\($0.definition) \($0.looked) \($0.migratable)" } == ["p:2 2 2"])
            let request = MigrationService.Request(workflow: "p", from: "2", to: "latest")
            let batch = try await world.migrate(request)
            #expect(Set(batch.rows.map(\.instance)) == [waits, stopped])
            #expect(batch.rows.map(\.outcome) == [.migrated, .migrated])
            #expect(try await world.row(waits).definition.version == 1)
            #expect(try await world.row(stopped).state == .suspended)
            // But nobody can go to it.
            let back = MigrationService.Request(workflow: "p", from: "1", to: "2")
            let refusal = await #expect(throws: Rejection.self) { try await world.service.plans(for: back) }
            #expect(refusal?.message == "p has no version 2; deployed: 1")
        }
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
