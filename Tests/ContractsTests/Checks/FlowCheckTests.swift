import Contracts
import ProcessEngine
import Testing
import Values

/// What the check finds in how flows hang together.
@Suite struct FlowCheckTests {
    private static func model(_ nodes: String, _ flows: String...) -> String {
        CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined()
    }

    @Test(arguments: [
        // start -> a -> end
        model("start:s user:a end:e", "s>a", "a>e"),
        // Parallel paths, joined.
        model("start:s and:f user:a user:b and:j end:e", "s>f", "f>a", "f>b", "a>j", "b>j", "j>e"),
        // Parallel paths that only end.
        model("start:s and:f user:a user:b end:e", "s>f", "f>a", "f>b", "a>e", "b>e"),
        // Alternatives, merged.
        model("start:s xor:f user:a user:b user:c end:e", "s>f", "f>a: = x", "f>b: = y", "a>c", "b>c", "c>e"),
        // A loop with a wait.
        model("start:s user:a xor:f end:e", "s>a", "a>f", "f>a: = again", "f>e: = done"),
        // Conditions that may exclude each other.
        model("start:s user:a user:b user:c user:d end:e", "s>a", "a>b: = x", "a>c: = y", "b>d", "c>d", "d>e"),
        // An inclusive split and join.
        model(
            "start:s or:f user:a user:b or:j user:c end:e", "s>f", "f>a: = x", "f>b: = y", "a>j", "b>j", "j>c", "c>e"),
    ])
    func `a sound model is clean`(model: String) throws {
        #expect(try CheckedModel.findings(model) == [])
    }

