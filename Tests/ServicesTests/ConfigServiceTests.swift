import ProcessEngine
import Services
import ServicesTesting
import Staging
import Testing
import Values

@Suite struct ConfigServiceTests {
    private func run(_ body: @escaping @Sendable (ConfigWorld) async throws -> Void) throws {
        try Simulation.run { simulation in try await body(ConfigWorld(simulation)) }
    }

    private static func problems(_ body: () async throws -> some Sendable) async -> [Diagnostic] {
        do {
            _ = try await body()
            return []
        } catch {
            return (error as? Diagnostics)?.all ?? []
        }
    }

    @Test func `a push makes a revision with all it brought, and pushing it again makes none`() throws {
        try run { world in
            let report = try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            #expect(report.status == .stored && report.revision?.number == 1 && report.revision?.author == "anna")
            #expect(
                report.added.map { "\($0.kind) \($0.name)@\($0.version)" } == [
                    "bpmn p@1.0", "task work@1.0", "workflow order@1.0",
                ])
            let again = try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            #expect(again.status == .unchanged && again.unchanged.count == 3 && again.revision?.number == 1)
            let part = try await world.push(ConfigWorld.work)
            #expect(part.status == .unchanged)
            #expect(try await world.service.revisions(before: nil, limit: 10).map(\.number) == [1])
            #expect(try await world.service.artifacts(at: nil).count == 3)
        }
    }

    @Test func `other content needs another version`() throws {
        try run { world in
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            let changed = ConfigWorld.file(
                "work.yaml", "kind: task\nname: work\nversion: \"1.0\"\ninput: {type: object}\ntimeout: PT5S\n")
            let problems = await Self.problems { try await world.push(changed) }
            #expect(problems.map(\.code) == ["version-exists"] && problems.first?.file == "work.yaml")
            let drawn = await Self.problems {
                try await world.push(ConfigWorld.order("1.0"), ConfigWorld.modelNamed("other"))
            }
            #expect(drawn.map(\.code) == ["version-exists"] && drawn.first?.file == "p.bpmn")
            #expect(drawn.first?.message.hasPrefix("version 1.0 of the process p exists with other content: ") == true)
            #expect(drawn.first?.message.contains(#"endEvent end: name is new"#) == true, "\(drawn)")
            let raised = ConfigWorld.file(
                "work.yaml", "kind: task\nname: work\nversion: \"1.1\"\ninput: {type: object}\ntimeout: PT5S\n")
            let report = try await world.push(raised)
            #expect(report.status == .stored && report.changed.map(\.version) == ["1.1"])
            #expect(
                try await world.service.artifacts(at: nil).filter { $0.name == "work" }.map(\.version) == [
                    "1.0", "1.1",
                ])
        }
    }

    /// As git checks it out with autocrlf, and the other way round: stored so by an earlier version.
    @Test(arguments: [false, true])
    func `a model with other ends of lines is the same`(isStoredWide: Bool) throws {
        try run { world in
            let text = String(decoding: ConfigWorld.model.content, as: UTF8.self)
            let lines = text.replacing("><", with: ">\n<")
            let narrow = ConfigWorld.file("p.bpmn", lines)
            let wide = ConfigWorld.file("p.bpmn", lines.replacing("\n", with: "\r\n"))
            try await world.push(ConfigWorld.order("1.0"), wide, ConfigWorld.work)
            var entries = try await world.service.artifacts(at: nil)
            let model = try #require(entries.firstIndex { $0.kind == "bpmn" })
            #expect(entries[model].hash == ConfigWorld.hash(narrow.content))
            if isStoredWide {
                entries[model].hash = ConfigWorld.hash(wide.content)
                let old = NewRevision(
                    parent: 1, author: "anna", message: "", entries: entries,
                    contents: [(entries[model].hash, wide.content)])
                _ = try await world.store.push(old, at: Timestamp(millisecondsSinceEpoch: 1))
            }
            for file in [narrow, wide] {
                let again = try await world.push(ConfigWorld.order("1.0"), file, ConfigWorld.work)
                #expect(again.status == .unchanged && again.unchanged.count == 3)
                let differences = try await world.service.diff(
                    from: nil, to: [ConfigWorld.order("1.0"), file], prune: false)
                #expect(differences.isEmpty)
            }
            #expect(try await world.service.artifacts(at: nil) == entries)
        }
    }

    @Test func `a dry run checks and stores nothing`() throws {
        try run { world in
            let report = try await world.push(
                ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work, dryRun: true)
            #expect(report.status == .checked && report.added.count == 3 && report.revision == nil)
            #expect(try await world.store.head() == nil)
            let problems = await Self.problems {
                try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, dryRun: true)
            }
            #expect(problems.contains { $0.severity == .error })
        }
    }

    @Test func `two pushes at the same moment are both stored if they say different things`() throws {
        try run { world in
            try await world.push(ConfigWorld.work)
            world.store.beforeNextPush {
                try await world.push(ConfigWorld.file("a.yaml", "kind: task\nname: a\nversion: \"1.0\"\n"))
            }
            let report = try await world.push(ConfigWorld.file("b.yaml", "kind: task\nname: b\nversion: \"1.0\"\n"))
            #expect(report.status == .stored && report.revision?.number == 3)
            #expect(try await world.service.artifacts(at: nil).map(\.name) == ["a", "b", "work"])
            world.store.beforeNextPush {
                try await world.push(ConfigWorld.file("c.yaml", "kind: task\nname: c\nversion: \"1.0\"\n"))
            }
            let problems = await Self.problems {
                try await world.push(
                    ConfigWorld.file("c.yaml", "kind: task\nname: c\nversion: \"1.0\"\ntitle: another\n"))
            }
            #expect(problems.map(\.code) == ["version-exists"])
        }
    }

    @Test func `of two pushes on one revision at the same moment one is refused, and nothing is overwritten`() throws {
        try run { world in
            try await world.push(ConfigWorld.work)
            world.store.beforeNextPush {
                try await world.push(ConfigWorld.file("a.yaml", "kind: task\nname: a\nversion: \"1.0\"\n"))
            }
            let other = ConfigWorld.file("b.yaml", "kind: task\nname: b\nversion: \"1.0\"\n")
            let refusal = await #expect(throws: Rejection.self) { try await world.push(other, parent: 1) }
            #expect(refusal?.reason == .conflict)
            #expect(refusal?.message == "anna pushed revision 2 at the same moment; push again")
            #expect(try await world.service.artifacts(at: nil).map(\.name) == ["a", "work"])
            try await world.push(other)
            #expect(try await world.service.artifacts(at: nil).map(\.name) == ["a", "b", "work"])
        }
    }

    @Test func `a push on an old revision is refused with the newest`() throws {
        try run { world in
            try await world.push(ConfigWorld.work)
            let more = ConfigWorld.file("a.yaml", "kind: task\nname: a\nversion: \"1.0\"\n")
            try await world.push(more, parent: 1)
            let refusal = await #expect(throws: Rejection.self) { try await world.push(more, parent: 1) }
            #expect(refusal?.reason == .conflict)
            let message = try #require(refusal?.message)
            #expect(message.hasPrefix("revision 2 is the newest, not 1"))
        }
    }

    @Test func `a push that is the whole store removes what it does not bring`() throws {
        try run { world in
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            let report = try await world.push(ConfigWorld.work, prune: true)
            #expect(report.removed.map(\.name) == ["p", "order"])
            #expect(try await world.service.artifacts(at: nil).map(\.name) == ["work"])
            #expect(try await world.service.artifacts(at: 1).count == 3)
        }
    }

    @Test func `a push that is the whole store may not remove what its own model needs`() throws {
        try run { world in
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            let problems = await Self.problems {
                try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, prune: true)
            }
            #expect(problems.contains { $0.severity == .error && $0.message.contains("work") })
            #expect(try await world.service.artifacts(at: nil).count == 3)
        }
    }

    @Test func `all problems of all files come at once, each with its file`() throws {
        try run { world in
            let problems = await Self.problems {
                try await world.push(
                    ConfigWorld.file("a.yaml", "kind: task\nname: Not A Name\nversion: \"1\"\n"),
                    ConfigWorld.file("b.yaml", "kind: [\n"),
                    ConfigWorld.file("c.bpmn", "<definitions"),
                    ConfigService.File(
                        path: "d.bpmn",
                        content: Model.bpmn(
                            "<startEvent id=\"s\"/><scriptTask id=\"g\" scriptFormat=\"groovy\"/>"
                                + Model.chain("s", "nowhere"))),
                    ConfigWorld.work)
            }
            let files = Dictionary(grouping: problems, by: \.file).mapValues(\.count)
            #expect(Set(files.keys) == ["a.yaml", "b.yaml", "c.bpmn", "d.bpmn"])
            #expect(files["a.yaml"] ?? 0 >= 2 && files["d.bpmn"] ?? 0 >= 2)
            #expect(problems.allSatisfy { $0.severity == .error })
            let head = try await world.store.head()
            #expect(head == nil)
        }
    }

    @Test func `a model is checked against the contracts in the store and in the push`() throws {
        try run { world in
            let problems = await Self.problems { try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model) }
            #expect(problems.contains { $0.file == "p.bpmn" && $0.element == "t1" && $0.message.contains("work") })
            try await world.push(ConfigWorld.work)
            let report = try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model)
            #expect(report.status == .stored)
        }
    }

    @Test func `workflows that call each other without end are refused, also if they come one after the other`() throws
    {
        @Sendable func caller(of process: String, as name: String) -> ConfigService.File {
            ConfigService.File(
                path: "\(name).bpmn",
                content: Model.bpmn(
                    "<startEvent id=\"s\"/><callActivity id=\"c\" calledElement=\"\(process)\"><extensionElements>"
                        + "<camunda:in xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" variables=\"all\"/>"
                        + "</extensionElements></callActivity><endEvent id=\"e\"/>"
                        + Model.chain("s", "c", "e"), process: name))
        }
        try run { world in
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            let outer = ConfigWorld.order("1.0", name: "outer", process: "q")
            try await world.push(outer, caller(of: "p", as: "q"))
            let problems = await Self.problems {
                try await world.push(ConfigWorld.order("1.1"), caller(of: "q", as: "p"))
            }
            #expect(problems.map(\.code) == ["endless-recursion"] && problems.first?.file == "p.bpmn")
            #expect(problems.first?.message.contains("calls q, which calls p") == true)
        }
    }

    @Test func `a workflow without its process, and a process without its workflow, are refused`() throws {
        try run { world in
            let alone = await Self.problems { try await world.push(ConfigWorld.order("1.0"), ConfigWorld.work) }
            #expect(alone.map(\.code) == ["unknown-process"])
            let orphan = await Self.problems { try await world.push(ConfigWorld.model, ConfigWorld.work) }
            #expect(orphan.map(\.code) == ["process-without-contract"])
            let head = try await world.store.head()
            #expect(head == nil)
        }
    }
}

