import ProcessEngine
import Testing
import Values

private func condition(_ text: String, _ attributes: String = "") -> String {
    "<conditionalEventDefinition \(attributes)><condition>\(text)</condition></conditionalEventDefinition>"
}

struct ConditionTests {
    @Test func `a catching event goes on when its condition comes to hold`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c">\(condition("= n > 3"))</intermediateCatchEvent>
            \(user("u"))\(chain("s", "c", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "1")])
        #expect(scenario.active == ["c"])
        try scenario.set("n", "3")
        #expect(scenario.active == ["c"])
        try scenario.set("n", "4")
        #expect(scenario.active == ["u"])
    }

    @Test func `a condition that holds already does not wait`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateCatchEvent id="c">\(condition("${n > 3}"))</intermediateCatchEvent>
            \(user("u"))\(chain("s", "c", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "4")])
        #expect(scenario.active == ["u"])
    }

    @Test func `a boundary event looks at each change, of the variable and kind it names`() throws {
        let definition = condition("= n > 3", "camunda:variableName='n' camunda:variableEvents='update'")
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            \(boundary("b", on: "u", definition, attributes: "cancelActivity='false'"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.set("n", "5")
        #expect(scenario.active == ["u"])
        try scenario.set("m", "5")
        #expect(scenario.active == ["u"])
        try scenario.set("n", "6")
        #expect(scenario.active == ["u", "after-b"])
    }

    @Test(arguments: [(true, ["after-b"]), (false, ["after-b", "v"])])
    func `a boundary event happens by what the work of its own activity changed`(
        isInterrupting: Bool, expected: [String]
    ) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(user("v"))\(chain("s", "u", "v"))
            \(boundary("b", on: "u", condition("= n > 3"), attributes: "cancelActivity='\(isInterrupting)'"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "1")])
        try scenario.finish("u", [("n", "4")])
        #expect(scenario.active.sorted() == expected)
    }

    @Test func `a boundary event does not happen by what the output mapping of its activity changed`() throws {
        let mapping = """
            <extensionElements><camunda:inputOutput><camunda:outputParameter name="n">${4}</camunda:outputParameter>
            </camunda:inputOutput></extensionElements>
            """
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u", inside: mapping))\(user("v"))\(chain("s", "u", "v"))
            \(boundary("b", on: "u", condition("= n > 3")))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "1")])
        try scenario.finish("u")
        #expect(scenario.active == ["v"])
    }

    @Test func `an event subprocess begins with what a task changed`() throws {
        let text = bpmn(
            "<startEvent id='s'/>\(user("u"))\(user("v"))\(chain("s", "u", "v"))\(eventSubprocess("e", condition("= stop")))"
        )
        var scenario = try Scenario(text)
        try scenario.start([("stop", "false")])
        try scenario.finish("u", [("stop", "true")])
        #expect(scenario.active == ["e", "in-e"])
    }
}
