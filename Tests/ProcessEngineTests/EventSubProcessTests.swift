import ProcessEngine
import Testing
import Values

struct EventSubProcessTests {
    @Test func `an interrupting one takes the place of all else in its scope`() throws {
        let text = bpmn(
            "<startEvent id='s'/>\(user("u"))\(chain("s", "u"))\(eventSubprocess("e", messageM))",
            declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.waitsFor == ["start-e"])
        try scenario.correlate("start-e", [("n", "1")])
        #expect(scenario.active == ["e", "in-e"])
        #expect(scenario.canceled == ["u"])
        #expect(scenario.waitsFor == [])
        try scenario.finish("in-e")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `another runs beside, as often as its event comes`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))\(eventSubprocess("e", signalS, isInterrupting: false))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.signal(name: "stop", variables: []))
        try scenario.send(.signal(name: "stop", variables: []))
        #expect(scenario.active == ["u", "e", "in-e", "e", "in-e"])
        try scenario.finish("u")
        try scenario.finish("in-e")
        #expect(!scenario.instance.isEnded)
        try scenario.finish("in-e")
        #expect(scenario.instance.end == .completed)
        #expect(scenario.journal.contains(.subscription(.closed(subscription: 1))))
    }

    @Test func `one inside a subprocess ends only what is in there, and the rest goes on after it`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(user("u"))\(chain("i", "u"))
            \(eventSubprocess("e", "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"))
            </subProcess>\(user("v"))\(chain("s", "sub", "v"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.fire("start-e")
        #expect(scenario.active == ["sub", "e", "in-e"])
        try scenario.finish("in-e")
        #expect(scenario.active == ["v"])
    }

    @Test func `a cycle that does not interrupt fires again until its scope ends`() throws {
        let cycle = "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>"
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/>\(user("u"))\(chain("s", "u"))\(eventSubprocess("e", cycle, isInterrupting: false))"
            ))
        try scenario.start()
        try scenario.fire("start-e")
        try scenario.fire("start-e")
        try scenario.finish("in-e")
        try scenario.finish("in-e")
        try scenario.finish("u")
        #expect(scenario.instance.end == .completed)
        #expect(scenario.instance.openTimers.isEmpty)
    }

    @Test func `one that takes all of its triggers takes what each of them brings`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))<subProcess id="e" triggeredByEvent="true">
            <startEvent id="es" parallelMultiple="true" isInterrupting="false">\(messageM)
            <messageEventDefinition messageRef='N'/></startEvent>\(user("in"))\(flow("es", "in"))</subProcess>
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.correlate("es", [("first", "1")])
        try scenario.correlate("es", [("second", "2")])
        #expect(scenario.root("first") == "1" && scenario.root("second") == "2")
        #expect(scenario.active == ["u", "e", "in"] && scenario.waitsFor == ["es", "es"])
    }
}
