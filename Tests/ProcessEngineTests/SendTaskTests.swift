import ProcessEngine
import Testing
import Values

struct SendTaskTests {
    @Test func `throws its message, with the variables that its mappings make`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><sendTask id="t" messageRef="M"><extensionElements>
            <waybill:input name="amount" value="= n * 2"/></extensionElements></sendTask>\(chain("s", "t"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start([("n", "2")])
        let message = ThrownMessage(
            name: "paid", by: ElementID("t"), correlationKey: nil, businessKey: nil,
            variables: [Variable(name: "amount", value: .number(4))])
        #expect(scenario.journal.contains(.thrown(.message(message))))
        #expect(scenario.instance.end == .completed)
    }

    @Test func `one that names a contract is a task of an agent`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><sendTask id='t' camunda:type='external' camunda:topic='mail'/>\(chain("s", "t"))")
        )
        try scenario.start()
        try scenario.complete("t")
        #expect(scenario.instance.end == .completed)
    }
}