@Suite struct DeploymentServiceTests {
    private static func deployed(_ world: ConfigWorld) async throws -> [String] {
        try await world.shop.deployments.definitions().map {
            "\($0.id) \($0.workflowVersion ?? "-") \($0.open ? "open" : "closed")"
        }
    }

    @Test func `deploys what is new, leaves what is not, and closes and opens what goes and comes back`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation)
            #expect(await world.deployer.trouble == "not reconciled yet")
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            #expect(await world.deployer.trouble == nil)
            #expect(try await Self.deployed(world) == ["p:1 1.0 open"])
            #expect(await world.shop.registry.policies.keys.map(\.description) == ["work@1"])
            let epoch = try await world.shop.deployments.deploymentEpoch()
            await world.deployer.reconcileNow()
            #expect(try await world.shop.deployments.deploymentEpoch() == epoch)
            try await world.push(ConfigWorld.order("2.0"), ConfigWorld.modelNamed("two"))
            #expect(try await Self.deployed(world) == ["p:1 1.0 open", "p:2 2.0 open"])
            try await world.push(ConfigWorld.work, prune: true)
            #expect(try await Self.deployed(world) == ["p:1 1.0 closed", "p:2 2.0 closed"])
            try await world.push(ConfigWorld.order("2.0"), ConfigWorld.modelNamed("two"))
            #expect(try await Self.deployed(world).last?.hasSuffix("2.0 open") == true)
            #expect(
                try await world.shop.deployments.contracts().map { "\($0.name)@\($0.version)" } == [
                    "order@1.0", "order@2.0", "work@1.0",
                ])
        }
    }

    @Test func `makes a lost notification good with its timer`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, follows: false)
            try await simulation.serving([{ try await world.deployer.run() }]) {
                try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
                #expect(try await Self.deployed(world).isEmpty)
                await simulation.pass(.seconds(31))
                #expect(try await Self.deployed(world) == ["p:1 1.0 open"])
                try await world.push(ConfigWorld.order("1.1"), ConfigWorld.modelNamed("two"))
                world.deployer.storeChanged()
                await simulation.settle()
                #expect(try await Self.deployed(world).count == 2)
            }
        }
    }

    @Test func `tells what stands in its way, and goes on when it is gone`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, follows: false)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            world.store.setAway(true)
            try await simulation.serving([{ try await world.deployer.run() }]) {
                #expect(await world.deployer.trouble?.contains("the config store is away") == true)
                world.store.setAway(false)
                await simulation.pass(.seconds(31))
                let trouble = await world.deployer.trouble
                #expect(trouble == nil)
                let deployed = try await Self.deployed(world)
                #expect(deployed == ["p:1 1.0 open"])
            }
        }
    }

    @Test func `what an older look at the store found is not deployed after what a newer one did`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, follows: false)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            await world.deployer.reconcileNow()
            try await world.push(ConfigWorld.order("1.1"), ConfigWorld.modelNamed("two"))
            // While one reconciliation reads, somebody pushes, and asks for another.
            world.store.afterNextReading {
                try await world.push(ConfigWorld.order("1.2"), ConfigWorld.modelNamed("three"))
                _ = simulation.start { await world.deployer.reconcileNow() }
                await simulation.settle()
            }
            await world.deployer.reconcileNow()
            await simulation.settle()
            #expect(try await Self.deployed(world) == ["p:1 1.0 open", "p:2 1.1 open", "p:3 1.2 open"])
        }
    }

    @Test func `minors that came together are all there, and the newest is the newest`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, follows: false)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            try await world.push(ConfigWorld.order("1.9"), ConfigWorld.modelNamed("two"))
            try await world.push(ConfigWorld.order("1.10"), ConfigWorld.modelNamed("three"))
            await world.deployer.reconcileNow()
            #expect(try await Self.deployed(world) == ["p:1 1.0 open", "p:2 1.9 open", "p:3 1.10 open"])
            #expect(await world.deployer.status?.revision == 3)
            let epoch = try await world.shop.deployments.deploymentEpoch()
            await world.deployer.reconcileNow()
            #expect(try await world.shop.deployments.deploymentEpoch() == epoch)
        }
    }

    @Test func `two side by side do not fight, whichever of them looked first`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, follows: false)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            let other = DeploymentService(
                config: world.store,
                target: StoreDeploymentTarget(registry: world.shop.registry, time: simulation.clock),
                time: simulation.clock, log: .silent)
            // While this one still looks at what was, the other one deploys what is.
            world.store.afterNextReading {
                try await world.push(ConfigWorld.order("1.1"), ConfigWorld.modelNamed("two"))
                await other.reconcileNow()
            }
            await world.deployer.reconcileNow()
            #expect(try await Self.deployed(world) == ["p:1 1.0 open", "p:2 1.1 open"])
            #expect(await world.deployer.status?.revision == 2)
            let epoch = try await world.shop.deployments.deploymentEpoch()
            for _ in 0..<3 {
                await other.reconcileNow()
                await world.deployer.reconcileNow()
            }
            #expect(try await world.shop.deployments.deploymentEpoch() == epoch)
        }
    }

    @Test(arguments: Reconciliation.DriftPolicy.allCases)
    func `what was deployed past the store is told, and by policy corrected`(policy: Reconciliation.DriftPolicy) throws
    {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation, policy: policy)
            try await world.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            #expect(await world.deployer.status?.drift == [])
            func byHand(_ process: String) -> Deployment.Process {
                let source = Model.sequence("work", "work", process: process)
                return Deployment.Process(
                    process: process, source: source, hash: ConfigWorld.hash(source), workflow: nil,
                    workflowVersion: nil)
            }
            _ = try await world.shop.deployments.deploy(
                Deployment(processes: [byHand("p"), byHand("q")], contracts: []), at: simulation.clock.now)
            await world.deployer.reconcileNow()
            #expect(
                await world.deployer.status?.drift.map { "\($0.kind) \($0.process):\($0.version)" } == [
                    "replaced p:2", "foreign q:1",
                ])
            let mine = policy == .correct ? ["p:3 1.0 open", "q:1 - closed"] : ["q:1 - open"]
            #expect(try await Self.deployed(world) == ["p:1 1.0 open", "p:2 - open"] + mine)
            await world.deployer.reconcileNow()
            #expect(await world.deployer.status?.drift.isEmpty == (policy == .correct))
            // What the store gets next is deployed in any case.
            try await world.push(ConfigWorld.order("1.1"), ConfigWorld.modelNamed("two"))
            let definitions = try await world.shop.deployments.definitions()
            #expect(definitions.last { $0.id.process == "p" }?.workflowVersion == "1.1")
        }
    }

    @Test func `tells watchers of each change of policies`() throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation)
            var changes = await world.shop.registry.policyChanges().makeAsyncIterator()
            #expect(await changes.next() == [:])
            try await world.push(ConfigWorld.work)
            #expect(await changes.next()?[.v1("work")]?.version == "1.0")
            try await world.push(
                ConfigWorld.file(
                    "work.yaml", "kind: task\nname: work\nversion: \"1.1\"\ninput: {type: object}\npriority: 5\n"))
            #expect(await changes.next()?[.v1("work")]?.priority == 5)
        }
    }
}
