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

    static let markers = [
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
        "<multiInstanceLoopCharacteristics isSequential='true'><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
        "<standardLoopCharacteristics loopMaximum='3'/>",
    ]

    @Test(arguments: markers)
    func `in a loop it ends the loop with all its runs`(marker: String) throws {
        var scenario = try Scenario(
            Self.model.replacing("<transaction id=\"tx\">", with: "<transaction id=\"tx\">\(marker)"))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("undo")
        #expect(scenario.active == ["after-no"])
    }

    @Test(arguments: markers)
    func `in a loop without a cancel boundary event the path ends`(marker: String) throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><transaction id="tx">\(marker)<startEvent id="i"/>\(user("a"))
                <endEvent id="c"><cancelEventDefinition/></endEvent>\(chain("i", "a", "c"))</transaction>
                \(user("ok"))\(chain("s", "tx", "ok"))
                """))
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a handler that cancels itself lets the throwing event go on`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/>\(user("a"))
                <intermediateThrowEvent id="t">\(compensation)</intermediateThrowEvent>\(user("z"))
                \(chain("s", "a", "t", "z"))
                <boundaryEvent id="ca" attachedToRef="a">\(compensation)</boundaryEvent>
                <transaction id="undo" isForCompensation="true"><startEvent id="i"/>\(user("b"))
                <endEvent id="c"><cancelEventDefinition/></endEvent>\(chain("i", "b", "c"))</transaction>
                <association id="f" sourceRef="ca" targetRef="undo"/>
                """))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.active == ["z"])
    }
}
