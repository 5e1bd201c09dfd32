import ProcessEngine
import Testing
import Values

struct ReceiveTaskTests {
    @Test func `waits for its message, whose variables it sets`() throws {
        let text = bpmn(
            "<startEvent id='s'/><receiveTask id='r' messageRef='M'/>\(chain("s", "r"))", declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.instance.openSubscriptions.map(\.kind) == [.message(name: "paid", key: nil)])
        try scenario.correlate("r", [("sum", "3")])
        #expect(scenario.root("sum") == "3")
        #expect(scenario.instance.openSubscriptions.isEmpty)
        #expect(scenario.instance.end == .completed)
    }

    @Test func `one without a message waits for a call, and its boundary events with it`() throws {
        let text = bpmn(
            "<startEvent id='s'/><receiveTask id='r'/>\(chain("s", "r"))\(boundary("b", on: "r", signalS))",
            declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.waitsFor == ["b", "r"])
        try scenario.send(.signal(name: "stop", variables: []))
        #expect(scenario.active == ["after-b"])
        #expect(scenario.waitsFor == [])
        #expect(rejection { try scenario.send(.correlate(subscription: 2, variables: [])) }?.reason == .gone)
    }

    @Test func `a message has the correlation key of its declaration`() throws {
        let key = """
            <message id="K" name="paid"><extensionElements><zeebe:subscription correlationKey="= order"/>
            </extensionElements></message>
            """
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/><receiveTask id='r' messageRef='K'/>\(chain("s", "r"))", declarations: key))
        try scenario.start([("order", "17")])
        #expect(scenario.instance.openSubscriptions.map(\.kind) == [.message(name: "paid", key: .number(17))])
    }

    @Test(arguments: [[], [("order", "null")], [("order", "\"\(String(repeating: "x", count: 5_000))\"")]])
    func `a correlation key that is null or too long is an incident, not an endless wait`(
        variables: [(String, String)]
    ) throws {
        let key = """
            <message id="K" name="paid"><extensionElements><zeebe:subscription correlationKey="= order"/>
            </extensionElements></message>
            """
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/>\(user("u"))<receiveTask id='r' messageRef='K'/>\(chain("s", "u", "r"))",
                declarations: key))
        try scenario.start(variables)
        try scenario.finish("u")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("order", "17")
        try scenario.resolve()
        #expect(scenario.instance.openSubscriptions.map(\.kind) == [.message(name: "paid", key: .number(17))])
    }

    @Test func `in a model that Camunda 7 runs too, a key that is null is none`() throws {
        let key = """
            <message id="K" name="paid"><extensionElements><zeebe:subscription correlationKey="= order"/>
            </extensionElements></message>
            """
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s' camunda:initiator='i'/><receiveTask id='r' messageRef='K'/>\(chain("s", "r"))",
                declarations: key))
        try scenario.start()
        #expect(scenario.instance.openSubscriptions.map(\.kind) == [.message(name: "paid", key: nil)])
    }
}
