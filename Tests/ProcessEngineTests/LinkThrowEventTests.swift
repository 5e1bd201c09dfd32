import ProcessEngine
import Testing
import Values

struct LinkThrowEventTests {
    @Test func `a link that nothing catches is refused at the start`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><intermediateThrowEvent id="x"><linkEventDefinition name="a"/></intermediateThrowEvent>
            <intermediateCatchEvent id="c"><linkEventDefinition name="b"/></intermediateCatchEvent>\(chain("s", "x"))
            """)
        #expect(problems(text).map(\.code) == ["dangling-reference"])
    }
}
