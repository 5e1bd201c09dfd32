/// Makes a short story of a schedule that fails: takes away whatever it fails without.
package struct Shrinker {
    private let without: Protection?
    private let invariant: Invariant
    private var best: Outcome
    /// How many jobs the worlds may still do that are run for it. Counted in jobs, not in worlds or seconds: a world
    /// that never comes to rest takes a thousand times as long as another, and the same seed shall end in the same story.
    private var budget: Int

    /// A minute or two on one core.
    package static let usualBudget = 6_000_000

    /// Nil if the schedule does not fail.
    package static func shrink(
        _ schedule: Schedule, without: Protection? = nil, budget: Int = usualBudget
    ) -> Outcome? {
        let outcome = World.run(schedule, without: without)
        guard let violation = outcome.violations.first else { return nil }
        var shrinker = Shrinker(without: without, invariant: violation.invariant, best: outcome, budget: budget)
        shrinker.shrinkAll()
        return shrinker.best
    }

    private init(without: Protection?, invariant: Invariant, best: Outcome, budget: Int) {
        self.without = without
        self.invariant = invariant
        self.best = best
        self.budget = budget
    }

    private mutating func shrinkAll() {
        var size = Int.max
        while size > best.schedule.moments.count, budget > 0 {
            size = best.schedule.moments.count
            dropMoments()
            simplify { $0.servers = 1 }
            simplify { $0.depth = 0 }
            simplify { $0.longestWork = 20 }
            for place in best.schedule.agents.indices { simplify { $0.agents[place].prefetch = 1 } }
        }
        simplify { schedule in for place in schedule.moments.indices { schedule.moments[place].at /= 1000 } }
        for place in best.schedule.moments.indices { simplify { $0.moments[place].at = 0 } }
    }

    /// Half of them, a quarter, … one at a time.
    private mutating func dropMoments() {
        var chunk = max(best.schedule.moments.count / 2, 1)
        while chunk >= 1 {
            var start = 0
            while start < best.schedule.moments.count {
                let end = min(start + chunk, best.schedule.moments.count)
                if !simplify({ $0.moments.removeSubrange(start..<end) }) { start = end }
            }
            chunk /= 2
        }
    }

    /// Keeps the change if the same invariant is still violated.
    @discardableResult
    private mutating func simplify(_ change: (inout Schedule) -> Void) -> Bool {
        var schedule = best.schedule
        change(&schedule)
        guard schedule != best.schedule, budget > 0 else { return false }
        schedule.moments = schedule.moments.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }
        .map(\.element)
        let outcome = World.run(schedule, without: without)
        budget -= outcome.jobs
        guard outcome.violations.contains(where: { $0.invariant == invariant }) else { return false }
        best = outcome
        return true
    }
}
