import ProcessEngine
import Testing
import Values

struct InclusiveGatewayTests {
    /// s -> f -> a, b (n > 1), c (n > 2) -> j -> z
    private static let text = bpmn(
        """
        <startEvent id="s"/><inclusiveGateway id="f" default="f-a"/><inclusiveGateway id="j"/>
        \(user("a"))\(user("b"))\(user("c"))\(user("z"))\(flow("s", "f"))\(flow("f", "a"))\(flow("f", "b", "= n > 1"))
        \(flow("f", "c", "= n > 2"))\(chain("a", "j"))\(chain("b", "j"))\(chain("c", "j"))\(flow("j", "z"))
        """)

    @Test(arguments: [("1", ["a"]), ("2", ["b"]), ("3", ["b", "c"])])
    func `takes each flow whose condition holds, and waits for those tokens only`(n: String, taken: [String]) throws {
        var scenario = try Scenario(Self.text)
        try scenario.start([("n", n)])
        #expect(scenario.active == taken)
        for task in taken {
            #expect(!scenario.active.contains("z"))
            try scenario.finish(task)
        }
        #expect(scenario.active == ["z"])
    }

    /// s -> f -> a -> x -(again)-> f; x -> j; f -> b -> j: the token in the loop may still come by the other way.
    @Test func `waits for a token that may come round a loop`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><exclusiveGateway id="m"/><parallelGateway id="f"/><exclusiveGateway id="x" default="x-j"/>
            <inclusiveGateway id="j"/>\(user("a"))\(user("b"))\(user("z"))\(chain("s", "f", "m", "a", "x"))
            \(flow("x", "m", "= again"))\(flow("x", "j"))\(chain("f", "b", "j"))\(flow("j", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("again", "true")])
        try scenario.finish("b")
        #expect(scenario.active == ["a"])
        try scenario.finish("a")
        #expect(scenario.active == ["a"])
        try scenario.finish("a", [("again", "false")])
        #expect(scenario.active == ["z"])
    }

    /// A path that ends elsewhere sends no token: the join must not wait for it.
    @Test func `a dead path holds nothing up`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="x" default="x-e"/><inclusiveGateway id="j"/>
            <endEvent id="e"/>\(user("a"))\(user("b"))\(user("z"))\(chain("s", "f", "a", "x", "e"))
            \(flow("x", "j", "= on"))\(chain("f", "b", "j", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("on", "false")])
        try scenario.finish("b")
        #expect(scenario.active == ["a"])
        try scenario.finish("a")
        #expect(scenario.active == ["z"])
    }

    @Test func `several tokens by one flow are one token after it, and it fires again for later ones`() throws {
        var scenario = try Scenario(Self.text)
        try scenario.start([("n", "1")])
        try scenario.send(.modify([.startBefore(ElementID("a"))]))
        #expect(scenario.active == ["a", "a"])
        try scenario.finish("a")
        #expect(scenario.active == ["a"])
        try scenario.finish("a")
        #expect(scenario.active == ["z"])
    }
}
