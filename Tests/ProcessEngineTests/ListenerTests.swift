import ProcessEngine
import Testing
import Values

struct ListenerTests {
    private static func listener(_ kind: String, _ event: String, _ attribute: String) -> String {
        "<extensionElements><camunda:\(kind) event=\"\(event)\" \(attribute)/></extensionElements>"
    }

    @Test(arguments: [
        ("executionListener", "start"), ("executionListener", "end"), ("taskListener", "create"),
        ("taskListener", "complete"),
    ])
    func `an expression that fails is an incident`(kind: String, event: String) throws {
        let inside = Self.listener(kind, event, "expression=\"${x.size()}\"")
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(user("a"))\(user("u", inside: inside))\(chain("s", "a", "u"))"))
        try scenario.start()
        try scenario.finish("a")
        if scenario.incidents.isEmpty { try scenario.finish("u") }
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("x", "[]")
        try scenario.resolve()
        if !scenario.instance.isEnded { try scenario.finish("u") }
        #expect(scenario.instance.end == .completed)
    }

    @Test(arguments: [("class=\"a.B\"", "host-language"), ("expression=\"${x}\"", "unsupported-element")])
    func `code is refused, and moments that do not exist here`(attribute: String, code: String) {
        let inside = Self.listener("executionListener", "take", attribute)
        let text = bpmn("<startEvent id='s'/>\(user("u", inside: inside))\(chain("s", "u"))")
        #expect(problems(text).map(\.code) == [code])
    }

    @Test func `a flow out of an event-based gateway is taken when its event comes`() throws {
        let take = Self.listener("executionListener", "take", "expression=\"${execution.setVariable('way', 'paid')}\"")
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="m">\(messageM)
                </intermediateCatchEvent><intermediateCatchEvent id="n">\(signalS)</intermediateCatchEvent>\(user("z"))
                \(chain("s", "g", "n"))<sequenceFlow id="f" sourceRef="g" targetRef="m">\(take)</sequenceFlow>
                \(flow("m", "z"))
                """, declarations: declared))
        try scenario.start()
        #expect(scenario.root("way") == nil)
        try scenario.correlate("m")
        #expect(scenario.active == ["z"])
        #expect(scenario.root("way") == "\"paid\"")
    }

    @Test func `a listener for a timeout says what to use instead`() {
        let text = bpmn(
            "<startEvent id='s'/>\(user("u", inside: Self.listener("taskListener", "timeout", "expression='${x}'")))\(chain("s", "u"))"
        )
        #expect(problems(text).map(\.code) == ["unsupported-element"])
        #expect(problems(text).first?.suggestion?.contains("timer boundary event") == true)
    }

    @Test func `an answer that an error definition names is a BPMN error`() throws {
        let inside = """
            <extensionElements><camunda:errorEventDefinition errorRef="E1" expression="${ok == false}"/>
            <camunda:errorEventDefinition errorRef="E1" expression="${externalTask.errorMessage == 'gone'}"/>
            </extensionElements>
            """
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t", inside: inside))\(user("z"))\(chain("s", "t", "z"))
            \(boundary("b", on: "t", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared)
        for (answer, expected) in [("true", "z"), ("false", "after-b")] {
            var scenario = try Scenario(text)
            try scenario.start()
            try scenario.complete("t", [("ok", answer)])
            #expect(scenario.active == [expected])
        }
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.fail("t", "other")
        #expect(scenario.active == ["t"])
        try scenario.fail("t", "gone")
        #expect(scenario.active == ["after-b"])
    }
}
