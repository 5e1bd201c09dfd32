import ProcessEngine
import Testing
import Values

struct GatewayTests {
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

    /// start -> fork -> a -> join -> c
    ///               -> b ->
    @Test(arguments: [["a", "b"], ["b", "a"]])
    func `a join waits for a token of each flow`(order: [String]) throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/><parallelGateway id="fork"/>\(task("a"))\(task("b"))<parallelGateway id="join"/>\(task("c"))
                \(chain("start", "fork", "a", "join", "c"))\(chain("fork", "b", "join"))
                """))
        try scenario.start()
        #expect(scenario.active == ["a", "b"])
        try scenario.complete(order[0])
        #expect(scenario.active == [order[1]])
        try scenario.complete(order[1])
        #expect(scenario.active == ["c"])
        try scenario.complete("c")
        #expect(scenario.instance.end == .completed)
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

    /// start -> fork -> merge -> join -> c
    ///               -> merge
    ///               -> a -----> join
    @Test func `a join uses one token of each flow and says so when the rest can never be joined`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="fork2"/><exclusiveGateway id="merge"/>
                \(task("a"))<parallelGateway id="join"/>\(task("c"))
                \(chain("start", "fork", "merge", "join", "c"))\(chain("fork", "fork2", "merge"))\(chain("fork", "a", "join"))
                """))
        try scenario.start()
        #expect(scenario.active == ["a"])
        try scenario.complete("a")
        #expect(scenario.active == ["c"])
        try scenario.complete("c")
        #expect(scenario.incidents == [.joinStuck])
        #expect(scenario.active == ["join"])
        try scenario.resolve()
        try scenario.complete("c")
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

    /// start -> a -> b (always)
    ///            -> c (n > 1)
    ///            -> d (default)
    @Test(arguments: [("2", ["b", "c"]), ("0", ["b"])])
    func `an activity takes every flow that may be taken`(number: String, expected: [String]) throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/>\(task("a", attributes: "default=\"a-d\""))\(task("b"))\(task("c"))\(task("d"))
                \(chain("start", "a", "b"))\(flow("a", "c", "= n > 1"))\(flow("a", "d"))
                """))
        try scenario.start([("n", number)])
        try scenario.complete("a")
        #expect(scenario.active == expected)
    }

    /// start -> m -> x -> m (again)
    @Test func `a loop without a wait state is stopped`() throws {
        let loop = """
            <exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-m"/><endEvent id="end"/>
            \(chain("m", "x", "m"))\(flow("x", "end", "= stop"))
            """
        var atStart = try Scenario(bpmn("<startEvent id='start'/>\(flow("start", "m"))\(loop)"))
        #expect(rejection { try atStart.start() }?.reason == .stuck)
        #expect(atStart.instance.isEmpty)

        var later = try Scenario(bpmn("<startEvent id='start'/>\(task("t"))\(chain("start", "t", "m"))\(loop)"))
        try later.start()
        try later.complete("t")
        #expect(later.incidents == [.transitionLimit])
        try later.send(.setVariables([Variable(name: "stop", value: .bool(true))]))
        try later.resolve()
        #expect(later.instance.end == .completed)
    }

    /// start -> a -> x -> a (again), end
    @Test func `a loop with a wait state goes round`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/>\(task("a"))<exclusiveGateway id="x" default="x-a"/><endEvent id="end"/>
                \(chain("start", "a", "x", "a"))\(flow("x", "end", "= count >= 3"))
                """))
        try scenario.start()
        for count in 1...3 { try scenario.complete("a", [("count", "\(count)")]) }
        #expect(scenario.instance.end == .completed)
        #expect(scenario.completed.filter { $0 == "a" }.count == 3)
    }
}
