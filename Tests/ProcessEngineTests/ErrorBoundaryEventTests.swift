import ProcessEngine
import Testing
import Values

struct ErrorBoundaryEventTests {
    static let declarations = "<error id='E1' errorCode='BAD'/><error id='E2' errorCode='WORSE'/>"

    static func boundary(_ id: String, on host: String, _ reference: String?, attributes: String = "") -> String {
        let errorRef = reference.map { "errorRef='\($0)'" } ?? ""
        return """
            <boundaryEvent id="\(id)" attachedToRef="\(host)"><errorEventDefinition \(errorRef) \(attributes)/></boundaryEvent>
            \(task("after-\(id)"))\(flow(id, "after-\(id)"))
            """
    }

    @Test(arguments: [("BAD", "bad"), ("OTHER", "any")])
    func `an exact code is caught before any code`(code: String, expected: String) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t"))\(chain("s", "t"))
            \(Self.boundary("any", on: "t", nil))\(Self.boundary("bad", on: "t", "E1"))
            """, declarations: Self.declarations)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.throwError("t", code)
        #expect(scenario.active == ["after-\(expected)"])
        #expect(scenario.canceled == ["t"])
        #expect(scenario.instance.openTasks.map(\.element.text) == ["after-\(expected)"])
    }

    @Test func `the nearest boundary event outwards catches, with code, message and variables`() throws {
        let catcher = Self.boundary(
            "caught", on: "sub", "E2", attributes: "camunda:errorCodeVariable='code' camunda:errorMessageVariable='why'"
        )
        let inner = Self.boundary("notThis", on: "a", "E1")
        var scenario = try Scenario(nested(catcher, inside: inner, declarations: Self.declarations))
        try scenario.start([("detail", "0")])
        try scenario.throwError("a", "WORSE", message: "very", [("detail", "7")])
        #expect(scenario.active == ["after-caught"])
        #expect(scenario.canceled == ["a", "sub"])
        #expect(scenario.root("code") == "\"WORSE\"")
        #expect(scenario.root("why") == "\"very\"")
        #expect(scenario.root("detail") == "7")
    }

    @Test func `an error that nothing catches ends the instance with it`() throws {
        var scenario = try Scenario(
            bpmn(
                "<startEvent id='s'/><parallelGateway id='g'/>\(task("t"))\(task("u"))\(chain("s", "g", "t"))\(flow("g", "u"))"
            ))
        try scenario.start()
        try scenario.throwError("t", "BAD", message: "m")
        #expect(scenario.canceled == ["t"])
        try scenario.complete("u")
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: "m"))
    }

    @Test func `a reference without a declaration is the code`() throws {
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(task("t"))\(chain("s", "t"))\(Self.boundary("b", on: "t", "PLAIN"))"))
        try scenario.start()
        try scenario.throwError("t", "PLAIN")
        #expect(scenario.active == ["after-b"])
    }

    /// As in Camunda 7, which evaluates no code of an error.
    @Test func `a code in JUEL is taken as it stands, at both ends`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/><endEvent id="e"><errorEventDefinition
            errorRef="E1"/></endEvent>\(chain("i", "e"))</subProcess>\(chain("s", "sub"))
            \(Self.boundary("b", on: "sub", "E1"))
            """, declarations: "<error id='E1' errorCode='${code}'/>")
        #expect(try definition(text).warnings.map(\.code) == ["code-not-evaluated", "code-not-evaluated"])
        var scenario = try Scenario(text)
        try scenario.start([("code", "\"BAD\"")])
        #expect(scenario.active == ["after-b"])
    }
}
