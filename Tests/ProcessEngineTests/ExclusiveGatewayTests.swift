import ProcessEngine
import Testing
import Values

struct ExclusiveGatewayTests {
    /// start -> x -> high (amount > 100)
    ///            -> mid  (amount > 10)
    ///            -> low  (default)
    static let choice = bpmn(
        """
        <startEvent id="start"/><exclusiveGateway id="x" default="x-low"/>
        \(task("high"))\(task("mid"))\(task("low"))
        \(chain("start", "x"))\(flow("x", "low"))\(flow("x", "high", "= amount > 100"))\(flow("x", "mid", "${amount > 10}"))
        """)

    @Test(arguments: [("500", "high"), ("50", "mid"), ("5", "low")])
    func `takes the first flow whose condition holds, else the default`(amount: String, expected: String) throws {
        var scenario = try Scenario(Self.choice)
        try scenario.start([("amount", amount)])
        #expect(scenario.active == [expected])
        #expect(scenario.completed == ["start", "x"])
    }

    /// As in Camunda 7, which takes flows in the order of the file.
    @Test(arguments: [("500", true, "high"), ("5", true, "bare"), ("500", false, "bare")])
    func `one flow without a condition is true where its turn comes`(amount: String, isLast: Bool, expected: String)
        throws
    {
        let (bare, high) = (flow("x", "bare"), flow("x", "high", "= amount > 100"))
        let text = bpmn(
            """
            <startEvent id="start"/><exclusiveGateway id="x"/>\(task("high"))\(task("bare"))\(chain("start", "x"))
            \(isLast ? high + bare : bare + high)
            """)
        var scenario = try Scenario(text)
        try scenario.start([("amount", amount)])
        #expect(scenario.active == [expected])
    }

    @Test func `a start whose gateway finds no flow is rejected`() throws {
        let text = bpmn(
            "<startEvent id='start'/><exclusiveGateway id='x'/>\(task("t"))\(chain("start", "x"))\(flow("x", "t", "= false"))"
        )
        var scenario = try Scenario(text)
        let rejected = rejection { try scenario.start() }
        #expect(rejected?.reason == .stuck)
        #expect(rejected?.element?.text == "x")
        #expect(scenario.instance.isEmpty)
    }

    /// start -> a -> x -> b (ok)
    @Test func `later it is an incident, and a retry looks again`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/>\(task("a"))<exclusiveGateway id="x"/>\(task("b"))
                \(chain("start", "a", "x"))\(flow("x", "b", "= ok"))
                """))
        try scenario.start()
        try scenario.complete("a", [("ok", "false")])
        #expect(scenario.incidents == [.noFlowTaken])
        try scenario.resolve()
        #expect(scenario.incidents == [.noFlowTaken])
        try scenario.send(.setVariables([Variable(name: "ok", value: .bool(true))]))
        try scenario.resolve()
        #expect(scenario.incidents == [])
        #expect(scenario.active == ["b"])
    }

    /// start -> fork -> a -> merge -> b
    ///               ------>
    @Test func `an exclusive merge passes every token`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/><parallelGateway id="fork"/>\(task("a"))<exclusiveGateway id="merge"/>\(task("b"))
                \(chain("start", "fork", "a", "merge", "b"))\(flow("fork", "merge"))
                """))
        try scenario.start()
        try scenario.complete("a")
        #expect(scenario.active == ["b", "b"])
        try scenario.complete("b")
        #expect(!scenario.instance.isEnded)
        try scenario.complete("b")
        #expect(scenario.instance.isEnded)
    }

    /// start -> x -> a -> join -> end
    ///            -> b ->
    @Test func `an exclusive split into a join cannot start`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/><exclusiveGateway id="x" default="x-join2"/><exclusiveGateway id="join2"/>
                <exclusiveGateway id="n"/><parallelGateway id="join"/><endEvent id="end"/>
                \(chain("start", "x", "join2", "join", "end"))\(flow("x", "n", "= false"))\(flow("n", "join"))
                """))
        #expect(rejection { try scenario.start() }?.reason == .stuck)
    }
}
