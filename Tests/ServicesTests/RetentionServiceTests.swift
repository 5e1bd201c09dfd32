import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// What is over is removed in its time, in small pieces, while the load goes on.
@Suite struct RetentionServiceTests {
    /// Counts what each transaction removes.
    private final class Counting: RetentionStore {
        let inner: InMemoryIndexStore
        let removals = Mutex<[Removal]>([])

        init(_ inner: InMemoryIndexStore) { self.inner = inner }

        func ended(_ definition: DefinitionID, by time: Timestamp, limit: Int) async throws -> [InstanceID] {
            try await inner.ended(definition, by: time, limit: limit)
        }

        func remove(_ instances: [InstanceID], rows: Int) async throws -> Removal {
            let removal = try await inner.remove(instances, rows: rows)
            removals.withLock { $0.append(removal) }
            return removal
        }
    }

    private struct World: Sendable {
        let shop: Workshop
        let engine: EngineService
        let index: InMemoryIndexStore
        let counting: Counting

        func project() async throws {
            let projector = ProjectorService(
                journal: shop.store, index: index, time: shop.simulation.clock, committed: Signal(),
                progress: ProjectorProgress(), log: .silent)
            while try await projector.projectBatch() {}
        }

        func service(_ timeToLive: Duration?) -> RetentionService {
            RetentionService(
                store: counting, registry: shop.registry, time: shop.simulation.clock,
                configuration: RetentionService.Configuration(timeToLive: timeToLive), log: .silent)
        }
    }

    /// start -> end
    private static func model(_ timeToLive: String? = nil) -> [UInt8] {
        let attribute = timeToLive.map {
            " xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" camunda:historyTimeToLive=\"\($0)\""
        }
        return Array(
            String(
                decoding: Model.bpmn("<startEvent id=\"s\"/><endEvent id=\"e\"/>\(Model.chain("s", "e"))"),
                as: UTF8.self
            )
            .replacing("<process ", with: "<process\(attribute ?? "") ").utf8)
    }

    private func run(
        _ source: [UInt8] = model(), _ body: @escaping @Sendable (World) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let process = InMemoryProcessStore()
            let shop = Workshop(simulation, store: FaultyStore(process))
            try await shop.deploy(source, try Model.contract("work"))
            let engine = shop.engine()
            let index = InMemoryIndexStore(live: process)
            try await simulation.serving([{ try await engine.run() }]) {
                try await body(World(shop: shop, engine: engine, index: index, counting: Counting(index)))
            }
        }
    }

    @Test func `keeps up: two thousand are gone in a bounded number of small steps, and the load goes on`() throws {
        try run { world in
            for _ in 0..<2_000 { _ = try await world.engine.begin() }
            try await world.project()
            await world.shop.simulation.pass(.seconds(100))
            let service = world.service(.seconds(60))
            var sweeps = 0
            var begun: [InstanceID] = []
            while try await service.sweep() != nil {
                sweeps += 1
                begun.append(try await world.engine.begin().instance)
            }
            #expect(sweeps == 10)
            let removals = world.counting.removals.withLock { $0 }
            #expect(removals.allSatisfy { $0.instances <= 200 && $0.rows <= 1000 })
            #expect(removals.reduce(0) { $0 + $1.instances } == 2_000)
            try await world.project()
            #expect(try await world.index.instanceCounts() == [.completed: begun.count])
            for id in begun { #expect(try await world.engine.instance(id)?.isEnded == true) }
        }
    }

    @Test(arguments: [("30", 30), ("P2D", 2), ("0", 0)])
    func `a process says how long its instances are kept`(text: String, days: Int64) throws {
        try run(Self.model(text)) { world in
            let id = try await world.engine.begin().instance
            try await world.project()
            let service = world.service(.seconds(1))
            world.shop.simulation.clock.advance(
                to: world.shop.simulation.clock.now.advanced(by: .seconds(days * 86_400 - 1)))
            if days > 0 { #expect(try await service.sweep() == nil) }
            world.shop.simulation.clock.advance(to: world.shop.simulation.clock.now.advanced(by: .seconds(2)))
            #expect(try await service.sweep() == Removal(instances: 1, rows: 1))
            #expect(try await world.engine.instance(id) == nil)
            #expect(try await service.sweep() == nil)
        }
    }

    @Test func `what a version left that was taken back is removed in its time`() throws {
        try run { world in
            _ = try await world.engine.begin()
            try await world.project()
            _ = try await world.shop.deployments.deploy(
                Deployment(processes: [], contracts: [], withdrawn: [DefinitionID(process: "p", version: 1)]),
                at: world.shop.simulation.clock.now)
            try await world.shop.registry.refresh()
            await world.shop.simulation.pass(.seconds(10))
            #expect(try await world.service(.seconds(60)).sweep() == nil)
            await world.shop.simulation.pass(.seconds(60))
            #expect(try await world.service(.seconds(60)).sweep()?.instances == 1)
        }
    }

    @Test func `what nobody limits is kept, and what runs is never touched`() throws {
        try run(Model.sequence("work")) { world in
            for _ in 0..<2 { _ = try await world.engine.begin() }
            _ = try await world.engine.report(try await world.engine.take("work"), .done)
            try await world.project()
            await world.shop.simulation.pass(.seconds(10))
            #expect(try await world.service(nil).sweep() == nil)
            #expect(try await world.service(.zero).sweep()?.instances == 1)
            #expect(try await world.service(.zero).sweep() == nil)
            let left = try await world.index.instances(InstanceQuery()).rows
            #expect(left.count == 1 && left.first?.endedAt == nil)
        }
    }
}
