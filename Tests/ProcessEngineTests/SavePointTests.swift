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

    @Test(arguments: [("R3/PT10M", ["PT10M", "PT10M"]), ("PT1M,PT10M", ["PT1M", "PT10M"])])
    func `what fails after a save point is tried again by its retry cycle, and then is an incident`(
        cycle: String, pauses: [String]
    ) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" camunda:expression="${x}" camunda:asyncBefore="true">
            <extensionElements><camunda:failedJobRetryTimeCycle>\(cycle)</camunda:failedJobRetryTimeCycle></extensionElements>
            </serviceTask>\(chain("s", "t"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        for pause in pauses {
            try scenario.fire("t")
            #expect(scenario.incidents.isEmpty)
            let due = scenario.now.adding(try #require(CalendarDuration(iso8601: pause)))
            #expect(scenario.instance.openTimers.map(\.dueAt) == [due])
        }
        try scenario.fire("t")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("x", "1")
        try scenario.resolve()
        try scenario.fire("t")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a retry cycle that is none is refused`() {
        let text = bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" camunda:expression="${x}" camunda:asyncBefore="true">
            <extensionElements><camunda:failedJobRetryTimeCycle>often</camunda:failedJobRetryTimeCycle></extensionElements>
            </serviceTask>\(chain("s", "t"))
            """)
        #expect(problems(text).map(\.code) == ["invalid-retries"])
    }
}
