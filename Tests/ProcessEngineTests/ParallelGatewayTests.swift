import ProcessEngine
import Testing
import Values

struct ParallelGatewayTests {
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
}
