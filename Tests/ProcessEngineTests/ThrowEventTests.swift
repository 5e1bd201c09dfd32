import ProcessEngine
import Testing
import Values

struct ThrowEventTests {
    @Test func `one without an event definition only goes on`() throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/><intermediateThrowEvent id='x'/>\(chain("s", "x"))"))
        try scenario.start()
        #expect(scenario.completed == ["s", "x"])
    }

    @Test func `a signal reaches the instance's own subscriptions at once, and others by its event`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="g"/><intermediateCatchEvent id="c">\(signalS)</intermediateCatchEvent>
            <intermediateThrowEvent id="x"><signalEventDefinition signalRef="S"><extensionElements>
            <camunda:in source="n" target="m"/></extensionElements></signalEventDefinition></intermediateThrowEvent>
            \(chain("s", "g", "c"))\(flow("g", "x"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start([("n", "3")])
        let variables = [Variable(name: "m", value: .number(3))]
        #expect(scenario.journal.contains(.thrown(.signal(name: "stop", by: ElementID("x"), variables: variables))))
        #expect(scenario.root("m") == "3")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a message that an instance throws reaches another that waits, or starts a process`() throws {
        let sender = bpmn(
            "<startEvent id='s'/><intermediateThrowEvent id='x'>\(messageM)</intermediateThrowEvent>\(chain("s", "x"))",
            declarations: declared)
        let receiver = bpmn(
            """
            <startEvent id="s">\(messageM)</startEvent><receiveTask id="r" messageRef="M"/>\(chain("s", "r"))
            """, declarations: declared, process: "id='q' isExecutable='true'")
        var simulation = Simulation(
            [try definition(sender), try definition(receiver)], now: Timestamp(millisecondsSinceEpoch: 0),
            contracts: StubContracts())
        try simulation.start("p")
        #expect(simulation.members.map { $0.definition.process } == ["p", "q"])
        #expect(!simulation.members[1].instance.isEnded)
        try simulation.start("p")
        #expect(simulation.members.count == 3)
        #expect(simulation.members[1].instance.isEnded)
    }

    @Test func `an escalation out of a called process waits until its caller has answered`() throws {
        let called = bpmn(
            """
            <startEvent id="s"/><intermediateThrowEvent id="x">\(escalationX)</intermediateThrowEvent>\(user("u"))
            \(chain("s", "x", "u"))
            """, declarations: declared)
        var scenario = try Scenario(called)
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    parent: ParentCall(instance: InstanceID("caller"), call: 1))))
        #expect(scenario.active == ["x"])
        try scenario.send(.answerEscalation)
        #expect(scenario.active == ["u"])
        #expect(rejection { try scenario.send(.answerEscalation) }?.reason == .gone)
    }

    @Test func `a message has each variable once, with the value that its event says`() throws {
        let mapping =
            "<extensionElements><camunda:inputOutput><camunda:inputParameter name='x'>1</camunda:inputParameter></camunda:inputOutput></extensionElements>"
        let message =
            "<messageEventDefinition messageRef='M'><extensionElements><camunda:in sourceExpression='${2}' target='x'/></extensionElements></messageEventDefinition>"
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateThrowEvent id="t">\(mapping)\(message)</intermediateThrowEvent>\(user("u"))
            \(chain("s", "t", "u"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        let sent = scenario.journal.compactMap { if case .thrown(.message(let message)) = $0 { message } else { nil } }
        #expect(sent.map(\.variables) == [[Variable(name: "x", value: .number(2))]])
    }
}
