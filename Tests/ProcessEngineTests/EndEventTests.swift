import ProcessEngine
import Testing
import Values

struct EndEventTests {
    /// start -> fork -> end1
    ///               -> a -> end2
    @Test func `ends its own path only; the last one ends the instance`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="start"/><parallelGateway id="fork"/><endEvent id="end1"/>\(task("a"))<endEvent id="end2"/>
                \(chain("start", "fork", "end1"))\(chain("fork", "a", "end2"))
                """))
        try scenario.start()
        #expect(!scenario.instance.isEnded)
        #expect(scenario.completed == ["start", "fork", "end1"])
        try scenario.complete("a")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `what no flow leaves ends its path too`() throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(task("t"))\(chain("s", "t"))"))
        try scenario.start()
        try scenario.complete("t")
        #expect(scenario.instance.end == .completed)
    }
}
