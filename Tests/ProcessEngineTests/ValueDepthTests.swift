import ProcessEngine
import Testing
import Values

/// A value that is wrapped again and again becomes an incident before it becomes something that nobody can read.
struct ValueDepthTests {
    private static let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    /// Each makes a list around `x`.
    private static let wrappers = [
        "<scriptTask id='t' scriptFormat='feel' camunda:resultVariable='x'><script>[x]</script></scriptTask>",
        "<serviceTask id='t' camunda:expression='= [x]' camunda:resultVariable='x'/>",
        "<serviceTask id='t' camunda:expression='= 1'><extensionElements><zeebe:ioMapping><zeebe:input source='= [x]' target='y'/></zeebe:ioMapping></extensionElements></serviceTask>",
        "<callActivity id='t' calledElement='q'><extensionElements><camunda:in sourceExpression='= [x]' target='y'/></extensionElements></callActivity>",
        "<userTask id='t'><multiInstanceLoopCharacteristics camunda:collection='= [x]'/></userTask>",
    ]

    @Test(arguments: wrappers)
    func `what is nested too deep is an incident`(element: String) throws {
        let text = bpmn("<startEvent id='s'/>\(user("a"))\(element)\(chain("s", "a", "t"))")
        for (value, kinds) in [(Self.deep, [Event.Incident.Kind.expressionFailed]), ("[1]", [])] {
            var scenario = try Scenario(text)
            try scenario.start([("x", value)])
            try scenario.finish("a")
            #expect(scenario.incidents == kinds)
        }
    }

    @Test func `so is what the runs of a loop give together`() throws {
        let loop =
            """
            <multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="= [1]"
            outputCollection="all" outputElement="= x"/></extensionElements></multiInstanceLoopCharacteristics>
            """
        let text = bpmn("<startEvent id='s'/>\(user("t", inside: loop))\(user("z"))\(chain("s", "t", "z"))")
        var scenario = try Scenario(text)
        try scenario.start([("x", Self.deep)])
        try scenario.finish("t")
        #expect(scenario.incidents == [.expressionFailed])
    }
}
