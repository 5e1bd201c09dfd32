import ProcessEngine
import Testing
import Values

struct AdHocSubProcessTests {
    @Test func `all that no flow leads to begins, and it ends with the last`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x">\(user("a"))\(user("b"))\(user("c"))\(flow("b", "c"))
            </adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["x", "a", "b"])
        try scenario.finish("b")
        try scenario.finish("a")
        try scenario.finish("c")
        #expect(scenario.active == ["z"])
    }

    @Test func `ends as soon as its completion condition holds`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x">\(user("a"))\(user("b"))
            <completionCondition>= done</completionCondition></adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("done", "false")])
        try scenario.finish("a", [("done", "true")])
        #expect(scenario.active == ["z"])
        #expect(scenario.canceled == ["b"])
    }

    @Test func `its collection says what begins`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x"><extensionElements>
            <zeebe:adHoc activeElementsCollection='= ["c", "a"]'/></extensionElements>\(user("a"))\(user("b"))\(user("c"))
            </adHocSubProcess>\(chain("s", "x"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["x", "c", "a"])
        try scenario.finish("c")
        try scenario.finish("a")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `one that is sequential does one after the other, each with what follows it`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x" ordering="Sequential">\(user("a"))\(user("b"))\(user("c"))
            \(flow("a", "c"))</adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.active == ["x", "a"])
        try scenario.finish("a")
        #expect(scenario.active == ["x", "c"])
        try scenario.finish("c")
        #expect(scenario.active == ["x", "b"])
        try scenario.finish("b")
        #expect(scenario.active == ["z"])
    }

    @Test func `what waits for its turn never comes once the completion condition holds`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x" ordering="Sequential" cancelRemainingInstances="false">
            \(user("a"))\(user("b"))<completionCondition>= done</completionCondition></adHocSubProcess>
            \(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("done", "false")])
        try scenario.finish("a", [("done", "true")])
        #expect(scenario.active == ["z"])
    }

    private static let sequential = bpmn(
        """
        <startEvent id="s"/><adHocSubProcess id="x" ordering="Sequential">\(user("a"))\(user("b"))\(user("c"))
        </adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
        """)

    @Test func `a sequential one is migrated, and what waits for its turn has it by its new name`() throws {
        var scenario = try Scenario(Self.sequential)
        try scenario.start()
        try scenario.migrate(to: Self.sequential.replacing("id=\"b\"", with: "id=\"n\""), ("b", "n"))
        try scenario.finish("a")
        #expect(scenario.active == ["x", "n"])
        try scenario.finish("n")
        try scenario.finish("c")
        #expect(scenario.active == ["z"])
    }

    @Test func `a restart goes on at the one that was at work, and the others wait for their turns`() throws {
        var old = try Scenario(Self.sequential)
        try old.start()
        try old.finish("a")
        try old.send(.cancel(reason: "enough"))
        let plan = try RestartPlan(after: old.journal, of: old.definition, at: [])
        #expect(plan.elements == [ElementID("b")])
        var new = try Scenario(Self.sequential)
        try new.send(
            .start(Command.Start(definition: DefinitionID(process: "p", version: 1), placements: plan.placements)))
        #expect(new.active == ["x", "b"])
        try new.finish("b")
        #expect(new.active == ["x", "c"])
        try new.finish("c")
        #expect(new.active == ["z"])
    }

    @Test func `each path that ends inside adds to a list that goes out`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x"><extensionElements>
            <zeebe:adHoc outputCollection="rs" outputElement="= v * 10"/></extensionElements>\(user("a"))\(user("b"))
            \(user("c"))\(flow("b", "c"))</adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("v", "0")])
        try scenario.finish("b")
        try scenario.finish("c", [("v", "1")])
        #expect(scenario.root("rs") == nil)
        try scenario.finish("a", [("v", "2")])
        #expect(scenario.root("rs") == "[10,20]")
        #expect(scenario.active == ["z"])
    }

    @Test func `what it collects is there when it ends early, and is empty if nothing ended`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x"><extensionElements>
            <zeebe:adHoc activeElementsCollection="= els" outputCollection="rs" outputElement="= v"/></extensionElements>
            \(user("a"))\(user("b"))<completionCondition>= count(rs) = 1</completionCondition></adHocSubProcess>
            \(user("z"))\(chain("s", "x", "z"))
            """)
        for (elements, expected) in [("[\"a\",\"b\"]", "[7]"), ("[]", "[]")] {
            var scenario = try Scenario(text)
            try scenario.start([("els", elements), ("v", "7")])
            if elements != "[]" { try scenario.finish("a") }
            #expect(scenario.root("rs") == expected)
            #expect(scenario.active == ["z"])
        }
    }

    @Test func `an output that cannot be evaluated is an incident of what ended, whose retry evaluates it again`()
        throws
    {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x"><extensionElements>
            <zeebe:adHoc outputCollection="rs" outputElement="${missing}"/></extensionElements>\(user("a"))
            </adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("missing", "3")
        try scenario.resolve()
        #expect(scenario.root("rs") == "[3]")
        #expect(scenario.active == ["z"])
    }

    @Test(arguments: ["outputCollection='rs'", "outputElement='= v'"])
    func `a list and what is added to it need each other`(attributes: String) {
        let text = bpmn(
            """
            <startEvent id="s"/><adHocSubProcess id="x"><extensionElements><zeebe:adHoc \(attributes)/></extensionElements>
            \(user("a"))</adHocSubProcess>\(chain("s", "x"))
            """)
        #expect(problems(text).map(\.code) == ["invalid-mapping"])
    }
}
