import ProcessEngine
import Testing
import Values

/// What an instance does while an operator has stopped it, and when it goes on.
@Suite struct SuspensionTests {
    /// start -> fork -> work -> done
    ///               -> wait for message M -> heard
    private static let text = bpmn(
        """
        <startEvent id="s"/><parallelGateway id="f"/>\(task("work"))\(user("done"))
        <intermediateCatchEvent id="wait">\(messageM)</intermediateCatchEvent>\(user("heard"))
        \(chain("s", "f", "work", "done"))\(chain("f", "wait", "heard"))
        \(boundary("alarm", on: "work", signalS, attributes: "cancelActivity=\"false\""))
        """, declarations: declared)

    private func suspended(_ text: String = text) throws -> Scenario {
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.suspend)
        return scenario
    }

    @Test func `a result is held, and applied when the instance goes on`() throws {
        var scenario = try suspended()
        #expect(try scenario.complete("work", [("n", "1")]).count == 1)
        #expect(scenario.active == ["work", "wait"] && scenario.root("n") == nil)
        try scenario.send(.resume)
        #expect(scenario.active == ["wait", "done"] && scenario.root("n") == "1")
        #expect(!scenario.instance.isSuspended)
    }

    @Test func `an attempt that is over once takes nothing more`() throws {
        var scenario = try suspended()
        let number = try scenario.number(of: "work")
        try scenario.complete("work")
        #expect(rejection { try scenario.complete("work") }?.reason == .gone)
        #expect(rejection { try scenario.fail("work") }?.reason == .gone)
        #expect(
            rejection { try scenario.send(.recordTaskEvent(number: number, name: "e", payload: .null)) }?.reason
                == .gone)
    }

    @Test func `failures and errors are held too`() throws {
        var scenario = try suspended()
        try scenario.fail("work", retry: false)
        #expect(scenario.incidents.isEmpty)
        try scenario.send(.resume)
        #expect(scenario.incidents == [.taskFailed])
        var other = try suspended()
        try other.throwError("work", "UNKNOWN")
        try other.send(.resume)
        #expect(other.instance.uncaughtError?.code == "UNKNOWN")
    }

    @Test func `messages and signals are held in the order in which they came`() throws {
        var scenario = try suspended()
        let before = scenario.active
        try scenario.correlate("wait", [("paid", "true")])
        #expect(rejection { try scenario.correlate("wait") }?.reason == .gone)
        try scenario.send(.signal(name: "stop", variables: []))
        try scenario.send(.signal(name: "stop", variables: []))
        #expect(try scenario.send(.signal(name: "nobody's", variables: [])).isEmpty)
        #expect(scenario.active == before)
        try scenario.send(.resume)
        #expect(scenario.active == ["work", "heard", "after-alarm", "after-alarm"])
        #expect(scenario.root("paid") == "true")
    }

    @Test func `a message whose receiver was taken away looks for another`() throws {
        var scenario = try suspended()
        try scenario.correlate("wait", [("n", "1")])
        try scenario.send(.modify([.cancelAll(ElementID("wait"))]))
        let events = try scenario.send(.resume)
        let thrown = events.compactMap { event -> ThrownMessage? in
            if case .thrown(.message(let message)) = event { message } else { nil }
        }
        #expect(thrown.map(\.name) == ["paid"])
        #expect(thrown.first?.variables == [Variable(name: "n", value: .number(1))])
    }

    @Test func `an operator repairs it meanwhile`() throws {
        var scenario = try suspended()
        try scenario.set("n", "1")
        try scenario.send(.modify([.move(from: ElementID("work"), to: ElementID("done"))]))
        #expect(scenario.active == ["wait", "done"] && scenario.instance.isSuspended)
        #expect(rejection { try scenario.finish("done") }?.reason == .conflict)
        try scenario.send(.resume)
        try scenario.finish("done")
        #expect(scenario.active == ["wait"])
    }

    /// A condition that held before, and did not change, does not happen again.
    @Test func `conditions look at what changed when the instance goes on`() throws {
        let condition = "<conditionalEventDefinition><condition>${x &gt; 5}</condition></conditionalEventDefinition>"
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))\(chain("s", "a"))
            \(boundary("c", on: "a", condition, attributes: "cancelActivity=\"false\""))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start([("x", "1")])
        try scenario.set("x", "6")
        #expect(scenario.active == ["a", "after-c"])
        try scenario.send(.suspend)
        try scenario.send(.resume)
        #expect(scenario.active == ["a", "after-c"])
        try scenario.send(.suspend)
        try scenario.set("x", "7")
        #expect(scenario.active == ["a", "after-c"])
        try scenario.send(.resume)
        #expect(scenario.active == ["a", "after-c", "after-c"])
    }

    @Test func `what is so already is a conflict, and an end is an end`() throws {
        var scenario = try suspended()
        #expect(rejection { try scenario.send(.suspend) }?.reason == .conflict)
        try scenario.send(.resume)
        #expect(rejection { try scenario.send(.resume) }?.reason == .conflict)
        try scenario.send(.suspend)
        try scenario.complete("work")
        try scenario.send(.cancel(reason: "enough"))
        #expect(scenario.instance.isEnded && !scenario.instance.isSuspended)
    }
}
