import ProcessEngine
import Testing
import Values

struct ErrorEndEventTests {
    @Test func `an error end event of a subprocess is caught on its boundary, and its siblings end`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/>\(task("a"))\(task("b"))
            <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>\(chain("in", "g", "a", "bad"))\(flow("g", "b"))</subProcess>
            \(chain("s", "sub"))\(ErrorBoundaryEventTests.boundary("caught", on: "sub", "E1"))
            """, declarations: ErrorBoundaryEventTests.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.complete("a")
        #expect(scenario.active == ["after-caught"])
        #expect(scenario.canceled == ["b", "bad", "sub"])
    }

    @Test func `an error end event of the process ends it with the error`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><endEvent id='e'><errorEventDefinition errorRef='E1'/></endEvent>\(chain("s", "e"))",
                declarations: ErrorBoundaryEventTests.declarations))
        try scenario.start()
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: nil))
    }

    @Test func `an error thrown in a start's own step does not leak tokens of its siblings`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/>\(task("never"))
            <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>\(chain("in", "g", "bad"))\(flow("g", "never"))</subProcess>
            \(chain("s", "sub"))\(ErrorBoundaryEventTests.boundary("caught", on: "sub", nil))
            """, declarations: ErrorBoundaryEventTests.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["after-caught"])
    }

    @Test func `the message of an error may be an expression`() throws {
        let declarations = """
            <error id="E" errorCode="BAD" camunda:errorMessage="no ${what} left" name="${not read}"/>
            """
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><endEvent id='e'><errorEventDefinition errorRef='E'/></endEvent>\(chain("s", "e"))",
                declarations: declarations))
        try scenario.start([("what", "\"paper\"")])
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: "no paper left"))
    }

    @Test func `the name of an error is its message as it stands`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><endEvent id='e'><errorEventDefinition errorRef='E'/></endEvent>\(chain("s", "e"))",
                declarations: "<error id='E' errorCode='BAD' name='${as it is}'/>"))
        try scenario.start()
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: "${as it is}"))
    }
}
