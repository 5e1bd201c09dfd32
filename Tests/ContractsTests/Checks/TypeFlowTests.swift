import Contracts
import Testing

/// What constants are, and what mappings, loops and scripts make of types.
@Suite struct TypeFlowTests {
    private typealias W = CheckedWorkflow

    @Test(arguments: [
        ("k", "= 1.5", ["input-type A"]), ("k", "= 2", []), ("k", "${1.5}", ["input-type A"]), ("k", "= 1 + 1", []),
        ("m", "= \"r\"", ["input-type A"]), ("m", "= \"p\"", []), ("m", "= null", ["input-type A"]),
    ])
    func `a constant expression is held against the whole schema`(
        name: String, value: String, expected: [String]
    ) throws {
        let input = "<waybill:input name=\"\(name)\" value=\"\(value.replacing("\"", with: "&quot;"))\"/>"
        let task = W.task("A").replacing("</extensionElements>", with: "\(input)</extensionElements>")
        let found = try W.codes(task, nodes: "start:s end:e", flows: "s>A", "A>e")
        #expect(found == expected)
    }

    @Test(arguments: [
        ("${n}", ["suspicious-expression A"]), ("n", ["suspicious-expression A"]), ("= \"n\"", []), ("some text", []),
    ])
    func `a text that was meant as an expression is doubted`(value: String, expected: [String]) throws {
        let found = try W.codes(
            W.task("A", value), nodes: "start:s end:e", flows: "s>A", "A>e")
        #expect(found == expected)
    }

    @Test func `types go through mappings and scripts`() throws {
        func found(_ value: String) throws -> [String] {
            try W.codes(
                W.task("B", to: "q: = \(value)"), W.script("t", "v", "q"), W.task("A", "= v", to: "r: = y"),
                nodes: "start:s end:e", flows: "s>B", "B>t", "t>A", "A>e")
        }
        let number = try found("z")
        #expect(number == ["input-type A"])
        let text = try found("y")
        #expect(text == [])
    }

    /// Without input mappings the task takes the variable `x`.
    @Test(arguments: [("y", []), ("z", ["input-type A"])])
    func `a task without mappings is given variables of the right types`(value: String, expected: [String]) throws {
        let bare = "<serviceTask id=\"A\" waybill:contract=\"t@1\"/>"
        let found = try W.codes(
            W.task("B", to: "x: = \(value)") + bare, nodes: "start:s end:e", flows: "s>B", "B>A", "A>e")
        #expect(found == expected)
    }

    @Test func `a loop runs over a list, and its runs see the elements`() throws {
        func found(_ collection: String) throws -> [String] {
            let loop = """
                <multiInstanceLoopCharacteristics camunda:collection="\(collection)" camunda:elementVariable="item"/>
                """
            return try W.codes(W.task("A", "= item", loop: loop), nodes: "start:s end:e", flows: "s>A", "A>e")
        }
        let texts = try found("${list}")
        #expect(texts == [])
        let numbers = try found("${numbers}")
        #expect(numbers == ["input-type A"])
        let none = try found("${a}")
        #expect(none == ["not-a-list A"])
    }

    @Test func `an output of the workflow is of the type that its contract promises`() throws {
        func found(_ value: String) throws -> [String] {
            try W.codes(W.task("A", to: "r: = \(value)"), nodes: "start:s end:e", flows: "s>A", "A>e")
        }
        let number = try found("z")
        #expect(number == ["output-type p"])
        let text = try found("y")
        #expect(text == [])
    }

    @Test func `a text has no members`() throws {
        let found = try W.codes(
            W.task("A"), nodes: "start:s xor:g end:e end:f", flows: "s>g", "g>A: = a.b = 1", "g>f: = b", "A>e")
        #expect(found == ["suspicious-expression g"])
    }
}
