import ProcessEngine
import Testing
import Values

struct SavePointTests {
    @Test func `work after a save point is done in a step of its own, by a timer that is due at once`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" camunda:expression="${x}" camunda:asyncBefore="true"
            camunda:resultVariable="y"/><userTask id="u" camunda:asyncAfter="true"/>\(user("z"))\(chain("s", "t", "u", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("x", "1")])
        #expect(scenario.active == ["t"])
        #expect(scenario.instance.openTimers.map(\.dueAt) == [scenario.now])
        try scenario.fire("t")
        #expect(scenario.root("y") == "1")
        try scenario.finish("u")
        #expect(scenario.active == ["u"])
        #expect(scenario.instance.openUserTasks.isEmpty)
        try scenario.fire("u")
        #expect(scenario.active == ["z"])
    }

    @Test func `what fails after a save point is an incident, and the start is not refused`() throws {
        let text = bpmn(
            "<startEvent id='s' camunda:asyncBefore='true'/><serviceTask id='t' camunda:expression='${x}'/>\(chain("s", "t"))"
        )
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.fire("s")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("x", "1")
        try scenario.resolve()
        #expect(scenario.instance.end == .completed)
    }

    @Test func `each run of a loop has its save points`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" camunda:expression="${1}" camunda:asyncBefore="true">
            <multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>
            </serviceTask>\(chain("s", "t"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.instance.openTimers.count == 2)
        try scenario.fire("t")
        try scenario.fire("t")
        #expect(scenario.instance.end == .completed)
    }
}
