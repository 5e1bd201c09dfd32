import ProcessEngine
import Testing
import Values

struct EventBasedGatewayTests {
    private static let text = bpmn(
        """
        <startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="m">\(messageM)</intermediateCatchEvent>
        <intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
        </intermediateCatchEvent><receiveTask id="r" messageRef="N"/>\(user("a"))\(user("b"))\(user("c"))
        \(chain("s", "g", "m", "a"))\(chain("g", "t", "b"))\(chain("g", "r", "c"))
        """, declarations: declared)

    @Test(arguments: [("m", "a"), ("t", "b"), ("r", "c")])
    func `the first event that comes is the way on, and the others are waited for no more`(
        event: String, expected: String
    ) throws {
        var scenario = try Scenario(Self.text)
        try scenario.start()
        #expect(scenario.active == ["g"])
        #expect(scenario.waitsFor == ["m", "r"])
        if event == "t" { try scenario.fire("t") } else { try scenario.correlate(event) }
        #expect(scenario.active == [expected])
        #expect(scenario.waitsFor == [])
        #expect(scenario.instance.openTimers.isEmpty)
        #expect(scenario.completed == ["s", "g", event])
    }

    @Test func `one that instantiates begins with the event that came`() throws {
        let text = bpmn(
            """
            <eventBasedGateway id="g" instantiate="true"/><intermediateCatchEvent id="m">\(messageM)</intermediateCatchEvent>
            <receiveTask id="r" messageRef="N"/>\(user("a"))\(user("b"))\(chain("g", "m", "a"))\(chain("g", "r", "b"))
            """, declarations: declared)
        let model = try definition(text)
        #expect(model.startSubscriptions.map(\.kind) == [.message(name: "paid"), .message(name: "sent")])
        var scenario = Scenario(of: model)
        try scenario.start(at: "r")
        #expect(scenario.active == ["b"])
    }

    @Test func `a parallel one begins with the first event, and each of the others goes on by its own way`() throws {
        let text = bpmn(
            """
            <eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>
            <intermediateCatchEvent id="m">\(messageM)</intermediateCatchEvent><receiveTask id="r" messageRef="N"/>
            <endEvent id="a"/><endEvent id="b"/>\(chain("g", "m", "a"))\(chain("g", "r", "b"))
            """, declarations: declared)
        for (first, other) in [("m", "r"), ("r", "m")] {
            var scenario = try Scenario(text)
            try scenario.start(at: first)
            #expect(scenario.active == ["g"])
            #expect(scenario.waitsFor == [other])
            #expect(scenario.instance.end == nil)
            try scenario.correlate(other)
            #expect(scenario.instance.end == .completed)
        }
    }
}
