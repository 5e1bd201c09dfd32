import ProcessEngine
import Testing
import Values

struct ExpressionTaskTests {
    @Test func `keeps the value of its expression`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><serviceTask id="t" camunda:expression="${n + 1}" camunda:resultVariable="m"/>
                \(chain("s", "t"))
                """))
        try scenario.start([("n", "1")])
        #expect(scenario.root("m") == "2")
    }

    @Test func `an expression that fails after a wait state is an incident, which can be retried`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/>\(user("u"))<sendTask id='t' camunda:expression='${x}'/>\(chain("s", "u", "t"))"))
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("x", "1")
        try scenario.resolve()
        #expect(scenario.instance.end == .completed)
    }
}
