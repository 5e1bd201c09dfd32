import ProcessEngine
import Testing
import Values

struct ErrorStartEventTests {
    private static let bad = "<errorEventDefinition errorRef='E1' camunda:errorCodeVariable='code'/>"
    private static let any = "<errorEventDefinition/>"

    @Test func `an error beside it is caught before the boundary of the scope, an exact code first`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(task("t"))\(chain("i", "t"))
            \(eventSubprocess("any", Self.any))\(eventSubprocess("bad", Self.bad))</subProcess>\(chain("s", "sub"))
            \(boundary("b", on: "sub", Self.bad))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.throwError("t", "BAD")
        #expect(scenario.active == ["sub", "bad", "in-bad"])
        #expect(scenario.canceled == ["t"])
    }

    @Test func `an error out of the event subprocess is for the scopes around`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t"))\(chain("s", "t"))<subProcess id="e" triggeredByEvent="true">
            <startEvent id="i">\(Self.any)</startEvent>\(task("u"))\(chain("i", "u"))</subProcess>
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.throwError("t", "BAD")
        try scenario.throwError("u", "WORSE")
        #expect(scenario.instance.end == .completedWithError(code: "WORSE", message: nil))
    }
}
