import Contracts
import ProcessEngine
import Services
import ServicesTesting
import Staging
import Synchronization
import Testing
import Values

/// Two installations, `dev` and `prod`, and what stages from the first to the second.
struct StagingWorld: Sendable {
    let dev: ConfigWorld
    let prod: ConfigWorld
    let source: StagingService
    let target: StagingService
    /// Of prod.
    let index: InMemoryIndexStore
    let engine: EngineService
    let projector: ProjectorService

    init(_ simulation: Simulation, trust: StagingService.Trust = Self.noTrust, settings: Set<String> = []) {
        dev = ConfigWorld(simulation, id: "dev")
        prod = ConfigWorld(simulation, id: "prod")
        index = InMemoryIndexStore(live: prod.shop.store.inner)
        engine = prod.shop.engine()
        projector = ProjectorService(
            journal: prod.shop.store, index: index, time: simulation.clock, committed: engine.committed.listen(),
            progress: ProjectorProgress(), log: .silent)
        let elsewhere = InMemoryIndexStore(live: dev.shop.store.inner)
        source = Self.service(dev, dev.shop.engine(), elsewhere, trust, settings)
        target = Self.service(prod, engine, index, trust, settings)
    }

    static let noTrust = StagingService.Trust { _, _ in false }

    static func service(
        _ world: ConfigWorld, _ engine: EngineService, _ index: InMemoryIndexStore, _ trust: StagingService.Trust,
        _ settings: Set<String>
    ) -> StagingService {
        let queries = QueryService(
            index: index, journal: world.shop.store, engine: engine, progress: ProjectorProgress(),
            time: world.shop.simulation.clock)
        return StagingService(
            config: world.service, index: index, registry: world.shop.registry,
            migrations: MigrationService(engine: engine, registry: world.shop.registry, queries: queries),
            trust: trust, settingNames: { settings })
    }

    func bundle(_ revision: Int? = nil) async throws -> [UInt8] {
        try await source.bundle(of: revision).archive(hash: ConfigWorld.hash)
    }

    static let anna = StagingService.Person(author: "anna", lease: "lease of anna")
    static let ben = StagingService.Person(author: "ben", lease: "lease of ben")

    @discardableResult
    func stage(_ options: StagingService.Options = .init(), by person: StagingService.Person = anna) async throws
        -> StagingOutcome
    {
        let bundle = try await bundle()
        let plan = try await target.plan(bundle, options)
        return try await target.apply(bundle, options, plan: plan.fingerprint, by: person, message: "a release")
    }

    func plan(_ options: StagingService.Options = .init()) async throws -> StagingReport {
        try await target.plan(bundle(), options)
    }

    static func actions(_ report: StagingReport) -> [String] {
        report.plan.items.map { "\($0.action.rawValue) \($0.id)" }
    }

    static func entries(_ world: ConfigWorld) async throws -> [String] {
        try await world.service.artifacts(at: nil).map { "\($0.name)@\($0.version) \($0.hash)" }
    }

    static func work(_ version: String, _ more: String = "") -> ConfigService.File {
        ConfigWorld.file(
            "work.yaml", "kind: task\nname: work\nversion: \"\(version)\"\ninput: {type: object}\n\(more)\n")
    }
}

