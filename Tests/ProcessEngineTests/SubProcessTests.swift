import ProcessEngine
import Testing
import Values

/// start -> sub[ in -> a -> out ] -> b -> end, with boundary events on sub
private func nested(_ boundary: String = "", inside: String = "", declarations: String = "") -> String {
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

struct ErrorTests {
    static let declarations = "<error id='E1' errorCode='BAD'/><error id='E2' errorCode='WORSE'/>"

    static func boundary(_ id: String, on host: String, _ reference: String?, attributes: String = "") -> String {
        let errorRef = reference.map { "errorRef='\($0)'" } ?? ""
        return """
            <boundaryEvent id="\(id)" attachedToRef="\(host)"><errorEventDefinition \(errorRef) \(attributes)/></boundaryEvent>
            \(task("after-\(id)"))\(flow(id, "after-\(id)"))
            """
    }

    @Test(arguments: [("BAD", "bad"), ("OTHER", "any")])
    func `an exact code is caught before any code`(code: String, expected: String) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t"))\(chain("s", "t"))
            \(Self.boundary("any", on: "t", nil))\(Self.boundary("bad", on: "t", "E1"))
            """, declarations: Self.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.throwError("t", code)
        #expect(scenario.active == ["after-\(expected)"])
        #expect(scenario.canceled == ["t"])
        #expect(scenario.instance.openTasks.map(\.element.text) == ["after-\(expected)"])
    }

    @Test func `the nearest boundary event outwards catches, with code, message and variables`() throws {
        let catcher = Self.boundary(
            "caught", on: "sub", "E2", attributes: "camunda:errorCodeVariable='code' camunda:errorMessageVariable='why'"
        )
        let inner = Self.boundary("notThis", on: "a", "E1")
        var scenario = try Scenario(nested(catcher, inside: inner, declarations: Self.declarations))
        try scenario.start([("detail", "0")])
        try scenario.throwError("a", "WORSE", message: "very", [("detail", "7")])
        #expect(scenario.active == ["after-caught"])
        #expect(scenario.canceled == ["a", "sub"])
        #expect(scenario.root("code") == "\"WORSE\"")
        #expect(scenario.root("why") == "\"very\"")
        #expect(scenario.root("detail") == "7")
    }

    @Test func `an error that nothing catches ends the instance with it`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><parallelGateway id='g'/>\(task("t"))\(task("u"))\(chain("s", "g", "t"))\(flow("g", "u"))"
            ))
        try scenario.start()
        try scenario.throwError("t", "BAD", message: "m")
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: "m"))
        #expect(scenario.canceled == ["t", "u"])
    }

    @Test func `an error end event of a subprocess is caught on its boundary, and its siblings end`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/>\(task("a"))\(task("b"))
            <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>\(chain("in", "g", "a", "bad"))\(flow("g", "b"))</subProcess>
            \(chain("s", "sub"))\(Self.boundary("caught", on: "sub", "E1"))
            """, declarations: Self.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.complete("a")
        #expect(scenario.active == ["after-caught"])
        #expect(scenario.canceled == ["b", "sub"])
    }

    @Test func `an error end event of the process ends it with the error`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><endEvent id='e'><errorEventDefinition errorRef='E1'/></endEvent>\(chain("s", "e"))",
                declarations: Self.declarations))
        try scenario.start()
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: nil))
    }

    @Test func `a reference without a declaration is the code`() throws {
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(task("t"))\(chain("s", "t"))\(Self.boundary("b", on: "t", "PLAIN"))"))
        try scenario.start()
        try scenario.throwError("t", "PLAIN")
        #expect(scenario.active == ["after-b"])
    }

    @Test func `an error thrown in a start's own step does not leak tokens of its siblings`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/>\(task("never"))
            <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>\(chain("in", "g", "bad"))\(flow("g", "never"))</subProcess>
            \(chain("s", "sub"))\(Self.boundary("caught", on: "sub", nil))
            """, declarations: Self.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["after-caught"])
    }
}
