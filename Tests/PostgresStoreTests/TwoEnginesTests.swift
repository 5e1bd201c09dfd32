import Contracts
import Delivery
import Logging
import PostgresStore
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import XMLReader
import YAMLReader

/// Engines of two processes on one database.
extension PostgresStoreTests {
    @Suite struct TwoEnginesTests {
        /// start -> fork -> left, right -> join -> last -> end
        private static let model = """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
              xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t">
              <process id="p" isExecutable="true">
                <startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>
                <serviceTask id="a" waybill:contract="left"/><serviceTask id="b" waybill:contract="right"/>
                <serviceTask id="c" waybill:contract="last"/>
                <sequenceFlow id="f1" sourceRef="start" targetRef="fork"/>
                <sequenceFlow id="f2" sourceRef="fork" targetRef="a"/>
                <sequenceFlow id="f3" sourceRef="fork" targetRef="b"/>
                <sequenceFlow id="f4" sourceRef="a" targetRef="join"/>
                <sequenceFlow id="f5" sourceRef="b" targetRef="join"/>
                <sequenceFlow id="f6" sourceRef="join" targetRef="c"/>
                <sequenceFlow id="f7" sourceRef="c" targetRef="end"/>
              </process>
            </definitions>
            """

        private static let contracts = ["left", "right", "last"].map { ContractKey(name: $0, major: 1) }

        private static func deploy(to store: PostgresStore) async throws {
            let contracts = try contracts.map { key in
                let text = "kind: task\nname: \(key.name)\nversion: \"1.0\"\ninput: {type: object}\n"
                let contract = try Contract(YAMLReader.read(Array(text.utf8), file: "test.yaml"))
                return DeployedContract(
                    kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
                    content: contract.canonical)
            }
            let process = Deployment.Process(
                process: "p", source: Array(model.utf8), hash: "1", workflow: nil, workflowVersion: nil)
            _ = try await store.deploy(Deployment(processes: [process], contracts: contracts), at: Work.at(0))
        }

        private static func engine(_ store: PostgresStore, seed: UInt64) async throws -> EngineService {
            let registry = DefinitionRegistry(
                store: store,
                readModel: { source, file in
                    try ProcessDefinition.read(XMLReader.read(source, file: file), file: file)
                }, readTree: { source, file in try XMLReader.read(source, file: file) })
            try await registry.refresh()
            var configuration = EngineConfiguration()
            configuration.sharedStore = true
            return EngineService(
                store: store, registry: registry, time: TestClock(), random: SeededRandom(seed: seed),
                configuration: configuration, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        /// Both branches of an instance end at the same time, on different engines, and every result is given to both.
        @Test(.timeLimit(.minutes(2))) func `two engines do every task of every instance once`() async throws {
            try await TestDatabase.withStores(2) { (stores) async throws in
                try await Self.deploy(to: stores[0])
                let engines = [
                    try await Self.engine(stores[0], seed: 1), try await Self.engine(stores[1], seed: 2),
                ]
                let instances = try await withThrowingTaskGroup(of: Void.self) { group in
                    for engine in engines { group.addTask { try await engine.run() } }
                    let instances = try await Self.work(engines, instances: 20)
                    group.cancelAll()
                    return instances
                }
                for instance in instances {
                    let events = try await stores[0].journal(of: instance, after: 0).flatMap {
                        try EventCoding.decode($0.events)
                    }
                    #expect(events.count { if case .taskCompleted = $0 { true } else { false } } == 3)
                    #expect(events.count { if case .instanceEnded = $0 { true } else { false } } == 1)
                }
                #expect(try await stores[0].nextDue() == nil)
            }
        }

        private static func work(_ engines: [EngineService], instances count: Int) async throws -> [InstanceID] {
            var instances: [InstanceID] = []
            for number in 0..<count {
                let start = Command.Start(definition: DefinitionID(process: "p", version: 1))
                instances.append(try await engines[number % 2].start(start, key: "order \(number)").instance)
            }
            var done = 0
            while done < 3 * count {
                done += try await withThrowingTaskGroup(of: Int.self) { group in
                    for (place, engine) in engines.enumerated() {
                        group.addTask { try await Self.turn(engine, engines[1 - place], "broker \(place)") }
                    }
                    return try await group.reduce(0, +)
                }
            }
            return instances
        }

        /// Takes some tasks and gives their results to both engines at once; how many were applied.
        private static func turn(_ one: EngineService, _ other: EngineService, _ owner: String) async throws -> Int {
            let tasks = try await one.fetch(
                FetchRequest(
                    owner: owner, credits: contracts.map { ($0, 3) }, limit: 5, wait: .zero,
                    dispatchLease: .seconds(30)))
            let reports = tasks.map { TaskReport($0.attemptID, .completed(output: .emptyObject)) }
            guard !reports.isEmpty else { return 0 }
            async let first = one.apply(reports)
            async let second = other.apply(reports)
            let outcomes = try await first + second
            return outcomes.count { $0 == .applied }
        }
    }
}