@Suite struct StagingServiceTests {
    private func run(
        trust: StagingService.Trust = StagingWorld.noTrust, settings: Set<String> = [],
        _ body: @escaping @Sendable (StagingWorld) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let world = StagingWorld(simulation, trust: trust, settings: settings)
            try await world.dev.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            try await body(world)
        }
    }

    private func refusal(_ body: () async throws -> some Sendable) async -> Rejection? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? Rejection
        }
    }

    @Test func `a first staging makes the target equal, in its store and in its engine, and says where from`() throws {
        try run { world in
            #expect(StagingWorld.actions(try await world.plan()) == ["added task work", "added workflow order"])
            let outcome = try await world.stage()
            #expect(outcome.status == .applied && outcome.revision?.number == 1)
            #expect(try await StagingWorld.entries(world.prod) == StagingWorld.entries(world.dev))
            #expect(outcome.revision?.author == "anna" && outcome.revision?.origin?.stagedFrom == "dev 1")
            let deployed = try await world.prod.shop.deployments.definitions().map(\.id.description)
            #expect(deployed == ["p:1"])
            let again = try await world.plan()
            #expect(again.plan.changes.isEmpty && again.lastStaged == 1 && again.canApply)
            #expect(try await world.stage().status == .unchanged)
        }
    }

    @Test func `a change says what it changes, what that means, and who uses it`() throws {
        try run { world in
            try await world.stage()
            try await world.dev.push(StagingWorld.work("1.1", "timeout: PT5S"))
            let report = try await world.plan()
            #expect(StagingWorld.actions(report) == ["modified task work", "unchanged workflow order"])
            let step = try #require(report.plan.items.first?.diff?.steps.first)
            #expect(step.compatibility == .compatible && step.contract.map(\.path) == ["timeout"])
            let effect = try #require(report.effects[PartID(kind: "task", name: "work")])
            #expect(
                effect.uses.map { "\($0.workflow) \($0.element)" } == ["order t"]
                    || effect.uses.map(\.element) == ["t1"])
        }
    }

    /// Begins instances of prod's first version, which wait at its one task.
    private func whileRunning(
        _ count: Int, in world: StagingWorld, _ body: @Sendable (StagingWorld) async throws -> Void
    ) async throws {
        try await world.prod.shop.simulation.serving([{ try await world.engine.run() }]) {
            for _ in 0..<count { _ = try await world.engine.begin() }
            while try await world.projector.projectBatch() {}
            try await body(world)
        }
    }

    @Test func `a plan says of each old version how many of its instances can migrate, and what keeps the others`()
        throws
    {
        try run { world in
            try await world.stage()
            try await whileRunning(2, in: world) { world in
                try await world.dev.push(ConfigWorld.order("1.1"), ConfigWorld.model)
                let same = try await world.plan().effects[PartID(kind: "workflow", name: "order")]?.instances.first
                #expect(same?.running == 2 && same?.workflowVersion == "1.0")
                #expect(same?.prospect?.migratable == 2 && same?.prospect?.unmapped.isEmpty == true)
                // The task has another id in it.
                try await world.dev.push(ConfigWorld.order("1.2"), ConfigWorld.modelNamed("x"))
                let other = try await world.plan().effects[PartID(kind: "workflow", name: "order")]?.instances.first
                #expect(other?.prospect?.looked == 2 && other?.prospect?.migratable == 0)
                let problem = try #require(other?.prospect?.problems.first)
                #expect(problem.instances == 2 && problem.problem.element == ElementID("t1"))
                #expect(other?.prospect?.unmapped.map(\.element) == [ElementID("t1")])
            }
        }
    }

    @Test func `who asks for an old major stays with it when there is a new one, and follows its newest minor`() throws
    {
        try run { world in
            try await world.stage()
            try await whileRunning(1, in: world) { world in
                func work() async throws -> StagingReport.Effect {
                    try #require(try await world.plan().effects[PartID(kind: "task", name: "work")])
                }
                func texts(_ majors: [StagingReport.Major]) -> [String] {
                    majors.map { "@\($0.number) \($0.before?.description ?? "-") \($0.after?.description ?? "-")" }
                }
                try await world.dev.push(StagingWorld.work("2.0", "output: {type: object, required: [a]}"))
                let major = try await work()
                #expect(texts(major.majors) == ["@1 1.0 1.0", "@2 - 2.0"])
                #expect(major.uses.map(\.asksFor) == ["work@1"])
                #expect(major.instances.map(\.definition.description) == ["p:1"])
                #expect(major.instances.map { texts($0.majors) } == [["@1 1.0 1.0"]])
                try await world.dev.push(StagingWorld.work("1.1", "timeout: PT5S"))
                #expect(texts(try await work().majors) == ["@1 1.0 1.1", "@2 - 2.0"])
                #expect(try await work().instances.map { texts($0.majors) } == [["@1 1.0 1.1"]])
            }
        }
    }

    @Test func `a plan is out of date once the target has changed, and nothing is applied`() throws {
        try run { world in
            let bundle = try await world.bundle()
            let plan = try await world.target.plan(bundle, .init())
            try await world.prod.push(ConfigWorld.file("b.yaml", "kind: task\nname: b\nversion: \"1.0\"\n"))
            let refusal = await refusal {
                try await world.target.apply(
                    bundle, .init(), plan: plan.fingerprint, by: StagingWorld.anna, message: "")
            }
            #expect(refusal?.reason == .conflict && refusal?.message.contains("out of date") == true)
            #expect(try await world.prod.service.artifacts(at: nil).map(\.name) == ["b"])
            #expect(try await world.stage().status == .applied)
            #expect(try await world.prod.service.artifacts(at: nil).map(\.name) == ["p", "b", "work", "order"])
        }
    }

    @Test func `an edit in the target at the same contract is a conflict until somebody decides`() throws {
        try run { world in
            try await world.stage()
            try await world.dev.push(StagingWorld.work("1.1", "timeout: PT5S"))
            try await world.prod.push(StagingWorld.work("1.1", "timeout: PT9S"))
            let report = try await world.plan()
            #expect(report.plan.conflicts.map(\.id.name) == ["work"] && !report.canApply)
            let refusal = await refusal { try await world.stage() }
            #expect(refusal?.message.contains("both installations changed task work") == true)
            var options = StagingService.Options()
            options.overwrite = ["work"]
            try await world.stage(options)
            #expect(try await StagingWorld.entries(world.prod) == StagingWorld.entries(world.dev))
        }
    }

    @Test func `a kept conflict stays decided`() throws {
        try run { world in
            try await world.stage()
            try await world.dev.push(StagingWorld.work("1.1", "timeout: PT5S"))
            try await world.prod.push(StagingWorld.work("1.1", "timeout: PT9S"))
            let before = try await StagingWorld.entries(world.prod)
            var options = StagingService.Options()
            options.keep = ["task work"]
            #expect(try await world.stage(options).status == .applied)
            #expect(try await StagingWorld.entries(world.prod) == before)
            #expect(StagingWorld.actions(try await world.plan()).first == "kept task work")
        }
    }

    @Test func `a minor that breaks what the target has is refused, and goes through as a new major`() throws {
        try run { world in
            try await world.stage()
            try await world.dev.push(
                StagingWorld.work("2.0", "output: {type: object, properties: {a: {type: string}}}"))
            let major = try await world.plan()
            #expect(major.canApply && major.plan.items.first?.diff?.steps.map(\.compatibility) == [.newMajor])
            // Dev starts anew and calls a breaking change a minor one; prod has what it breaks.
            try await world.prod.push(
                StagingWorld.work("1.1", "output: {type: object, properties: {a: {type: string}}}"))
            try await world.dev.push(
                StagingWorld.work("1.2", "output: {type: object, properties: {a: {type: integer}}}"))
            var options = StagingService.Options()
            options.overwrite = ["work"]
            let breaking = try await world.plan(options)
            #expect(!breaking.canApply && breaking.findings.map(\.code) == ["breaking-change"])
            let problems = await #expect(throws: Diagnostics.self) { try await world.stage(options) }
            #expect(problems?.all.first?.code == "breaking-change")
            options.allowsBreaking = true
            #expect(try await world.stage(options).status == .applied)
        }
    }

    @Test func `a part of it is staged, if what comes of it is sound`() throws {
        try run { world in
            var options = StagingService.Options()
            options.only = ["order"]
            let report = try await world.plan(options)
            #expect(!report.canApply && report.findings.map(\.code) == ["unknown-contract"])
            options.only = ["work"]
            #expect(try await world.stage(options).status == .applied)
            #expect(try await world.prod.service.artifacts(at: nil).map(\.name) == ["work"])
            options.only = ["ordre"]
            let refusal = await refusal { try await world.plan(options) }
            #expect(refusal?.message == "there is no part or conflict ordre; did you mean \"order\"?")
        }
    }

    @Test func `what the source took away is taken away, and closed for new starts`() throws {
        try run { world in
            try await world.stage()
            try await world.dev.push(ConfigWorld.work, prune: true)
            let report = try await world.plan()
            #expect(StagingWorld.actions(report) == ["unchanged task work", "deleted workflow order"])
            try await world.stage()
            #expect(try await world.prod.service.artifacts(at: nil).map(\.name) == ["work"])
            #expect(try await world.prod.shop.deployments.definitions().map(\.open) == [false])
        }
    }

    @Test func `settings that the target lacks are told`() throws {
        try run(settings: ["host"]) { world in
            try await world.dev.push(StagingWorld.work("1.1", "secrets: [host, password]"))
            #expect(try await world.plan().missingSettings.map { "\($0.contract) \($0.name)" } == ["work@1.1 password"])
        }
    }

    @Test func `while one person stages, another cannot`() throws {
        try run { world in
            try await world.target.takeLease(StagingWorld.ben, for: .seconds(60))
            let refusal = await refusal { try await world.stage() }
            #expect(refusal?.message.hasPrefix("ben is staging into this installation") == true)
            #expect(try await world.stage(by: StagingWorld.ben).status == .applied)
            // The apply gave the lease back.
            try await world.target.takeLease(StagingWorld.anna, for: .seconds(60))
        }
    }

    @Test func `a rollback restores what was, in the store and in the engine, and a plan offers the change again`()
        throws
    {
        try run { world in
            try await world.stage()
            let before = try await StagingWorld.entries(world.prod)
            try await world.dev.push(
                StagingWorld.work("1.1", "timeout: PT5S"), ConfigWorld.order("1.1"), ConfigWorld.modelNamed("new"))
            try await world.stage()
            let look = try await world.target.rollback(
                to: nil, head: nil, by: StagingWorld.anna, message: "", dryRun: true)
            #expect(look.revision == nil && look.restored.number == 1 && look.diff.map(\.id.name) == ["work", "order"])
            let rollback = try await world.target.rollback(
                to: nil, head: 2, by: StagingWorld.anna, message: "no good", dryRun: false)
            #expect(rollback.revision?.number == 3 && rollback.revision?.origin == .restored(1))
            #expect(try await StagingWorld.entries(world.prod) == before)
            let contracts = try await world.prod.shop.deployments.contracts().map { "\($0.name) \($0.version)" }
            #expect(contracts == ["order 1.0", "work 1.0"])
            #expect(try await world.prod.shop.deployments.definitions().last?.workflowVersion == "1.0")
            let plan = try await world.plan()
            #expect(StagingWorld.actions(plan) == ["modified task work", "modified workflow order"])
            #expect(plan.lastStaged == 1)
            #expect(try await world.stage().status == .applied)
            let late = await refusal {
                try await world.target.rollback(
                    to: 1, head: 3, by: StagingWorld.anna, message: "", dryRun: false)
            }
            #expect(late?.reason == .conflict)
        }
    }

    @Test func `an apply that ended at any point is completed by the same apply, and nothing is half applied`() throws {
        for points in 0..<40 {
            guard let passed = try Self.runEnding(after: points) else { continue }
            #expect(
                passed == [
                    "change: before lease", "change: after lease", "change: before revision", "change: after revision",
                    "reconcile: before deployment", "reconcile: after deployment", "change: before notice",
                    "change: after notice", "change: before release", "change: after release",
                ])
            return
        }
        Issue.record("an apply takes ever more steps")
    }

    /// What was passed, if it did not end on the way.
    private static func runEnding(after points: Int) throws -> [String]? {
        let whole = Mutex<[String]?>(nil)
        try Simulation.run { simulation in
            let world = StagingWorld(simulation)
            try await world.dev.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            try await world.stage()
            let before = try await StagingWorld.entries(world.prod)
            try await world.dev.push(
                StagingWorld.work("1.1", "timeout: PT5S"), ConfigWorld.order("1.1"), ConfigWorld.modelNamed("new"))
            let bundle = try await world.bundle()
            let plan = try await world.target.plan(bundle, .init())
            let crash = world.prod.crash
            crash.end(after: points)
            _ = try? await world.target.apply(
                bundle, .init(), plan: plan.fingerprint, by: StagingWorld.anna, message: "m")
            if !crash.hasEnded { whole.withLock { $0 = crash.passed } }
            crash.end(after: nil)
            let then = try await StagingWorld.entries(world.prod)
            let wanted = try await StagingWorld.entries(world.dev)
            #expect(then == before || then == wanted, "after \(points) points")
            let outcome = try await world.target.apply(
                bundle, .init(), plan: plan.fingerprint, by: StagingWorld.anna, message: "m")
            #expect(outcome.status == (then == before ? .applied : .alreadyApplied), "after \(points) points")
            #expect(outcome.revision?.number == 2)
            #expect(try await StagingWorld.entries(world.prod) == wanted)
            #expect(try await world.prod.shop.deployments.definitions().map(\.workflowVersion) == ["1.0", "1.1"])
        }
        return whole.withLock(\.self)
    }

    @Test func `a signature must be one, and where keys are known it must be of one of them`() throws {
        let trust = StagingService.Trust(keys: ["aa"]) { signature, _ in signature.signature == "good" }
        try run(trust: trust) { world in
            var bundle = try await world.source.bundle(of: nil)
            let unsigned = await refusal {
                try await world.target.plan(bundle.archive(hash: ConfigWorld.hash), .init())
            }
            #expect(unsigned?.message.contains("only bundles signed") == true)
            bundle.signature = StagingBundle.Signature(publicKey: "aa", signature: "bad")
            let forged = await refusal { try await world.target.plan(bundle.archive(hash: ConfigWorld.hash), .init()) }
            #expect(forged?.message.contains("not one of its manifest") == true)
            bundle.signature = StagingBundle.Signature(publicKey: "bb", signature: "good")
            let stranger = await refusal {
                try await world.target.plan(bundle.archive(hash: ConfigWorld.hash), .init())
            }
            #expect(stranger?.message.contains("only bundles signed") == true)
            bundle.signature = StagingBundle.Signature(publicKey: "AA", signature: "good")
            #expect(try await world.target.plan(bundle.archive(hash: ConfigWorld.hash), .init()).signedBy == "AA")
        }
    }

    @Test func `a bundle of this installation itself, or one that lies about its contents, is refused`() throws {
        try run { world in
            let own = await refusal { try await world.source.plan(world.bundle(), .init()) }
            #expect(own?.message.contains("itself") == true)
            var bundle = try await world.source.bundle(of: nil)
            let index = try #require(bundle.artifacts.firstIndex { $0.name == "work" })
            bundle.artifacts[index].version = "1.7"
            let lie = await refusal { try await world.target.plan(bundle.archive(hash: ConfigWorld.hash), .init()) }
            #expect(lie?.message == "the bundle's task work@1.7 is something else")
        }
    }
}

extension RevisionOrigin {
    /// `store revision`.
    var stagedFrom: String? {
        switch self {
        case .staged(let staged): "\(staged.store) \(staged.revision)"
        case .restored: nil
        }
    }
}
