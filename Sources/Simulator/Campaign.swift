package import OrderedCollections
import Synchronization

/// Many schedules, on all cores: one world a thread.
package struct Campaign: Sendable {
    package struct Report: Sendable {
        package var seeds: ClosedRange<UInt64>
        package var schedules = 0
        package var failures: [Outcome] = []
        package var time: Duration = .zero
        package var cores = 1
        /// Of all schedules in which something goes wrong.
        package var instances: [Int] = []
        package var tasks: [Int] = []
        package var faults: [Int] = []
        package var profiles: [Schedule.Profile: Int] = [:]
        package var counts: OrderedDictionary<String, Int> = [:]
        package var virtualTime: Duration = .zero

        package var rate: Double {
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
            return seconds > 0 ? Double(schedules) / seconds : 0
        }

        package static func median(_ numbers: [Int]) -> Int {
            numbers.isEmpty ? 0 : numbers.sorted()[numbers.count / 2]
        }

        fileprivate mutating func add(_ outcome: Outcome) {
            schedules += 1
            if !outcome.isSound { failures.append(outcome) }
            profiles[outcome.schedule.profile, default: 0] += 1
            virtualTime += outcome.time
            counts.merge(outcome.counts, uniquingKeysWith: +)
            guard !outcome.schedule.isCalm else { return }
            instances.append(outcome.instances)
            tasks.append(outcome.tasks)
            faults.append(outcome.schedule.faults)
        }
    }

    package var seeds: ClosedRange<UInt64>
    package var without: Protection?
    package var cores: Int
    /// Ends as soon as so many have failed.
    package var failureLimit: Int

    package init(seeds: ClosedRange<UInt64>, without: Protection? = nil, cores: Int = 1, failureLimit: Int = 10) {
        self.seeds = seeds
        self.without = without
        self.cores = max(cores, 1)
        self.failureLimit = failureLimit
    }

    /// `progress` hears of the report as it grows, after each schedule.
    package func run(progress: @escaping @Sendable (Report) -> Void = { _ in }) async -> Report {
        var first = Report(seeds: seeds)
        first.cores = cores
        let tally = Tally(first)
        await withDiscardingTaskGroup { group in
            for _ in 0..<cores {
                group.addTask { [self] in
                    while !Task.isCancelled, let seed = tally.next() {
                        let report = tally.add(World.run(Schedule(seed: seed), without: without))
                        progress(report)
                        if report.failures.count >= failureLimit { return }
                    }
                }
            }
        }
        return tally.report
    }

    /// What the threads have in common.
    private final class Tally: Sendable {
        private let begin = ContinuousClock.now
        private let state: Mutex<(report: Report, next: UInt64?)>

        init(_ report: Report) {
            state = Mutex((report, report.seeds.lowerBound))
        }

        func next() -> UInt64? {
            state.withLock { state in
                guard let seed = state.next else { return nil }
                state.next = seed < state.report.seeds.upperBound ? seed + 1 : nil
                return seed
            }
        }

        func add(_ outcome: Outcome) -> Report {
            state.withLock { state in
                state.report.add(outcome)
                state.report.time = ContinuousClock.now - begin
                return state.report
            }
        }

        var report: Report {
            var report = state.withLock(\.report)
            report.failures.sort { $0.schedule.seed < $1.schedule.seed }
            return report
        }
    }
}
