import ProcessEngine
import Testing
import Values

struct LinkCatchEventTests {
    @Test func `a throwing link goes on at the catching link of its name`() throws {
        let link = "<linkEventDefinition name='over'/>"
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateThrowEvent id="x">\(link)</intermediateThrowEvent>
            <intermediateCatchEvent id="c">\(link)</intermediateCatchEvent>\(user("u"))\(chain("s", "x"))\(chain("c", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["u"])
    }
}
