package import Values

/// What became of each test case, and the scores.
package struct ConformanceReport: Sendable {
    package enum Verdict: Sendable, Hashable {
        case passed
        case failed([String])
        /// What it needs is not supported, and said so by name.
        case refused(String)
    }

    package struct Outcome: Sendable, Hashable {
        package let directory: String
        package let id: String
        /// Whether something other than null is expected.
        package let expectsValue: Bool
        package let verdict: Verdict

        package var name: String { directory + "/" + id }
    }

    package struct Score: Sendable, Hashable {
        package var passed = 0
        package var failed = 0
        package var refused = 0

        package var run: Int { passed + failed + refused }
        /// In percent; 100 of nothing.
        package var percent: Double { run == 0 ? 100 : Double(passed) * 100 / Double(run) }

        package init() {}

        mutating func count(_ verdict: Verdict) {
            switch verdict {
            case .passed: passed += 1
            case .failed: failed += 1
            case .refused: refused += 1
            }
        }
    }

    package let outcomes: [Outcome]

    package init(outcomes: [Outcome]) {
        self.outcomes = outcomes
    }

    package var total: Score { score { _ in true } }

    /// Without the cases that expect null, which an engine that can do nothing passes as well.
    package var ofValues: Score { score(\.expectsValue) }

    package func score(_ condition: (Outcome) -> Bool) -> Score {
        var score = Score()
        for outcome in outcomes where condition(outcome) { score.count(outcome.verdict) }
        return score
    }

    /// Each directory with its score, in the order in which they were run.
    package var directories: [(name: String, score: Score)] {
        var scores: [(name: String, score: Score)] = []
        for outcome in outcomes {
            if scores.last?.name != outcome.directory { scores.append((outcome.directory, Score())) }
            scores[scores.count - 1].score.count(outcome.verdict)
        }
        return scores
    }

    /// The average of the directories' percentages.
    package var averageOfDirectories: Double {
        let all = directories.map(\.score.percent)
        return all.isEmpty ? 100 : all.reduce(0, +) / Double(all.count)
    }

    /// What a person reads: counts per directory, the failures with reasons, the scores.
    package var text: String {
        var lines: [String] = []
        for (name, score) in directories {
            lines.append("\(name): run \(score.run), passed \(score.passed)" + ConformanceReport.rest(of: score))
        }
        for outcome in outcomes {
            switch outcome.verdict {
            case .passed: break
            case .failed(let reasons): lines.append("failed: \(outcome.name): \(reasons.joined(separator: "; "))")
            case .refused(let reason): lines.append("refused: \(outcome.name): \(reason)")
            }
        }
        for (name, score) in [("all cases", total), ("cases that expect a value", ofValues)] {
            lines.append(
                "\(name): run \(score.run), passed \(score.passed) (\(ConformanceReport.rounded(score.percent))%)"
                    + ConformanceReport.rest(of: score))
        }
        lines.append("average of the directories: \(ConformanceReport.rounded(averageOfDirectories))%")
        return lines.joined(separator: "\n")
    }

    private static func rest(of score: Score) -> String {
        (score.failed > 0 ? ", failed \(score.failed)" : "") + (score.refused > 0 ? ", refused \(score.refused)" : "")
    }

    /// Two digits behind the point, cut off.
    private static func rounded(_ percent: Double) -> String {
        let hundredths = Int(percent * 100)
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    package var json: JSON {
        func object(_ score: Score) -> Value {
            [
                "run": .number(Decimal128(score.run)), "passed": .number(Decimal128(score.passed)),
                "failed": .number(Decimal128(score.failed)), "refused": .number(Decimal128(score.refused)),
            ]
        }
        let bad = outcomes.compactMap { outcome -> Value? in
            switch outcome.verdict {
            case .passed: nil
            case .failed(let reasons):
                ["case": .string(outcome.name), "verdict": "failed", "reasons": .list(reasons.map { .string($0) })]
            case .refused(let reason):
                ["case": .string(outcome.name), "verdict": "refused", "reasons": .list([.string(reason)])]
            }
        }
        let value: Value = [
            "total": object(total), "expectingValue": object(ofValues),
            "directories": .init(members: directories.map { ($0.name, object($0.score)) }), "notPassed": .list(bad),
        ]
        return value.json
    }
}
