import ProcessEngine
import Testing
import Values

struct CancelBoundaryEventTests {
    @Test func `has no part in a transaction that completes`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><transaction id="tx"><startEvent id="i"/>\(user("a"))\(chain("i", "a"))</transaction>
            \(user("ok"))\(chain("s", "tx", "ok"))\(boundary("no", on: "tx", "<cancelEventDefinition/>"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["ok"])
    }

    @Test func `a transaction with nothing to undo goes on there at once`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><transaction id="tx"><startEvent id="i"/><endEvent id="c"><cancelEventDefinition/>
            </endEvent>\(chain("i", "c"))</transaction>\(chain("s", "tx"))
            \(boundary("no", on: "tx", "<cancelEventDefinition/>"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["after-no"])
    }
}
