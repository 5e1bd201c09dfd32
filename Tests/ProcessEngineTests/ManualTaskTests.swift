import ProcessEngine
import Testing
import Values

struct ManualTaskTests {
    @Test(arguments: ["manualTask", "task"])
    func `is passed at once`(tag: String) throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/><\(tag) id='t'/>\(chain("s", "t"))"))
        try scenario.start()
        #expect(scenario.completed == ["s", "t"])
        #expect(scenario.instance.end == .completed)
    }
}
