import Foundation
import OrderedCollections
import Synchronization

/// What `waybill simulate` does, whatever program does it.
package struct SimulateProgram: Sendable {
    package struct Options: Sendable {
        package var seeds: ClosedRange<UInt64>?
        package var file: String?
        package var trace = false
        package var json = false
        package var shrinks = true
        package var without: Protection?
        package var cores = ProcessInfo.processInfo.activeProcessorCount
        package var failureLimit = 10
        /// Where short stories of failures are saved.
        package var directory = ".waybill/simulate"
        package init() {}
    }

    private let options: Options
    /// How this program is called, for the commands that it tells.
    private let name: String
    private let tell: @Sendable (String) -> Void

    package init(_ options: Options, name: String, tell: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.name = name
        self.tell = tell
    }

    /// Reads `7` or `1-1000`.
    package static func seeds(_ text: String) -> ClosedRange<UInt64>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let ends = parts.compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, ends.count == parts.count, ends.count <= 2, first <= last
        else {
            return nil
        }
        return first...last
    }

    /// Whether all was well.
    package func run() async throws -> Bool {
        if let file = options.file {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            return try replay(Schedule(file: data))
        }
        let seeds = options.seeds ?? 1...1000
        if seeds.count == 1 { return try replay(Schedule(seed: seeds.lowerBound)) }
        return try await runCampaign(seeds)
    }

    // MARK: One schedule

    private func replay(_ schedule: Schedule) throws -> Bool {
        let outcome = World.run(schedule, without: options.without, tell: options.trace ? tell : nil)
        if options.json {
            tell(String(decoding: try JSONEncoder().encode(Answer(outcome)), as: UTF8.self))
        } else {
            tell(Self.summary(of: outcome))
            for violation in outcome.violations { tell("  \(violation)") }
        }
        if !outcome.isSound, options.shrinks, options.file == nil { try tellShortStory(of: outcome) }
        return outcome.isSound
    }

    private static func summary(of outcome: Outcome) -> String {
        let schedule = outcome.schedule
        return """
            seed \(schedule.seed), \(schedule.profile.rawValue): \(outcome.instances) instances, \(outcome.tasks) tasks, \
            \(schedule.faults) faults, \(outcome.time.components.seconds) s, \(outcome.jobs) jobs, fingerprint \
            \(String(outcome.fingerprint, radix: 16)): \(outcome.isSound ? "sound" : "VIOLATED")
            """
    }

    /// The least that still goes wrong, saved as a file that replays.
    private func tellShortStory(of outcome: Outcome) throws {
        guard let short = Shrinker.shrink(outcome.schedule, without: options.without) else { return }
        let file =
            "\(options.directory)/\(short.schedule.seed)\(options.without.map { "-without-\($0.rawValue)" } ?? "").json"
        try FileManager.default.createDirectory(atPath: options.directory, withIntermediateDirectories: true)
        try short.schedule.file.write(to: URL(fileURLWithPath: file))
        tell("  in short, \(short.schedule.moments.count) of \(outcome.schedule.moments.count) moments:")
        for moment in short.schedule.moments { tell("    \(moment.at) ms: \(moment.happening)") }
        for violation in short.violations.prefix(3) { tell("    => \(violation)") }
        tell("  replay: \(command) --file \(file) --trace")
    }

    private var command: String { "\(name)\(options.without.map { " --without \($0.rawValue)" } ?? "")" }

    // MARK: Many

    private func runCampaign(_ seeds: ClosedRange<UInt64>) async throws -> Bool {
        let campaign = Campaign(
            seeds: seeds, without: options.without, cores: options.cores, failureLimit: options.failureLimit)
        let told = Mutex(0)
        let (tell, isQuiet) = (tell, options.json)
        let report = await campaign.run { report in
            let part = report.time.components.seconds / 10
            let isNews = told.withLock { told in
                guard part > told else { return false }
                told = Int(part)
                return true
            }
            guard isNews, !isQuiet else { return }
            tell(
                "\(report.schedules) of \(seeds.count) schedules, \(Int(report.rate)) a second, \(report.failures.count) failed"
            )
        }
        if options.json {
            tell(String(decoding: try JSONEncoder().encode(CampaignAnswer(report)), as: UTF8.self))
        } else {
            tellReport(report)
        }
        for failure in report.failures {
            tell("seed \(failure.schedule.seed), \(failure.schedule.profile.rawValue): \(failure.violations[0])")
            tell("  replay: \(command) --seed \(failure.schedule.seed) --trace")
        }
        if let first = report.failures.first, options.shrinks { try tellShortStory(of: first) }
        return report.failures.isEmpty
    }

    private func tellReport(_ report: Campaign.Report) {
        let counts = report.counts.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        tell("what happened: \(counts)")
        tell(
            """
            simulated: seeds \(report.seeds.lowerBound)-\(report.seeds.upperBound), \(report.schedules) schedules, \
            \(report.failures.count) failed, \(report.time.components.seconds) s, \(Int(report.rate)) a second on \
            \(report.cores) cores, \
            \(report.virtualTime.components.seconds / 3600) h of virtual time; medians with faults: \
            \(Campaign.Report.median(report.instances)) instances, \(Campaign.Report.median(report.tasks)) tasks, \
            \(Campaign.Report.median(report.faults)) faults
            """)
    }

    private struct Answer: Encodable {
        var schedule: Schedule
        var violations: [Violation]
        var instances: Int
        var tasks: Int
        var fingerprint: String
        var counts: [String: Int]

        init(_ outcome: Outcome) {
            schedule = outcome.schedule
            violations = outcome.violations
            instances = outcome.instances
            tasks = outcome.tasks
            fingerprint = String(outcome.fingerprint, radix: 16)
            counts = Dictionary(outcome.counts.map { ($0.key, $0.value) }, uniquingKeysWith: +)
        }
    }

    private struct CampaignAnswer: Encodable {
        var first: UInt64
        var last: UInt64
        var schedules: Int
        var failures: [Answer]
        var schedulesPerSecond: Double
        var cores: Int
        var virtualSeconds: Int64
        var medians: [String: Int]
        var counts: [String: Int]

        init(_ report: Campaign.Report) {
            (first, last) = (report.seeds.lowerBound, report.seeds.upperBound)
            schedules = report.schedules
            failures = report.failures.map(Answer.init)
            schedulesPerSecond = report.rate
            cores = report.cores
            virtualSeconds = report.virtualTime.components.seconds
            medians = [
                "instances": Campaign.Report.median(report.instances), "tasks": Campaign.Report.median(report.tasks),
                "faults": Campaign.Report.median(report.faults),
            ]
            counts = Dictionary(report.counts.map { ($0.key, $0.value) }, uniquingKeysWith: +)
        }
    }
}
