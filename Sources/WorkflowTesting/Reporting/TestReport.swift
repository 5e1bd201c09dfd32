import ProcessEngine
package import Values

/// What came of test files.
package struct TestReport: Sendable {
    package struct Case: Sendable {
        package let name: String
        package let position: SourcePosition
        package let failures: [TestFailure]
        /// The elements that were entered, in order.
        package let path: [String]

        package var passed: Bool { failures.isEmpty }
    }

    package struct File: Sendable {
        package let name: String
        /// The process that was tested.
        package let process: String?
        package let cases: [Case]
        /// Why the file could not be read; then it has no cases.
        package let problems: [Diagnostic]
    }

    package private(set) var files: [File] = []
    package private(set) var coverage: [ProcessCoverage] = []

    package init() {}

    /// Runs every test of the file, or those whose name contains a text.
    package mutating func run(_ file: TestFile, named part: String? = nil) {
        var cases: [Case] = []
        for test in file.tests where part.map({ test.name.contains($0) }) ?? true {
            var run = CaseRun(test, of: file)
            run.run()
            cases.append(
                Case(name: test.name, position: test.position, failures: run.failures, path: run.path))
            ProcessCoverage.add(run, to: &coverage)
        }
        files.append(File(name: file.name, process: file.definition.process, cases: cases, problems: []))
    }

    /// A file that cannot be read has failed.
    package mutating func add(unreadable name: String, _ problems: Diagnostics) {
        files.append(File(name: name, process: nil, cases: [], problems: problems.all))
    }

    package var run: Int { files.reduce(0) { $0 + $1.cases.count } }
    package var failed: Int { files.reduce(0) { $0 + $1.cases.count { !$0.passed } } }
    package var unreadable: Int { files.count { !$0.problems.isEmpty } }
    package var passed: Bool { failed == 0 && unreadable == 0 }
    /// Of all processes that were tested, 0…100.
    package var percent: Double { coverage.map(\.percent).min() ?? 100 }

    package var text: String {
        var lines: [String] = []
        for file in files {
            lines.append(file.name)
            lines += file.problems.map { "  \($0)" }
            for test in file.cases {
                lines.append("  \(test.passed ? "passed" : "FAILED")  \(test.name)")
                lines += test.failures.map { "    \($0.text(in: file.name).replacing("\n", with: "\n    "))" }
                if !test.passed {
                    lines.append("      path: \(test.path.isEmpty ? "nothing" : test.path.joined(separator: " → "))")
                }
            }
        }
        if !coverage.isEmpty {
            lines += ["", "coverage"] + coverage.map { "  \($0.text.replacing("\n", with: "\n  "))" }
        }
        let broken = unreadable == 0 ? "" : ", \(unreadable) files that cannot be read"
        return (lines + ["", "\(run) test\(run == 1 ? "" : "s"): \(run - failed) passed, \(failed) failed\(broken)"])
            .joined(separator: "\n")
    }

    package var json: JSON {
        let value: Value = [
            "tests": .number(Decimal128(run)), "passed": .number(Decimal128(run - failed)),
            "failed": .number(Decimal128(failed)), "unreadable": .number(Decimal128(unreadable)),
            "files": .list(files.map(\.json)), "coverage": .list(coverage.map(\.json)),
        ]
        return value.json
    }
}

extension TestFailure {
    /// `file:12:5: path: expected X, found Y`.
    package func text(in file: String) -> String {
        "\(file):\(position.line):\(position.column): \(what)\n  expected: \(expected)\n  found:    \(found)"
    }
}

extension TestReport.File {
    fileprivate var json: Value {
        [
            "file": .string(name), "process": process.map { .string($0) } ?? .null,
            "problems": .list(problems.map { .string("\($0)") }),
            "tests": .list(
                cases.map { test in
                    [
                        "name": .string(test.name), "line": .number(Decimal128(test.position.line)),
                        "passed": .bool(test.passed), "path": .list(test.path.map { .string($0) }),
                        "failures": .list(
                            test.failures.map {
                                [
                                    "line": .number(Decimal128($0.position.line)),
                                    "column": .number(Decimal128($0.position.column)), "what": .string($0.what),
                                    "expected": .string($0.expected), "found": .string($0.found),
                                ]
                            }),
                    ]
                }),
        ]
    }
}
