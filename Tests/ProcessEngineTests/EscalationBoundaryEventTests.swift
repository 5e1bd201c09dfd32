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

    @Test(arguments: [("LATE", "after-late"), ("OTHER", "after-any")])
    func `the code that is thrown may be FEEL`(code: String, handler: String) throws {
        let text = Self.model("cancelActivity='false'")
            .replacing("<process", with: "<escalation id='D' escalationCode='= c'/><process")
            .replacing(
                "<intermediateThrowEvent id=\"x\">\(escalationX)",
                with: "<intermediateThrowEvent id=\"x\"><escalationEventDefinition escalationRef='D'/>")
        var scenario = try Scenario(text)
        try scenario.start([("c", "\"\(code)\"")])
        try scenario.finish("u")
        #expect(scenario.active.sorted() == [handler, "sub", "v"])
    }

    @Test func `a code in JUEL is taken as it stands, with a warning, and one in FEEL cannot be caught`() throws {
        let juel = Self.model("cancelActivity='false'").replacing("LATE", with: "${c}")
        #expect(try definition(juel).warnings.map(\.code) == ["code-not-evaluated", "code-not-evaluated"])
        var scenario = try Scenario(juel)
        try scenario.start([("c", "\"LATE\"")])
        try scenario.finish("u")
        #expect(scenario.active.sorted() == ["after-late", "sub", "v"])
        #expect(problems(Self.model("").replacing("LATE", with: "= c")).map(\.code) == ["unsupported-element"])
    }
}
