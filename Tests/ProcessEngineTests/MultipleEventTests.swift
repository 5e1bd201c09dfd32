import ProcessEngine
import Testing
import Values

/// Events of several kinds at once, errors and escalations among them.
struct MultipleEventTests {
    private static let error = "<errorEventDefinition errorRef='E1'/>"

    private func inTransaction(_ definitions: String) -> String {
        bpmn(
            """
            <startEvent id="s"/><transaction id="tx"><startEvent id="i"/><parallelGateway id="g"/>\(user("a"))
            <endEvent id="e">\(definitions)</endEvent>\(chain("i", "g", "e"))\(chain("g", "a"))</transaction>\(user("ok"))
            \(chain("s", "tx", "ok"))\(boundary("bad", on: "tx", Self.error))
            \(boundary("no", on: "tx", "<cancelEventDefinition/>"))
            """, declarations: declared)
    }

    @Test(arguments: [
        ("<terminateEventDefinition/>", "ok"), ("<cancelEventDefinition/>", "after-no"), (error, "after-bad"),
        (error + "<terminateEventDefinition/>", "after-bad"),
    ])
    func `an end event throws the others before it ends its scope`(ending: String, expected: String) throws {
        var scenario = try Scenario(inTransaction(signalS + ending))
        try scenario.start()
        #expect(scenario.active == [expected])
        let signals = scenario.journal.filter { if case .thrown(.signal) = $0 { true } else { false } }
        #expect(signals.count == 1)
    }

    @Test func `an intermediate event cannot end its scope`() {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateThrowEvent id="t">\(signalS)<terminateEventDefinition/>
            </intermediateThrowEvent>\(chain("s", "t"))
            """, declarations: declared)
        #expect(problems(text).map(\.code) == ["unsupported-element"])
    }

    @Test func `a boundary event takes a message or an error`() throws {
        let text = bpmn(
            "<startEvent id='s'/>\(task("t"))\(chain("s", "t"))\(boundary("b", on: "t", messageM + Self.error))",
            declarations: declared)
        var byMessage = try Scenario(text)
        try byMessage.start()
        try byMessage.correlate("b")
        #expect(byMessage.active == ["after-b"])
        var byError = try Scenario(text)
        try byError.start()
        try byError.throwError("t", "BAD")
        #expect(byError.active == ["after-b"])
        #expect(byError.waitsFor == [])
    }

    @Test func `a boundary event takes an escalation or an error, and goes on beside its activity only without errors`()
        throws
    {
        let inner = "<startEvent id='i'/><endEvent id='e'>\(escalationX)</endEvent>\(chain("i", "e"))"
        func text(_ definitions: String, _ attributes: String) -> String {
            bpmn(
                """
                <startEvent id="s"/><subProcess id="sp">\(inner)</subProcess>\(chain("s", "sp"))
                \(boundary("b", on: "sp", definitions, attributes: attributes))
                """, declarations: declared)
        }
        var scenario = try Scenario(text(Self.error + escalationX, ""))
        try scenario.start()
        #expect(scenario.active == ["after-b"])
        #expect(scenario.canceled.contains("sp"))
        #expect(
            problems(text(Self.error + escalationX, "cancelActivity='false'")).map(\.code) == ["invalid-boundary-event"]
        )
    }

    @Test func `an event subprocess begins with a message or an error`() throws {
        let text = bpmn(
            "<startEvent id='s'/>\(task("t"))\(chain("s", "t"))\(eventSubprocess("x", messageM + Self.error))",
            declarations: declared)
        var byMessage = try Scenario(text)
        try byMessage.start()
        try byMessage.correlate("start-x")
        #expect(byMessage.active == ["x", "in-x"])
        var byError = try Scenario(text)
        try byError.start()
        try byError.throwError("t", "BAD")
        #expect(byError.active == ["x", "in-x"])
    }

    @Test func `a process cannot start with an error, and not all of several can be waited for with one`() {
        let start = bpmn(
            "<startEvent id='s'>\(messageM)\(Self.error)</startEvent>\(user("u"))\(chain("s", "u"))",
            declarations: declared)
        #expect(problems(start).map(\.code) == ["unsupported-element"])
        let parallel = bpmn(
            """
            <startEvent id="s"/>\(task("t"))\(chain("s", "t"))
            \(boundary("b", on: "t", messageM + Self.error, attributes: "parallelMultiple='true'"))
            """, declarations: declared)
        #expect(problems(parallel).map(\.code).contains("unsupported-element"))
    }
}
