import ProcessEngine
import Testing
import Values

struct TerminateEndEventTests {
    @Test func `ends its subprocess with all that is in it, and the process goes on`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/><parallelGateway id="g"/>\(user("a"))\(user("b"))
            <parallelGateway id="j"/><endEvent id="t"><terminateEventDefinition/></endEvent>
            \(chain("i", "g", "a", "t"))\(chain("g", "b", "j"))\(flow("g", "j"))</subProcess>\(user("z"))
            \(chain("s", "sub", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["z"])
        #expect(scenario.canceled == ["b"])
        #expect(scenario.completed.suffix(2) == ["t", "sub"])
    }

    @Test func `in the process itself it completes the instance`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="g"/>\(user("b"))<endEvent id="t"><terminateEventDefinition/></endEvent>
            \(chain("s", "g", "b"))\(flow("g", "t"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.instance.end == .completed)
        #expect(scenario.instance.openUserTasks.isEmpty)
    }
}
