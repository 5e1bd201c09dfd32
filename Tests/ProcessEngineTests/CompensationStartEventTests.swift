import ProcessEngine
import Testing
import Values

struct CompensationStartEventTests {
    @Test func `its subprocess undoes the subprocess around it, with the variables of then`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><extensionElements><waybill:input name="n" value="= 7"/>
            </extensionElements><startEvent id="i"/>\(user("u"))\(chain("i", "u"))
            <subProcess id="e" triggeredByEvent="true"><startEvent id="c">\(compensation)</startEvent>
            \(task("undo"))\(chain("c", "undo"))</subProcess></subProcess>
            <intermediateThrowEvent id="x">\(compensation)</intermediateThrowEvent>\(user("v"))
            \(chain("s", "sub", "x", "v"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.active == ["x", "e", "undo"])
        #expect(try scenario.input(of: "undo") == #"{"n":7}"#)
        try scenario.complete("undo")
        #expect(scenario.active == ["v"])
    }
}
