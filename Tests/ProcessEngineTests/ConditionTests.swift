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

    private static let setsOne = "camunda:expression=\"${execution.setVariable('n', 1)}\""

    @Test(
        arguments: [
            "<serviceTask id='x' \(setsOne)/>",
            "<scriptTask id='x' scriptFormat='feel' camunda:resultVariable='n'><script>1</script></scriptTask>",
            "<sendTask id='x' \(setsOne)/>",
        ], [true, false])
    func `the work of an activity that is over at once meets the condition on its boundary`(
        work: String, isInterrupting: Bool
    ) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(work)\(user("v"))\(chain("s", "u", "x", "v"))
            \(boundary("b", on: "x", condition("${n == 1}"), attributes: "cancelActivity='\(isInterrupting)'"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "0")])
        try scenario.finish("u")
        #expect(scenario.active.sorted() == (isInterrupting ? ["after-b"] : ["after-b", "v"]))
        #expect(scenario.canceled == (isInterrupting ? ["x"] : []))
        #expect(scenario.instance.openSubscriptions.isEmpty)
    }

    @Test func `a condition that holds already takes the activity away before its work`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="x" camunda:expression="${1}" camunda:resultVariable="r"/>
            \(chain("s", "x"))\(boundary("b", on: "x", condition("${n == 1}")))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "1")])
        #expect(scenario.active == ["after-b"])
        #expect(scenario.root("r") == nil)
    }

    @Test func `work that fails is retried beside the same condition`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))<serviceTask id="x" camunda:expression="${missing}"/>\(chain("s", "u", "x"))
            \(boundary("b", on: "x", condition("${n == 1}")))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("n", "0")])
        try scenario.finish("u")
        try scenario.resolve()
        #expect(scenario.incidents == [.expressionFailed])
        #expect(scenario.instance.openSubscriptions.count == 1)
        try scenario.set("n", "1")
        #expect(scenario.active == ["after-b"])
    }

    /// Camunda 7 sets three variables when the runs begin, and two when one ends.
    @Test func `each count of a loop is a change of its own`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("x", inside: times(3)))\(chain("s", "x"))
            \(boundary("all", on: "x", condition("${nrOfInstances == 3}"), attributes: "cancelActivity='false'"))
            \(boundary("one", on: "x", condition("${nrOfCompletedInstances == 1}")))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active.filter { $0 == "after-all" }.count == 3)
        try scenario.finish("x")
        #expect(Set(scenario.active) == ["after-all", "after-one"])
    }
}
