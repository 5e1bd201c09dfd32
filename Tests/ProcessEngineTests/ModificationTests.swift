import ProcessEngine
import Testing
import Values

struct ModificationTests {
    private static let text = bpmn(
        """
        <startEvent id="s"/>\(user("a"))<subProcess id="sub"><startEvent id="i"/>\(user("b"))\(user("c"))
        \(chain("i", "b", "c"))</subProcess>\(user("z"))\(chain("s", "a", "sub", "z"))
        \(boundary("t", on: "sub", messageM))
        """, declarations: declared)

    private func started() throws -> Scenario {
        var scenario = try Scenario(Self.text)
        try scenario.start()
        return scenario
    }

    @Test func `a token is put before an element, and the subprocesses around it are entered`() throws {
        var scenario = try started()
        try scenario.send(.modify([.startBefore(ElementID("c")), .cancelAll(ElementID("a"))]))
        #expect(scenario.active == ["sub", "c"])
        #expect(scenario.waitsFor == ["t"])
        try scenario.finish("c")
        #expect(scenario.active == ["z"])
    }

    @Test func `a token is put behind an element`() throws {
        var scenario = try started()
        try scenario.send(.modify([.startAfter(ElementID("sub"), variables: [Variable(name: "n", value: .number(1))])]))
        #expect(scenario.active == ["a", "z"])
        #expect(scenario.root("n") == "1")
    }

    @Test func `tokens are moved`() throws {
        var scenario = try started()
        try scenario.send(.modify([.move(from: ElementID("a"), to: ElementID("b"))]))
        #expect(scenario.active == ["sub", "b"])
        #expect(scenario.canceled == ["a"])
    }

    @Test func `canceling all that is at work cancels the instance`() throws {
        var scenario = try started()
        try scenario.send(.modify([.cancel(activity: 2)]))
        #expect(scenario.instance.end == .canceled(reason: "an operator canceled all that was at work"))
    }

    @Test func `a modification that cannot be changes nothing`() throws {
        var scenario = try started()
        let before = scenario.instance
        for modification: Modification in [
            .startBefore(ElementID("nowhere")), .startBefore(ElementID("t")), .startAfter(ElementID("c")),
            .cancel(activity: 99), .cancelAll(ElementID("z")),
            .setVariables(activity: nil, [Variable(name: "", value: .null)]),
        ] {
            #expect(rejection { try scenario.send(.modify([.cancelAll(ElementID("a")), modification])) } != nil)
        }
        #expect(scenario.instance == before)
    }

    @Test func `tokens that wait at a join are canceled`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><parallelGateway id="f"/>\(user("a"))\(user("b"))<parallelGateway id="j"/>\(user("z"))
                \(chain("s", "f", "a", "j", "z"))\(chain("f", "b", "j"))
                """))
        try scenario.start()
        try scenario.finish("a")
        try scenario.send(.modify([.cancelAll(ElementID("j"))]))
        #expect(scenario.instance.scopeStates.flatMap { $0.waiting }.isEmpty)
        #expect(rejection { try scenario.send(.modify([.cancelAll(ElementID("j"))])) }?.reason == .gone)
        try scenario.send(.modify([.move(from: ElementID("b"), to: ElementID("z"))]))
        #expect(scenario.active == ["z"])
    }

    @Test func `one of several runs is canceled by its number`() throws {
        let marker =
            "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(user("u", inside: marker))\(user("z"))\(chain("s", "u", "z"))"))
        try scenario.start()
        let run = try #require(scenario.instance.openUserTasks.first)
        try scenario.send(.modify([.cancel(activity: run.activity)]))
        #expect(scenario.instance.openUserTasks.count == 1)
        try scenario.finish("u")
        #expect(scenario.active == ["z"])
    }
}
