import Contracts
import Delivery
import Logging
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import XMLReader
import YAMLReader

/// BPMN and contracts as text, for tests.
enum Model {
    /// BPMN text around the inside of a process.
    static func bpmn(_ body: String, process: String = "p", declarations: String = "") -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
              xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t">
            \(declarations)
            <process id="\(process)" isExecutable="true">
            \(body)
            </process>
            </definitions>
            """.utf8)
    }

    /// Flows from each to the next.
    static func chain(_ elements: String...) -> String {
        zip(elements, elements.dropFirst()).map { source, target in
            "<sequenceFlow id=\"\(source)-\(target)\" sourceRef=\"\(source)\" targetRef=\"\(target)\"/>\n"
        }.joined()
    }

    static func task(_ id: String, _ contract: String, inside: String = "") -> String {
        "<serviceTask id=\"\(id)\" waybill:contract=\"\(contract)\">\(inside)</serviceTask>\n"
    }

    /// start -> task -> … -> end, one task for each contract.
    static func sequence(_ contracts: String..., process: String = "p") -> [UInt8] {
        let ids = contracts.indices.map { "t\($0 + 1)" }
        let flows = zip(["start"] + ids, ids + ["end"]).map { chain($0, $1) }.joined()
        return bpmn(
            "<startEvent id=\"start\"/>" + zip(ids, contracts).map { task($0, $1) }.joined() + "<endEvent id=\"end\"/>"
                + flows, process: process)
    }

    /// start -> fork -> a task for each contract -> join -> end
    static func parallel(_ contracts: String...) -> [UInt8] {
        let ids = contracts.indices.map { "t\($0 + 1)" }
        return bpmn(
            "<startEvent id=\"start\"/><parallelGateway id=\"fork\"/><parallelGateway id=\"join\"/><endEvent id=\"end\"/>"
                + zip(ids, contracts).map { task($0, $1) }.joined() + chain("start", "fork") + chain("join", "end")
                + ids.map { chain("fork", $0, "join") }.joined())
    }

    /// start -> wait 10 s -> end
    static let tenSeconds = bpmn(
        """
        <startEvent id="start"/><intermediateCatchEvent id="wait"><timerEventDefinition>
        <timeDuration>PT10S</timeDuration></timerEventDefinition></intermediateCatchEvent><endEvent id="end"/>
        """ + chain("start", "wait", "end"))

    static func contract(_ name: String, version: String = "1.0", _ more: String = "") throws -> Contract {
        try contract(text: "kind: task\nname: \(name)\nversion: \"\(version)\"\ninput: {type: object}\n\(more)\n")
    }

    static func contract(text: String) throws -> Contract {
        try Contract(YAMLReader.read(Array(text.utf8), file: "test.yaml"))
    }

    @Sendable static func tree(_ source: [UInt8], file: String) throws(Diagnostics) -> SourceNode {
        try XMLReader.read(source, file: file)
    }

    @Sendable static func read(_ source: [UInt8], file: String) throws(Diagnostics) -> [ProcessDefinition] {
        try ProcessDefinition.read(XMLReader.read(source, file: file), file: file)
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension JSON {
    init(text: String) throws { try self.init(validating: text) }
}

/// Stores in memory with something deployed into them, and what engines need.
struct Workshop: Sendable {
    let simulation: Simulation
    let store: FaultyStore
    let deployments = InMemoryDeploymentStore()
    let registry: DefinitionRegistry
    let random: SeededRandom

    init(_ simulation: Simulation, seed: UInt64 = 1, store: FaultyStore = FaultyStore()) {
        self.simulation = simulation
        self.store = store
        random = SeededRandom(seed: seed)
        registry = DefinitionRegistry(store: deployments, readModel: Model.read, readTree: Model.tree)
    }

    /// Deploys process `p` and contracts.
    func deploy(_ source: [UInt8], process: String = "p", _ contracts: Contract...) async throws {
        try await deploy(source, process: process, contracts)
    }

    func deploy(
        _ source: [UInt8], process: String = "p", _ contracts: [Contract], workflow: String? = nil,
        version: String? = nil
    ) async throws {
        let process = Deployment.Process(
            process: process, source: source, hash: "\(source.hashValue)", workflow: workflow,
            workflowVersion: version)
        let deployed = contracts.map { contract in
            DeployedContract(
                kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
                content: contract.canonical)
        }
        _ = try await deployments.deploy(
            Deployment(processes: [process], contracts: deployed), at: simulation.clock.now)
        try await registry.refresh()
    }

    /// Another engine, as another process would have it, is one with a registry of its own.
    func engine(_ change: (inout EngineConfiguration) -> Void = { _ in }) -> EngineService {
        var configuration = EngineConfiguration()
        change(&configuration)
        return EngineService(
            store: store, registry: registry, time: simulation.clock, random: random, configuration: configuration,
            log: .silent)
    }

    /// Instances of an engine that runs no more: nothing of them is in another one's cache.
    func begunBefore(_ count: Int) async throws -> [InstanceID] {
        let engine = engine()
        return try await simulation.serving([{ try await engine.run() }]) {
            var instances: [InstanceID] = []
            for _ in 0..<count { instances.append(try await engine.begin().instance) }
            return instances
        }
    }

    /// A world with two engines that run on one store.
    static func runTwo(
        _ source: [UInt8], _ contracts: Contract...,
        body: @escaping @Sendable (Workshop, EngineService, EngineService) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(source, contracts)
            let (one, two) = (shop.engine { $0.sharedStore = true }, shop.engine { $0.sharedStore = true })
            try await simulation.serving([{ try await one.run() }, { try await two.run() }]) {
                try await body(shop, one, two)
            }
        }
    }

    /// A world with one engine that runs.
    static func run(
        _ source: [UInt8], _ contracts: Contract...,
        body: @escaping @Sendable (Workshop, EngineService) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let shop = Workshop(simulation)
            try await shop.deploy(source, contracts)
            let engine = shop.engine()
            try await simulation.serving([{ try await engine.run() }]) { try await body(shop, engine) }
        }
    }

    func events(of instance: InstanceID) async throws -> [Event] {
        try await store.inner.journal(of: instance, after: 0).flatMap { try EventCoding.decode($0.events) }
    }

    func count(of instance: InstanceID, where matches: (Event) -> Bool) async throws -> Int {
        try await events(of: instance).count(where: matches)
    }

    /// How many tasks of the instance were completed, and how often attempts failed.
    func tally(of instance: InstanceID) async throws -> (completed: Int, failed: Int) {
        var tally = (completed: 0, failed: 0)
        for event in try await events(of: instance) {
            if case .taskCompleted = event { tally.completed += 1 }
            if case .taskFailed = event { tally.failed += 1 }
        }
        return tally
    }

    func end(of instance: InstanceID) async throws -> Event.InstanceEnd? {
        for event in try await events(of: instance) { if case .instanceEnded(let end) = event { return end } }
        return nil
    }

    func row(_ task: TaskID) async throws -> TaskRow? {
        try await store.inner.tasks([task]).first
    }
}

extension ContractKey {
    /// Major 1 of a contract.
    static func v1(_ name: String) -> ContractKey { ContractKey(name: name, major: 1) }
}

extension EngineService {
    func begin(_ process: String = "p", key: String? = nil) async throws -> StartReceipt {
        try await start(Command.Start(definition: DefinitionID(process: process, version: 1)), key: key)
    }

    /// A long poll; by default it does not wait.
    func poll(
        _ contracts: String..., credit: Int = 10, limit: Int = 10, wait: Duration = .zero, owner: String = "broker"
    ) async throws -> [LeasedTask] {
        try await fetch(
            FetchRequest(
                owner: owner, credits: contracts.map { (.v1($0), credit) }, limit: limit, wait: wait,
                dispatchLease: .seconds(30)))
    }

    /// The one task of a contract that is due.
    func take(_ contract: String) async throws -> LeasedTask {
        try #require(try await poll(contract, limit: 1).first, "no task of \(contract) is due")
    }

    func report(_ task: LeasedTask, _ content: TaskReport.Content) async throws -> ReportOutcome {
        try #require(try await apply([TaskReport(task.attemptID, content)]).first)
    }
}

extension TaskReport.Content {
    static let done = TaskReport.Content.completed(output: .emptyObject)
    static let broken = TaskReport.Content.failed(TaskFailure(message: "broken"))
}
