import Foundation
import OrderedCollections
import Services
import Synchronization
import Testing

/// Engines, brokers, bus and agents in one random world: nothing may be lost, and nothing applied twice.
@Suite struct ChaosTests {
    /// `WAYBILL_SEEDS=first-last` runs others than the usual ones.
    private static let seeds: ClosedRange<UInt64> = {
        let ends = ProcessInfo.processInfo.environment["WAYBILL_SEEDS"]?.split(separator: "-").compactMap { UInt64($0) }
        guard let first = ends?.first, let last = ends?.last, first <= last else { return 1...200 }
        return first...last
    }()

    @Test(arguments: seeds)
    func `every instance ends or says why not, and nothing is applied twice`(seed: UInt64) throws {
        try Self.run(seed: seed) { world in try await world.check() }
    }

    @Test func `the same seed makes the same history`() throws {
        let histories = Mutex<[[JournalRow]]>([])
        for _ in 0..<2 {
            try Self.run(seed: 7) { world in
                let rows = try await world.journal
                histories.withLock { $0.append(rows) }
            }
        }
        histories.withLock { histories in
            #expect(histories[0].count > 10)
            #expect(histories[0] == histories[1])
        }
    }

    /// A world where nothing goes wrong shows nothing.
    @Test func `much goes wrong in these worlds`() throws {
        let sum = Mutex<OrderedDictionary<String, Int>>([:])
        for seed in 1...UInt64(20) {
            try Self.run(seed: seed) { world in
                let trouble = try await world.trouble
                sum.withLock { $0.merge(trouble, uniquingKeysWith: +) }
            }
        }
        let trouble = sum.withLock { $0 }
        #expect(trouble.count == 10 && trouble.values.allSatisfy { $0 > 0 }, "\(trouble)")
    }

    private static func run(seed: UInt64, _ look: @escaping @Sendable (ChaosWorld) async throws -> Void) throws {
        try Simulation.run(seed: seed) { simulation in
            let world = try await ChaosWorld(simulation, seed: seed)
            try await simulation.serving(world.services) {
                for _ in 0..<30 { try await world.disturb() }
                try await world.comeToRest()
            }
            try await look(world)
        }
    }
}
