import ProcessEngine
import Testing
import Values

struct EscalationStartEventTests {
    @Test(arguments: [(true, ["sub", "e", "in-e"]), (false, ["sub", "v", "e", "in-e"])])
    func `an escalation beside it begins its subprocess`(isInterrupting: Bool, active: [String]) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(user("u"))
            <intermediateThrowEvent id="x">\(escalationX)</intermediateThrowEvent>\(user("v"))\(chain("i", "u", "x", "v"))
            \(eventSubprocess("e", "<escalationEventDefinition camunda:escalationCodeVariable='code'/>", isInterrupting: isInterrupting))
            </subProcess>\(chain("s", "sub"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.active.sorted() == active.sorted())
    }
}
