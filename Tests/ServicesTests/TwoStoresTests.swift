import Foundation
import Fuzzing
import ProcessEngine
import SQLiteStore
import Services
import ServicesTesting
import Testing
import Values

/// Random processes on random paths, in an engine on each store: there is one history, the one that the engine's core decides.
struct TwoStoresTests {
    private static let count = 40
    private static let seed: UInt64 = {
        let seed = ProcessInfo.processInfo.environment["WAYBILL_TEST_SEED"].flatMap { UInt64($0) } ?? 1
        print("histories in two stores: \(count) processes from seed \(seed)")
        return seed
    }()

    @Test func `two stores have one history, and it is the core's`() async throws {
        let scratch = try Scratch()
        let seeds = (0..<Self.count).map { Self.seed &+ UInt64($0) }

        let inMemory = try await histories(of: seeds, in: InMemoryProcessStore())
        let sqlite = try await SQLiteStore(path: scratch.path())
        let inSQLite = try await histories(of: seeds, in: sqlite)
        try await sqlite.close()

        for (index, seed) in seeds.enumerated() {
            let core = try Self.history(seed)
            #expect(inMemory[index].count > 3)
            #expect(inMemory[index] == core, "WAYBILL_TEST_SEED=\(seed)")
            #expect(inSQLite[index] == core, "WAYBILL_TEST_SEED=\(seed)")
        }
    }

    /// What each instance's journal has after its path.
    private func histories(of seeds: [UInt64], in store: some ProcessStore) async throws -> [[Event]] {
        let deployments = InMemoryDeploymentStore()
        let registry = DefinitionRegistry(store: deployments, readModel: Model.read, readTree: Model.tree)
        let clock = TestClock()
        let engine = EngineService(
            store: store, registry: registry, time: clock, random: SeededRandom(seed: 1),
            configuration: EngineConfiguration(), log: .silent)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            var histories: [[Event]] = []
            for seed in seeds {
                let source = Array(RandomModel.bpmn(seed: seed, isAlone: true).utf8)
                let process = Deployment.Process(
                    process: "p", source: source, hash: "\(seed)", workflow: nil, workflowVersion: nil)
                _ = try await deployments.deploy(Deployment(processes: [process], contracts: []), at: clock.now)
                try await registry.refresh()
                let start = Self.start(seed, version: histories.count + 1)
                let id = try await engine.start(start, key: nil).instance
                var walk = RandomWalk(dice: Dice(seed: seed))
                for _ in 0..<Self.stepLimit {
                    guard let instance = try await engine.instance(id), !instance.isEnded,
                        let command = walk.command(for: instance)
                    else { break }
                    _ = try await engine.command(command, of: id)
                }
                histories.append(
                    try await store.journal(of: id, after: 0).flatMap { try EventCoding.decode($0.events) })
            }
            group.cancelAll()
            return histories.map(Self.withoutVersion)
        }
    }

    private static let stepLimit = 60

    private static func start(_ seed: UInt64, version: Int) -> Command.Start {
        Command.Start(
            definition: DefinitionID(process: "p", version: version),
            variables: [Variable(name: "n", value: .number(Int(seed % 12)))])
    }

    /// What the core alone makes of the same path.
    private static func history(_ seed: UInt64) throws -> [Event] {
        let model = try #require(
            Model.read(Array(RandomModel.bpmn(seed: seed, isAlone: true).utf8), file: "p.bpmn").first)
        let surroundings = Surroundings(now: TestClock().now, contracts: AnyWork())
        var instance = ProcessInstance()
        var journal: [Event] = []
        func take(_ command: Command) throws {
            let events = try Engine.decide(command, for: instance, of: model, in: surroundings)
            instance.apply(events)
            journal += events
        }
        try take(.start(start(seed, version: 1)))
        var walk = RandomWalk(dice: Dice(seed: seed))
        for _ in 0..<stepLimit where !instance.isEnded {
            guard let command = walk.command(for: instance) else { break }
            try take(command)
        }
        return withoutVersion(journal)
    }

    /// Each model is another version of the process.
    private static func withoutVersion(_ events: [Event]) -> [Event] {
        events.map { event in
            guard case .instanceStarted(var started) = event else { return event }
            started.definition = DefinitionID(process: "p", version: 1)
            return .instanceStarted(started)
        }
    }
}
