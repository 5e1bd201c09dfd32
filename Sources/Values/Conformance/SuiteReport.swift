/// What became of each case of a public suite, and the counts.
package struct SuiteReport: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        case passed
        case failed(String)
        /// What the case needs is outside of what is supported on purpose, and said so.
        case refused(String)
    }

    package struct Outcome: Sendable, Hashable {
        package let name: String
        package let verdict: Verdict

        package init(name: String, verdict: Verdict) {
            self.name = name
            self.verdict = verdict
        }
    }

    package private(set) var outcomes: [Outcome] = []

    package init() {}

    package mutating func add(_ name: String, _ verdict: Verdict) {
        outcomes.append(Outcome(name: name, verdict: verdict))
    }

    package var run: Int { outcomes.count }
    package var passed: Int { outcomes.count { $0.verdict == .passed } }

    package var failures: [(name: String, reason: String)] {
        outcomes.compactMap { outcome in
            if case .failed(let reason) = outcome.verdict { (outcome.name, reason) } else { nil }
        }
    }

    /// The names of the refused cases by reason, reasons in the order in which they were met.
    package var refused: [(reason: String, names: [String])] {
        var groups: [(reason: String, names: [String])] = []
        var places: [String: Int] = [:]
        for outcome in outcomes {
            guard case .refused(let reason) = outcome.verdict else { continue }
            if let place = places[reason] {
                groups[place].names.append(outcome.name)
            } else {
                places[reason] = groups.count
                groups.append((reason, [outcome.name]))
            }
        }
        return groups
    }

    private var refusedCount: Int { refused.reduce(0) { $0 + $1.names.count } }

    /// The counts in one line.
    package var summary: String {
        "run \(run), passed \(passed), failed \(failures.count), refused \(refusedCount)"
    }

    /// What a person reads: the failures, the refusals by reason, the counts.
    package var text: String {
        let lines =
            failures.map { "failed: \($0.name): \($0.reason)" }
            + refused.map { "refused: \($0.names.count) of \($0.reason)" }
        return (lines + [summary]).joined(separator: "\n")
    }

    package var json: JSON {
        func number(_ count: Int) -> Value { .number(Decimal128(count)) }
        let value: Value = [
            "run": number(run), "passed": number(passed), "failed": number(failures.count),
            "refused": number(refusedCount),
            "failures": .list(failures.map { ["case": .string($0.name), "reason": .string($0.reason)] }),
            "refusals": .list(
                refused.map { ["reason": .string($0.reason), "cases": .list($0.names.map { .string($0) })] }),
        ]
        return value.json
    }
}
