import ProcessEngine
import Testing
import Values

/// start -> sub[ in -> a -> out ] -> b -> end, with boundary events on sub
func nested(_ boundary: String = "", inside: String = "", declarations: String = "") -> String {
    bpmn(
        """
        <startEvent id="start"/>
        <subProcess id="sub">\(inside)<startEvent id="in"/>\(task("a"))<endEvent id="out"/>\(chain("in", "a", "out"))</subProcess>
        \(task("b"))<endEvent id="end"/>\(chain("start", "sub", "b", "end"))
        \(boundary)
        """, declarations: declarations)
}

struct SubProcessTests {
    @Test func `goes on when its last path has ended`() throws {
        var scenario = try Scenario(nested())
        try scenario.start()
        #expect(scenario.active == ["sub", "a"])
        try scenario.complete("a")
        #expect(scenario.active == ["b"])
        try scenario.complete("b")
        #expect(scenario.completed == ["start", "in", "a", "out", "sub", "b", "end"])
        #expect(scenario.instance.end == .completed)
    }

    @Test func `one inside another, empty ones too`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><subProcess id="o"><startEvent id="os"/><subProcess id="i"><startEvent id="is"/></subProcess>
                \(chain("os", "i"))</subProcess><endEvent id="e"/>\(chain("s", "o", "e"))
                """))
        try scenario.start()
        #expect(scenario.completed == ["s", "os", "is", "i", "o", "e"])
        #expect(scenario.instance.end == .completed)
    }

    @Test func `its input mapping makes variables of its own, its output mapping tells`() throws {
        let inside = """
            <extensionElements><zeebe:ioMapping><zeebe:input source="= x * 2" target="local"/>
            <zeebe:output source="= local + 1" target="result"/></zeebe:ioMapping></extensionElements>
            """
        var scenario = try Scenario(nested(inside: inside))
        try scenario.start([("x", "5")])
        #expect(scenario.root("local") == nil)
        #expect(scenario.instance.variables(of: 2)?.map(\.value.text) == ["10"])
        try scenario.complete("a", [("local", "20"), ("x", "6")])
        #expect(scenario.root("result") == "21")
        #expect(scenario.root("local") == nil)
        #expect(scenario.root("x") == "6")
    }

    @Test func `cancel ends everything in it`() throws {
        let timer =
            "<boundaryEvent id='late' attachedToRef='sub'><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        var scenario = try Scenario(nested(timer))
        try scenario.start()
        try scenario.fail("a", retry: false)
        try scenario.send(.cancel(reason: "enough"))
        #expect(scenario.instance.end == .canceled(reason: "enough"))
        #expect(scenario.canceled == ["a", "sub"])
        for event: Event in [
            .taskCanceled(task: 1), .timerCanceled(timer: 1), .scopeClosed(scope: 2), .incidentResolved(incident: 1),
        ] {
            #expect(scenario.journal.contains(event))
        }
        #expect(scenario.instance.openTasks.isEmpty && scenario.instance.openTimers.isEmpty)
        #expect(rejection { try scenario.send(.cancel(reason: "again")) }?.reason == .gone)
    }
}
