import ProcessEngine
import Testing
import Values

struct CallActivityTests {
    private static let text = bpmn(
        """
        <startEvent id="s"/><callActivity id="c" calledElement="q" camunda:calledElementBinding="version"
        camunda:calledElementVersion="2"><extensionElements><camunda:in source="a" target="x"/>
        <camunda:in sourceExpression="${a * 2}" target="y"/><camunda:in businessKey="${key}"/>
        <camunda:out source="r" target="result"/></extensionElements></callActivity>\(chain("s", "c"))
        \(boundary("bad", on: "c", "<errorEventDefinition errorRef='E1'/>"))
        \(boundary("late", on: "c", escalationX, attributes: "cancelActivity='false'"))
        """, declarations: declared)

    private func started() throws -> Scenario {
        var scenario = try Scenario(Self.text)
        try scenario.start([("a", "4"), ("key", "\"k\"")])
        return scenario
    }

    @Test func `asks for an instance of the other process, and takes over what it says`() throws {
        var scenario = try started()
        let call = CallEvent.Call(
            call: 1, activity: 2, element: ElementID("c"),
            target: CallTarget(process: "q", binding: .version(2)), businessKey: "k",
            variables: [Variable(name: "x", value: .number(4)), Variable(name: "y", value: .number(8))],
            catches: .codes(["BAD"]))
        #expect(scenario.instance.openCalls == [call])
        try scenario.send(.endCall(call: 1, .completed([Variable(name: "r", value: .number(5))])))
        #expect(scenario.root("result") == "5")
        #expect(scenario.root("r") == nil)
        #expect(scenario.instance.end == .completed)
    }

    @Test func `an error and an escalation of the called instance are caught on its boundary`() throws {
        var scenario = try started()
        let events = try scenario.send(.endCall(call: 1, .escalation(code: "LATE", variables: [])))
        #expect(events.contains(.call(.escalated(call: 1))))
        #expect(scenario.active == ["c", "after-late"])
        try scenario.send(.endCall(call: 1, .error(BPMNError(code: "BAD"), variables: [])))
        #expect(scenario.active == ["after-late", "after-bad"])
    }

    @Test func `a call that cannot be is an incident, whose retry calls again`() throws {
        var scenario = try started()
        try scenario.send(.endCall(call: 1, .failed(message: "there is no process q")))
        #expect(scenario.incidents == [.callFailed])
        try scenario.resolve()
        #expect(scenario.instance.openCalls.map(\.call) == [2])
        try scenario.send(.cancel(reason: "enough"))
        #expect(scenario.journal.contains(.call(.canceled(call: 2))))
    }

    @Test func `in a simulation the called instance runs, and goes with its caller`() throws {
        let caller = bpmn(
            "<startEvent id='s'/><callActivity id='c' calledElement='q'/>\(chain("s", "c"))\(boundary("b", on: "c", messageM))",
            declarations: declared)
        let called = bpmn(
            "<startEvent id='s'/>\(user("u"))\(chain("s", "u"))", process: "id='q' isExecutable='true'")
        var simulation = Simulation(
            [try definition(caller), try definition(called)], now: Timestamp(millisecondsSinceEpoch: 0),
            contracts: StubContracts())
        try simulation.start("p")
        #expect(simulation.members.map { $0.instance.isEnded } == [false, false])
        try simulation.publish("paid")
        #expect(simulation.members[0].instance.activeActivities.map(\.element.text) == ["after-b"])
        #expect(simulation.members[1].instance.end == .canceled(reason: "its call was canceled"))
    }

    /// Camunda 7 maps them before it looks for who catches, also where that is nobody near.
    @Test(arguments: [
        ("<camunda:out variables='all'/>", "3"), ("<camunda:out source='n' target='m'/>", "null"), ("", "null"),
    ])
    func `what goes out goes out with an error that is caught`(outputs: String, expected: String) throws {
        let caller = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" calledElement="q"><extensionElements>\(outputs)</extensionElements>
            </callActivity>\(chain("s", "c"))\(boundary("b", on: "c", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared)
        let called = bpmn(
            """
            <startEvent id="s"/>\(user("u"))<endEvent id="e"><errorEventDefinition errorRef="E1"/></endEvent>
            \(chain("s", "u", "e"))
            """, declarations: declared, process: "id='q' isExecutable='true'")
        var both = try Ensemble(caller, called)
        try both.finish("u", with: [("n", "3")])
        #expect(both.open == ["after-b"])
        #expect((both.first.rootVariable("n") ?? .null).text == expected)
        #expect((both.first.rootVariable("m") != nil) == outputs.contains("target='m'"))
    }

    @Test func `what an error brings along is the called process's own, for its caller to take`() throws {
        let caller = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" calledElement="q"><extensionElements>
            <camunda:out source="v" target="w"/></extensionElements></callActivity>\(chain("s", "c"))
            \(boundary("b", on: "c", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared)
        let called = bpmn(
            "<startEvent id='s'/>\(user("u"))\(chain("s", "u"))", process: "id='q' isExecutable='true'")
        var both = try Ensemble(caller, called)
        try both.fail("u", "BAD", with: [("v", "5")])
        #expect(both.open == ["after-b"])
        #expect(both.first.rootVariable("w") == .number(5))
        #expect(both.first.rootVariable("v") == nil)
    }

    @Test func `an output that cannot be evaluated keeps no error from being caught`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" calledElement="q"><extensionElements>
            <camunda:out sourceExpression="${missing + 1}" target="x"/></extensionElements></callActivity>
            \(chain("s", "c"))\(boundary("b", on: "c", "<errorEventDefinition errorRef='E1'/>"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.endCall(call: 1, .error(BPMNError(code: "BAD"), variables: [])))
        #expect(scenario.active == ["after-b"])
        #expect(scenario.incidents == [])
    }
}
