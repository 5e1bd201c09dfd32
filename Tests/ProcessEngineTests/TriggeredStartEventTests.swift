import ProcessEngine
import Testing
import Values

struct TriggeredStartEventTests {
    private static let text = bpmn(
        """
        <startEvent id="s"/><startEvent id="m">\(messageM)</startEvent><startEvent id="g">\(signalS)</startEvent>
        <startEvent id="t"><timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition></startEvent>
        \(user("a"))\(user("b"))\(chain("s", "a"))\(chain("m", "b"))\(flow("g", "b"))\(flow("t", "b"))
        """, declarations: declared)

    @Test func `the definition says what starts it`() throws {
        let found = try definition(Self.text).startSubscriptions
        #expect(found.map(\.element.text) == ["m", "g", "t"])
        #expect(found[0].kind == .message(name: "paid"))
        #expect(found[1].kind == .signal(name: "stop"))
    }

    @Test(arguments: [(nil, "a"), ("m", "b"), ("t", "b")] as [(String?, String)])
    func `an instance begins at the event that came`(start: String?, expected: String) throws {
        var scenario = try Scenario(Self.text)
        try scenario.start(at: start)
        #expect(scenario.active == [expected])
    }

    @Test func `a signal starts instances, and a message one`() throws {
        var simulation = Simulation(
            [try definition(Self.text)], now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts())
        simulation.signal("stop")
        try simulation.publish("paid")
        #expect(try simulation.publish("unheard of") == false)
        #expect(simulation.members.count == 2)
    }

    @Test(arguments: [
        messageM, signalS, "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
        "<conditionalEventDefinition><condition>= x</condition></conditionalEventDefinition>",
    ])
    func `the only start event begins an instance whose start names none`(event: String) throws {
        let text = bpmn(
            "<startEvent id='m'>\(event)</startEvent>\(user("a"))\(chain("m", "a"))", declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["a"])
    }

    @Test func `timers start instances as time goes by`() throws {
        var simulation = Simulation(
            [try definition(Self.text)], now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts())
        try simulation.perform(.advance(.seconds(7_200)))
        #expect(simulation.members.count == 2)
        try simulation.perform(.fireTimer(Simulation.Place(ElementID("t"))))
        #expect(simulation.members.count == 3)
        #expect(simulation.now == Timestamp(millisecondsSinceEpoch: 10_800_000))
    }
}
