import ProcessEngine
import Testing
import Values

struct CompensationBoundaryEventTests {
    /// Two tasks that can be undone, then `throwing`.
    static func model(_ throwing: String) -> String {
        bpmn(
            """
            <startEvent id="s"/>\(user("a"))\(user("b"))\(throwing)\(user("z"))\(chain("s", "a", "b", "x", "z"))
            <boundaryEvent id="ca" attachedToRef="a">\(compensation)</boundaryEvent>
            <boundaryEvent id="cb" attachedToRef="b">\(compensation)</boundaryEvent>
            \(user("undo-a", attributes: "isForCompensation='true'"))\(user("undo-b", attributes: "isForCompensation='true'"))
            <association id="f" sourceRef="ca" targetRef="undo-a"/><association id="g" sourceRef="cb" targetRef="undo-b"/>
            """)
    }

    @Test func `what completed is undone, the last first, and the event waits for all`() throws {
        var scenario = try Scenario(
            Self.model("<intermediateThrowEvent id='x'>\(compensation)</intermediateThrowEvent>"))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.active == ["x", "undo-b", "undo-a"])
        try scenario.finish("undo-a")
        #expect(scenario.active == ["x", "undo-b"])
        try scenario.finish("undo-b")
        #expect(scenario.active == ["z"])
        #expect(scenario.completed == ["s", "a", "b", "undo-a", "undo-b", "x"])
    }

    @Test func `an event can name the one activity to undo`() throws {
        var scenario = try Scenario(
            Self.model(
                "<intermediateThrowEvent id='x'><compensateEventDefinition activityRef='a'/></intermediateThrowEvent>"))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.active == ["x", "undo-a"])
    }

    @Test func `nothing is undone twice, and a cancel takes the handlers with it`() throws {
        var scenario = try Scenario(
            Self.model("<intermediateThrowEvent id='x'>\(compensation)</intermediateThrowEvent>"))
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        try scenario.finish("undo-b")
        try scenario.send(.cancel(reason: "enough"))
        #expect(scenario.canceled == ["undo-a", "x"])
    }
}
