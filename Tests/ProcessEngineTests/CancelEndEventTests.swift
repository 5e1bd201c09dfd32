import ProcessEngine
import Testing
import Values

struct CancelEndEventTests {
    /// A transaction that does `a`, which can be undone, while `b` is at work, and then cancels.
    static let model = bpmn(
        """
        <startEvent id="s"/><transaction id="tx"><startEvent id="i"/><parallelGateway id="g"/>\(user("a"))\(user("b"))
        <endEvent id="c"><cancelEventDefinition/></endEvent>\(chain("i", "g", "a", "c"))\(flow("g", "b"))
        <boundaryEvent id="ca" attachedToRef="a">\(compensation)</boundaryEvent>
        \(user("undo", attributes: "isForCompensation='true'"))<association id="f" sourceRef="ca" targetRef="undo"/>
        </transaction>\(user("ok"))\(chain("s", "tx", "ok"))
        \(boundary("no", on: "tx", "<cancelEventDefinition/>"))
        """)

    @Test func `ends the transaction, undoes what it did, and goes on at the cancel boundary event`() throws {
        var scenario = try Scenario(Self.model)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["tx", "c", "undo"])
        #expect(scenario.canceled == ["b"])
        try scenario.finish("undo")
        #expect(scenario.active == ["after-no"])
    }
}
