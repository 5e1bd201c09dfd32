import ProcessEngine
import Testing
import Values

struct EscalationBoundaryEventTests {
    private static func model(_ attributes: String) -> String {
        bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(user("u"))
            <intermediateThrowEvent id="x">\(escalationX)</intermediateThrowEvent>\(user("v"))\(chain("i", "u", "x", "v"))
            </subProcess>\(chain("s", "sub"))
            \(boundary("any", on: "sub", "<escalationEventDefinition/>", attributes: attributes))
            \(boundary("late", on: "sub", escalationX, attributes: attributes))
            """, declarations: declared)
    }

    @Test func `an exact code is caught before any code, and interrupts`() throws {
        var scenario = try Scenario(Self.model(""))
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.active == ["after-late"])
        #expect(scenario.canceled == ["x", "sub"])
    }

    @Test func `one that does not interrupt starts a path beside`() throws {
        var scenario = try Scenario(Self.model("cancelActivity='false'"))
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.active.sorted() == ["after-late", "sub", "v"])
    }
}
