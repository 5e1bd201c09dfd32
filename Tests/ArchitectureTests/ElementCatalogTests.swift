import Testing

/// One element, one file, one line in the catalogue, one test suite.
struct ElementCatalogTests {
    @Test
    func
        `every element of the catalogue has a file and a test suite of its name, and every element is in the catalogue`()
        throws
    {
        let sources = try SourceTree.files(of: "ProcessEngine").filter { $0.path.contains("/Elements/") }
        let tests = try SourceTree.swiftFiles(below: "Tests/ProcessEngineTests")

        #expect(Self.violations(sources: sources, tests: tests) == [])
    }

    /// What is wrong, one sentence each.
    static func violations(sources: [SourceFile], tests: [SourceFile]) -> [String] {
        guard let catalog = sources.first(where: { $0.path.hasSuffix("/ElementCatalog.swift") }) else {
            return ["there is no ElementCatalog.swift"]
        }
        let listed = catalog.code.matches(of: /(\w+)\.self/).map { String($0.output.1) }
        let protocols = refinements(of: "FlowElement", in: sources)
        let declared = sources.flatMap { file in
            file.code.matches(of: /\b(?:struct|enum|class)[ \t]+(\w+)[ \t]*:([^{\n]*)/)
                .filter { !words(of: $0.output.2).isDisjoint(with: protocols) }
                .map { (name: String($0.output.1), path: file.path) }
        }
        var violations: [String] = listed.isEmpty ? ["the catalogue is empty"] : []
        for name in listed {
            let paths = declared.filter { $0.name == name }.map(\.path)
            if !paths.allSatisfy({ $0.hasSuffix("/\(name).swift") }) || paths.count != 1 {
                violations.append("\(name) is not declared in a file Elements/\(name).swift")
            }
            let suite = tests.first { file in
                file.code.contains("@Test")
                    && file.code.matches(of: /\bstruct[ \t]+(\w+)/).contains { $0.output.1 == "\(name)Tests" }
            }
            if suite == nil { violations.append("\(name) has no test suite \(name)Tests") }
        }
        for (name, path) in declared where !listed.contains(name) {
            violations.append("\(name) of \(path) is not in the catalogue")
        }
        return violations
    }

    /// The protocol and those that refine it, directly or not.
    private static func refinements(of name: String, in sources: [SourceFile]) -> Set<String> {
        let protocols = sources.flatMap { $0.code.matches(of: /\bprotocol[ \t]+(\w+)[ \t]*:([^{\n]*)/) }
            .map { (name: String($0.output.1), above: words(of: $0.output.2)) }
        var found: Set = [name]
        while let next = protocols.first(where: { !found.contains($0.name) && !$0.above.isDisjoint(with: found) }) {
            found.insert(next.name)
        }
        return found
    }

    private static func words(of text: Substring) -> Set<String> {
        Set(text.matches(of: /\w+/).map { String($0.output) })
    }

    // MARK: the check itself

    @Test func `is content with a file, a test suite and a line each`() {
        #expect(
            Self.violations(
                sources: [
                    SourceFile(path: "E/ElementCatalog.swift", text: "let all = [Start.self, Wait.self]"),
                    SourceFile(path: "E/Start.swift", text: "package struct Start: FlowElement {}"),
                    SourceFile(path: "E/Wait.swift", text: "struct Wait: WaitElement {}"),
                    SourceFile(path: "E/FlowElement.swift", text: "protocol FlowElement: Sendable {}"),
                    SourceFile(path: "E/WaitElement.swift", text: "protocol WaitElement: FlowElement, Sendable {}"),
                ],
                tests: [
                    SourceFile(path: "T/StartTests.swift", text: "struct StartTests { @Test func a() {} }"),
                    SourceFile(path: "T/Tests.swift", text: "struct A {}\nstruct WaitTests { @Test func a() {} }"),
                ]) == [])
    }

    @Test func `sees what is missing`() {
        let sources = [
            SourceFile(path: "E/ElementCatalog.swift", text: "let all = [Start.self, End.self]"),
            SourceFile(path: "E/Start.swift", text: "struct Start: FlowElement {}\nstruct End: FlowElement {}"),
            SourceFile(path: "E/Task.swift", text: "struct Task: FlowElement {}"),
        ]
        let tests = [
            SourceFile(path: "T/StartTests.swift", text: "// @Test"),
            SourceFile(path: "T/EndTests.swift", text: "struct EndTests { @Test func a() {} }"),
        ]
        #expect(
            Self.violations(sources: sources, tests: tests) == [
                "Start has no test suite StartTests", "End is not declared in a file Elements/End.swift",
                "Task of E/Task.swift is not in the catalogue",
            ])
        #expect(Self.violations(sources: [], tests: []) == ["there is no ElementCatalog.swift"])
    }
}
