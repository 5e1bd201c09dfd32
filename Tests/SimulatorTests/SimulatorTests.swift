import Foundation
import OrderedCollections
import Simulator
import Testing

/// Worlds of servers and agents over a store and a bus in which everything goes wrong.
@Suite(.serialized) struct SimulatorTests {
    /// `WAYBILL_SEEDS=first-last` runs others than the usual ones. A build for speed runs many more: see deploy/test.
    private static let seeds: ClosedRange<UInt64> =
        ProcessInfo.processInfo.environment["WAYBILL_SEEDS"].flatMap(SimulateProgram.seeds) ?? 1...300

    @Test func `nothing is lost and nothing is done twice, whatever goes wrong`() async {
        let report = await Campaign(seeds: Self.seeds, cores: 2).run()

        #expect(report.schedules == Self.seeds.count)
        for failure in report.failures {
            Issue.record("seed \(failure.schedule.seed): \(failure.violations.prefix(3))")
        }
        Self.checkThatMuchHappens(report)
    }

    /// A world where nothing goes wrong shows nothing.
    private static func checkThatMuchHappens(_ report: Campaign.Report) {
        #expect(report.instances.allSatisfy { $0 >= 3 })
        #expect(report.tasks.allSatisfy { $0 >= 10 })
        #expect(report.faults.allSatisfy { $0 >= 5 })
        guard report.schedules >= 300 else { return }
        for name in [
            "conflicts", "dead-lettered", "expired", "gone", "leases lost", "published again", "redelivered",
            "refused by the bus", "returned", "stale", "unreadable",
        ] { #expect(report.counts[name, default: 0] > 0, "nothing is ever \(name)") }
        #expect(Set(report.profiles.keys) == Set(Schedule.Profile.allCases))
    }

    @Test(arguments: 1...UInt64(10))
    func `the same seed makes the same history`(seed: UInt64) {
        let outcomes = (0..<2).map { _ in World.run(Schedule(seed: seed)) }

        #expect(outcomes[0].fingerprint == outcomes[1].fingerprint)
        #expect(outcomes[0].counts == outcomes[1].counts)
        #expect(outcomes[0].tasks > 0)
    }

    /// Where each was missed first. In a simulator that was changed it may be elsewhere: then all are searched.
    private static let seen: [Protection: UInt64] = [
        .fence: 26, .sequence: 206, .startKey: 1, .inbox: 25, .reaper: 9, .confirms: 12, .mandatory: 28,
        .deadLetters: 124,
        .expiration: 233, .ackAfterCommit: 1, .ackAfterResult: 1, .heartbeat: 25, .selfFence: 78, .agentMemory: 2,
        .snapshotHorizon: 1, .outbox: 45,
    ]

    /// What the simulator does not see when it is gone, nobody knows to be there.
    @Test(arguments: Protection.allCases)
    func `sees that a protection is gone`(protection: Protection) async throws {
        if let seed = Self.seen[protection], !World.run(Schedule(seed: seed), without: protection).isSound {
            #expect(seed <= 2000)
            return
        }
        let report = await Campaign(seeds: 1...2000, without: protection, cores: 2, failureLimit: 1).run()

        #expect(report.failures.first != nil, "2,000 seeds are sound without \(protection.rawValue)")
    }

    @Test func `tells a failure as a short story`() throws {
        let long = try #require(
            (1...2000).lazy.map { World.run(Schedule(seed: $0), without: .fence) }.first { !$0.isSound })

        let short = try #require(Shrinker.shrink(long.schedule, without: .fence, budget: 1_000_000))

        #expect(short.schedule.moments.count < long.schedule.moments.count / 2)
        #expect(short.violations.contains { $0.invariant == long.violations[0].invariant })
        let file = try Schedule(file: try short.schedule.file)
        #expect(file == short.schedule)
        #expect(World.run(file, without: .fence).fingerprint == short.fingerprint)
    }

    /// What once went wrong. A file says how it was found: its name.
    @Test(arguments: try Regressions.all())
    func `what was mended stays mended`(regression: Regressions.Case) throws {
        let outcome = World.run(regression.schedule)

        #expect(outcome.violations == [], "\(regression.name)")
    }
}

enum Regressions {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var schedule: Schedule
        var testDescription: String { name }
    }

    static func all(file: String = #filePath) throws -> [Case] {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Regressions")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
            $0.hasSuffix(".json")
        }
        .map { name in
            Case(name: name, schedule: try Schedule(file: Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }
}
