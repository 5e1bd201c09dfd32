import ProcessEngine
import Testing
import Values

struct ComplexGatewayTests {
    @Test func `goes on when its activation condition holds`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><complexGateway id="j"><activationCondition>= activationCount >= 2
            </activationCondition></complexGateway>\(user("a"))\(user("b"))\(user("c"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(chain("f", "b", "j"))\(chain("f", "c", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["b", "c"])
        try scenario.finish("b")
        #expect(scenario.active == ["c", "z"])
        try scenario.finish("c")
        #expect(scenario.active == ["z"])
        try scenario.finish("z")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `tokens that never suffice are an incident`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><exclusiveGateway id="f" default="f-a"/><complexGateway id="j"><activationCondition>
            = activationCount >= 2</activationCondition></complexGateway>\(user("a"))\(user("b"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(flow("f", "b", "= no"))\(flow("b", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("no", "false")])
        try scenario.finish("a")
        #expect(scenario.incidents == [.joinStuck])
    }

    @Test func `without a condition it joins what comes`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><complexGateway id="j"/>\(user("a"))\(user("b"))\(user("z"))
            \(chain("s", "f", "a", "j", "z"))\(chain("f", "b", "j"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.active == ["z"])
    }
}
