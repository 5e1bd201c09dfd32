import ProcessEngine
import Testing
import Values

struct ThrowingEndEventTests {
    @Test func `throws all that it names, and ends its path`() throws {
        let text = bpmn(
            "<startEvent id='s'/><endEvent id='e'>\(messageM)\(signalS)</endEvent>\(chain("s", "e"))",
            declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        let thrown = scenario.journal.compactMap { if case .thrown(let event) = $0 { event } else { nil } }
        #expect(thrown.count == 2)
        #expect(scenario.instance.end == .completed)
    }

    @Test func `compensation is done before the path ends`() throws {
        let text = CompensationBoundaryEventTests.model("<endEvent id='x'>\(compensation)</endEvent>")
            .replacing(flow("x", "z"), with: "").replacing(user("z"), with: "")
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        try scenario.finish("undo-a")
        #expect(scenario.active == ["x", "undo-b"])
        try scenario.finish("undo-b")
        #expect(scenario.instance.end == .completed)
    }
}
