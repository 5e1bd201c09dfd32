import ProcessEngine
import Testing
import Values

struct SequenceFlowTests {
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
