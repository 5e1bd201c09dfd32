import Testing

struct BannedCodeTests {
    @Test(arguments: ImportRules.pure.sorted())
    func `a pure target has no clock, no randomness, no output and no concurrency`(target: String) throws {
        #expect(try violations(of: BannedCode.pure, in: target) == [])
    }

    @Test func `services wait through the clock port and start no tasks of their own`() throws {
        #expect(try violations(of: BannedCode.services, in: "Services") == [])
    }

    @Test(arguments: ImportRules.allowed.keys.sorted())
    func `nothing in Sources can end the process at a peer's will`(target: String) throws {
        #expect(try violations(of: BannedCode.everywhere, in: target) == [])
    }

    @Test func `only the agent library is public`() throws {
        let others = ImportRules.allowed.keys.filter { $0 != "WaybillAgent" }.sorted()

        let violations = try others.flatMap { try SourceTree.files(of: $0) }.flatMap(Declarations.publicPlaces)

        #expect(violations == [])
    }

    @Test func `every unchecked Sendable says what protects it`() throws {
        let violations = try SourceTree.sources.get().flatMap(Declarations.unexplainedUncheckedSendable)

        #expect(violations == [])
    }

    private func violations(of rules: [BannedCode], in target: String) throws -> [String] {
        let files = try SourceTree.files(of: target)
        return rules.flatMap { rule in files.flatMap(rule.violations) }
    }

    // MARK: the check itself

    @Test(arguments: [
        "Task { await work() }", "let t = Task<Void, Never> {", "Task(priority: .high) { }", "Task.detached { }",
        "try await Task.sleep(for: .seconds(1))", "let now = Date()", "ContinuousClock().now",
        "SystemRandomNumberGenerator()",
        "Int.random(in: 0..<3)", "list.shuffled()", "list.shuffle()", "UUID().uuidString", "func f() async {}",
        "print(1)",
        "getenv(name)", "\"\\(Date())\"",
    ])
    func `sees what a pure target may not have`(code: String) {
        #expect(hits(BannedCode.pure, code) > 0)
    }

    @Test(arguments: [
        "struct ServiceTask { }", "let task: TaskID", "// Date() and Task { }", "\"Task { Date() }\"",
        "let dateTask = 1",
        "case date(Timestamp)", "if Task.isCancelled { }", "func printed() {}", "random(3)",
    ])
    func `does not mistake other code for it`(code: String) {
        #expect(hits(BannedCode.pure, code) == 0)
    }

    @Test(arguments: [
        "Task { }", "Task.detached { }", "Task.sleep(for: x)", "Date()", "ContinuousClock.now",
        "DispatchQueue(label: a)",
    ])
    func `sees what services may not have`(code: String) {
        #expect(hits(BannedCode.services, code) > 0)
    }

    @Test(arguments: ["async let a = f()", "await f()", "try Task.checkCancellation()", "Date"])
    func `leaves services what they need`(code: String) {
        #expect(hits(BannedCode.services, code) == 0)
    }

    @Test(arguments: ["fatalError()", "try! f()", "a as! B", "XMLDocument(data: d)", "a.onTermination = { _ in }"])
    func `sees what no code may have`(code: String) {
        #expect(hits(BannedCode.everywhere, code) == 1)
    }

    @Test func `names the place`() {
        let file = SourceFile(path: "A.swift", text: "let a = 1\nlet b = try! f()\n")
        #expect(
            BannedCode.everywhere.flatMap { $0.violations(in: file) }
                == ["A.swift:2 has try!: peers must not be able to end the process"])
    }

    @Test func `sees public and open declarations`() {
        let file = SourceFile(path: "A.swift", text: "public struct A {}\nopen class B {}\n/// public\nlet open = 1\n")
        #expect(Declarations.publicPlaces(in: file) == ["A.swift:1 is public", "A.swift:2 is public"])
    }

    @Test func `wants a comment at an unchecked Sendable`() {
        let file = SourceFile(
            path: "A.swift",
            text: """
                final class A: @unchecked Sendable {}

                /// The lock protects `value`.
                final class B: @unchecked Sendable {}
                """)
        #expect(Declarations.unexplainedUncheckedSendable(in: file) == ["A.swift:1 does not say what protects it"])
    }

    private func hits(_ rules: [BannedCode], _ code: String) -> Int {
        rules.reduce(0) { $0 + $1.violations(in: SourceFile(path: "A.swift", text: code)).count }
    }
}