    @Test func `a join of alternatives never goes on`() throws {
        let model = Self.model(
            "start:s xor:f user:a user:b and:j end:e", "s>f", "f>a: = x", "f>b: = y", "a>j", "b>j", "j>e")
        let found = try CheckedModel.findings(model)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("[deadlock] j: the join j never goes on: a token by the flow") == true)
    }

    @Test func `a join that a path can miss is a warning`() throws {
        let model = Self.model(
            "start:s and:f user:a xor:x user:b and:j end:e end:out", "s>f", "f>a", "f>x", "x>b: = x", "x>out: = y",
            "a>j",
            "b>j", "j>e")
        #expect(try CheckedModel.codes(model) == ["possible-deadlock j"])
    }

    @Test func `parallel paths that meet without a join run twice what follows`() throws {
        let model = Self.model("start:s and:f user:a user:b user:c end:e", "s>f", "f>a", "f>b", "a>c", "b>c", "c>e")
        #expect(try CheckedModel.codes(model) == ["missing-join c"])
    }

    /// Two flows of an inclusive gateway, one after the other the same exclusive one.
    @Test(arguments: [
        ("= n > 1", "= n > 2", true), ("= n > 1", "= n <= 1", false), ("= x", "= y", true),
        ("= v = \"1\"", "= v < \"5\"", true), ("= v = \"6\"", "= v < \"5\"", false),
        ("= v < \"b\"", "= v > \"a\"", true), ("= v < \"a\"", "= v > \"b\"", false),
        ("= v <= \"a\"", "= v >= \"a\"", true), ("= v = \"1\"", "= v < 5", false),
    ])
    func `an inclusive gateway that may take both ways needs a join`(first: String, second: String, isBoth: Bool) throws
    {
        let model = Self.model(
            "start:s or:f user:a user:b xor:j user:c end:e", "s>f", "f>a: \(first)", "f>b: \(second)", "a>j", "b>j",
            "j>c", "c>e")
        #expect(try CheckedModel.codes(model) == (isBoth ? ["missing-join j"] : []))
    }

    @Test func `a part that no path leads to is told once`() throws {
        let model = Self.model("start:s user:a end:e user:x user:y", "s>a", "a>e", "x>y", "y>x")
        #expect(
            try CheckedModel.findings(model) == [
                "[unreachable] x: no path from a start leads to x: it never runs, nor do the 1 elements after it"
            ])
    }

    @Test func `a loop in which nothing changes is idle`() throws {
        let model = Self.model(
            "start:s xor:m task:t xor:f end:e", "s>m", "m>t", "t>f", "f>m: = again", "f>e: = not(again)")
        #expect(try CheckedModel.codes(model) == ["idle-loop m"])
    }

    @Test func `a loop that counts is not`() throws {
        let script =
            "<scriptTask id=\"t\" scriptFormat=\"feel\" camunda:resultVariable=\"n\"><script>n + 1</script></scriptTask>"
        let model =
            script + Self.model("start:s xor:m xor:f end:e", "s>m", "m>t", "t>f", "f>m: = n < 10", "f>e: = n >= 10")
        #expect(try CheckedModel.findings(model) == [])
    }

    @Test(arguments: [false, true])
    func `a workflow that always calls itself is found`(mayStop: Bool) throws {
        let call = "<callActivity id=\"c\" calledElement=\"p\"/>"
        let model =
            mayStop
            ? call + Self.model("start:s xor:f end:e", "s>f", "f>c: = x", "f>e: = y", "c>e")
            : call + Self.model("start:s end:e", "s>c", "c>e")
        #expect(try CheckedModel.codes(model) == (mayStop ? [] : ["endless-recursion c"]))
    }

    @Test(arguments: [
        // One of parallel paths, all of which are taken.
        ("", "start:s and:f user:a end:e", ["s>f", "f>c", "f>a", "c>e", "a>e"], true),
        ("", "start:s and:f user:a and:j end:e", ["s>f", "f>c", "f>a", "c>j", "a>j", "j>e"], true),
        ("", "start:s user:a end:e", ["s>c", "s>a", "c>e", "a>e"], true),
        // Behind a choice in each of them.
        ("", "start:s and:f xor:x user:a end:e", ["s>f", "f>x", "x>c: = y", "x>a: = n", "f>a", "c>e", "a>e"], false),
        // The other path may stop all.
        (
            "<endEvent id=\"t\"><terminateEventDefinition/></endEvent>", "start:s and:f end:e",
            ["s>f", "f>c", "f>t", "c>e"], false
        ),
    ])
    func `a call on one of parallel paths is made always`(
        more: String, nodes: String, flows: [String], isEndless: Bool
    ) throws {
        let call = "<callActivity id=\"c\" calledElement=\"p\"/>"
        let model = call + more + CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined()
        let found = try CheckedModel.codes(model).filter { $0.hasPrefix("endless") }
        #expect(found == (isEndless ? ["endless-recursion c"] : []))
    }

    @Test(arguments: [
        ("", "", true),
        (
            "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
            "", true
        ),
        (
            "<multiInstanceLoopCharacteristics><loopCardinality>${n}</loopCardinality></multiInstanceLoopCharacteristics>",
            "", false
        ),
        ("<standardLoopCharacteristics><loopCondition>${n}</loopCondition></standardLoopCharacteristics>", "", true),
        (
            "<standardLoopCharacteristics testBefore=\"true\"><loopCondition>${n}</loopCondition></standardLoopCharacteristics>",
            "", false
        ),
        (
            "",
            "<boundaryEvent id=\"b\" attachedToRef=\"q\"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></boundaryEvent>",
            false
        ),
    ])
    func `a call in a subprocess is made as often as the subprocess runs`(
        loop: String, boundary: String, isEndless: Bool
    ) throws {
        let inside = CheckedModel.nodes("start:i end:o") + CheckedModel.flows("i>c") + CheckedModel.flows("c>o")
        let model =
            "<subProcess id=\"q\"><callActivity id=\"c\" calledElement=\"p\"/>\(inside)\(loop)</subProcess>\(boundary)"
            + CheckedModel.nodes("start:s end:e") + ["s>q", "q>e"].map { CheckedModel.flows($0) }.joined()
            + (boundary.isEmpty ? "" : CheckedModel.flows("b>e"))
        let found = try CheckedModel.codes(model).filter { $0.hasPrefix("endless") }
        #expect(found == (isEndless ? ["endless-recursion c"] : []))
    }

    @Test func `two workflows that always call each other are found`() throws {
        func calling(_ other: String) -> String {
            "<callActivity id=\"c\" calledElement=\"\(other)\"/>" + Self.model("start:s end:e", "s>c", "c>e")
        }
        let definitions =
            try CheckedModel.definitions(calling("q"), process: "p")
            + CheckedModel.definitions(calling("p"), process: "q")
        let found = ModelCheck.check(definitions, against: nil)
        #expect(found.map(\.code) == ["endless-recursion", "endless-recursion"])
        #expect(found.first?.message == "every instance of p calls q, which calls p at c, without end")
    }

    /// An interrupting timer takes the token of its task away from the join.
    @Test func `a boundary event that leads past a join is a warning`() throws {
        let timer = """
            <boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
            """
        let model =
            timer
            + Self.model(
                "start:s and:f user:a user:b and:j end:e end:out", "s>f", "f>a", "f>b", "a>j", "b>j", "j>e", "late>out")
        #expect(try CheckedModel.codes(model) == ["possible-deadlock j"])
    }

    /// 100 blocks, one after the other, each of 40 parallel paths with a choice in it.
    @Test func `a model of ten thousand elements is decided`() throws {
        var nodes = "start:s end:e"
        var flows = ["s>f0"]
        for block in 0..<100 {
            nodes += " and:f\(block) and:j\(block)"
            for path in 0..<25 {
                let id = "\(block)_\(path)"
                nodes += " xor:x\(id) user:a\(id) user:b\(id) xor:m\(id)"
                flows += [
                    "f\(block)>x\(id)", "x\(id)>a\(id): = v\(id)", "x\(id)>b\(id): = w\(id)", "a\(id)>m\(id)",
                    "b\(id)>m\(id)", "m\(id)>j\(block)",
                ]
            }
            flows.append(block == 99 ? "j99>e" : "j\(block)>f\(block + 1)")
        }
        let model = CheckedModel.nodes(nodes) + flows.map { CheckedModel.flows($0) }.joined()
        let contract = try Sample.workflow("w", "1.0", process: "p", "input: {type: object, properties: {a: {}}}")
        let found = ModelCheck.check(try CheckedModel.definitions(model), against: try ContractCatalog([contract]))
        #expect(found.count { $0.code == "undefined-variable" } == 50)
        #expect(found.allSatisfy { ["undefined-variable"].contains($0.code) })
    }
}
