import Contracts
import Testing

/// Variables that are there on every path that can be taken, though not on every path that is drawn.
@Suite struct CorrelatedPathTests {
    private typealias W = CheckedWorkflow

    /// s -> g -> A (v) -> j -> g2 -> C (reads v)
    ///        -> j               -> e
    private func twice(_ first: String, _ firstElse: String, _ second: String, _ secondElse: String) throws -> [String]
    {
        try W.codes(
            W.task("A", to: "v: = y"), W.task("C", "= v", to: "r: = y"), nodes: "start:s xor:g xor:j xor:g2 end:e",
            flows: "s>g", "g>A: \(first)", "g>j: \(firstElse)", "A>j", "j>g2", "g2>C: \(second)",
            "g2>e: \(secondElse)", "C>e")
    }

    @Test(arguments: [
        ["= n > 2", "= n <= 2", "= n > 2", "= n <= 2"],
        ["${n > 2}", "${n <= 2}", "${n > 2}", "${n <= 2}"],
        ["= n > 2", "= not(n > 2)", "= n > 3", "= n <= 3"],
        ["= b", "= not(b)", "= b = true", "= b = false"],
        ["= a = \"k\"", "= a != \"k\"", "= a = \"k\" and n > 1", "= a != \"k\" or n <= 1"],
        ["= contains(a, \"k\")", "= not(contains(a, \"k\"))", "= contains(a, \"k\")", "= not(contains(a, \"k\"))"],
    ])
    func `gateways that ask the same take the same turn`(conditions: [String]) throws {
        let found = try twice(conditions[0], conditions[1], conditions[2], conditions[3])
        #expect(found == [])
    }

    @Test(arguments: [
        ["= n > 2", "= n <= 2", "= n > 1", "= n <= 1"],
        ["= n > 2", "= n <= 2", "= b", "= not(b)"],
        ["= a = \"k\"", "= a != \"k\"", "= a = \"l\"", "= a != \"l\""],
    ])
    func `a way whose conditions hold together is one`(conditions: [String]) throws {
        let found = try twice(conditions[0], conditions[1], conditions[2], conditions[3])
        #expect(found == ["maybe-undefined C"])
    }

    @Test func `a flag that is set beside a variable tells whether it is there`() throws {
        let found = try W.codes(
            W.script("before", "done", "false"), W.task("A", to: "v: = y"), W.script("after", "done", "true"),
            W.task("C", "= v", to: "r: = y"), nodes: "start:s xor:g xor:j xor:g2 end:e", flows: "s>before", "before>g",
            "g>A: = n > 2", "g>j: = n <= 2", "A>after", "after>j", "j>g2", "g2>C: = done", "g2>e: = not(done)", "C>e")
        #expect(found == [])
    }

    /// s -> f -> A (v) -> j -> C (reads v)
    ///        -> B     ->
    @Test func `an inclusive join waits for the flow that is always taken`() throws {
        func found(_ first: String) throws -> [String] {
            try W.codes(
                W.task("A", to: "v: = y"), W.task("B"), W.task("C", "= v", to: "r: = y"),
                nodes: "start:s or:f or:j end:e", flows: "s>f", "f>A\(first)", "f>B: = n > 2", "A>j", "B>j", "j>C",
                "C>e")
        }
        let always = try found("")
        #expect(always == [])
        let sometimes = try found(": = n > 3")
        #expect(sometimes == ["maybe-undefined C"])
        let whenever = try found(": = n > 1")
        #expect(whenever == [])
    }

    @Test func `what is not mapped does not go on`() throws {
        let found = try W.codes(
            W.task("A", to: "v: = y"), W.task("B", "= string(z)", to: "r: = y"), nodes: "start:s end:e", flows: "s>A",
            "A>B", "B>e")
        #expect(found == ["undefined-variable B"])
    }

    @Test func `the output element sees what the outputs of its run made, and no more`() throws {
        func found(_ element: String) throws -> [String] {
            let loop = """
                <multiInstanceLoopCharacteristics><extensionElements xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
                <zeebe:loopCharacteristics inputCollection="= list" inputElement="item" outputCollection="all" outputElement="\(element)"/>
                </extensionElements></multiInstanceLoopCharacteristics>
                """
            return try W.codes(
                W.task("A", "= item", to: "one: = y", loop: loop), nodes: "start:s end:e", flows: "s>A", "A>e")
        }
        let mapped = try found("= one + item")
        #expect(mapped == [])
        let kept = try found("= y")
        #expect(kept == ["undefined-variable A"])
    }
}
