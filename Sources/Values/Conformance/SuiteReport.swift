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
        /// Whether the suite leaves it open to do it otherwise.
        package let isOptional: Bool

        package init(name: String, verdict: Verdict, isOptional: Bool = false) {
            self.name = name
            self.verdict = verdict
            self.isOptional = isOptional
        }
    }

    package private(set) var outcomes: [Outcome] = []

    package init() {}

    package mutating func add(_ name: String, _ verdict: Verdict, isOptional: Bool = false) {
        outcomes.append(Outcome(name: name, verdict: verdict, isOptional: isOptional))
    }

    package var run: Int { outcomes.count }
    package var passed: Int { outcomes.count { $0.verdict == .passed } }

    package var failures: [(name: String, reason: String)] { Self.failures(outcomes) }

    /// Failures of what the suite demands: of all cases, where it has no optional ones.
    package var requiredFailures: [(name: String, reason: String)] {
        Self.failures(outcomes.filter { !$0.isOptional })
    }

    private static func failures(_ outcomes: [Outcome]) -> [(name: String, reason: String)] {
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

    /// The counts in one line; where there are optional cases, theirs in a second one.
    package var summary: String {
        guard outcomes.contains(where: \.isOptional) else { return counts }
        return "required: \(part(isOptional: false).counts)\noptional: \(part(isOptional: true).counts)"
    }

    private var counts: String {
        "run \(run), passed \(passed), failed \(failures.count), refused \(refusedCount)"
    }

    private func part(isOptional: Bool) -> SuiteReport {
        var part = SuiteReport()
        part.outcomes = outcomes.filter { $0.isOptional == isOptional }
        return part
    }

    /// What a person reads: the failures, the refusals by reason, the counts.
    package var text: String {
        let lines =
            requiredFailures.map { "failed: \($0.name): \($0.reason)" }
            + part(isOptional: true).failures.map { "failed, optional: \($0.name): \($0.reason)" }
            + refused.map { "refused: \($0.names.count) of \($0.reason)" }
        return (lines + [summary]).joined(separator: "\n")
    }

    package var json: JSON {
        func number(_ count: Int) -> Value { .number(Decimal128(count)) }
        let value: Value = [
            "run": number(run), "passed": number(passed), "failed": number(failures.count),
            "refused": number(refusedCount), "requiredFailed": number(requiredFailures.count),
            "failures": .list(failures.map { ["case": .string($0.name), "reason": .string($0.reason)] }),
            "refusals": .list(
                refused.map { ["reason": .string($0.reason), "cases": .list($0.names.map { .string($0) })] }),
        ]
        return value.json
    }
}
