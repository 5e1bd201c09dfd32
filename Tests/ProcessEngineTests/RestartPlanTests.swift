import ProcessEngine
import Testing
import Values

/// How a new instance goes on where another one failed.
@Suite struct RestartPlanTests {
    /// start -> first -> fork -> sub(inner), left -> join -> last
    private static let text = bpmn(
        """
        <startEvent id="s"/>\(task("first"))<parallelGateway id="fork"/><parallelGateway id="join"/>
        <subProcess id="sub"><startEvent id="i"/>\(task("inner"))\(chain("i", "inner"))</subProcess>
        \(task("left"))\(user("last"))\(chain("s", "first", "fork", "sub", "join", "last"))\(chain("fork", "left", "join"))
        """, declarations: declared)

    private func started() throws -> Scenario {
        var scenario = try Scenario(Self.text)
        try scenario.start([("n", "1")])
        try scenario.complete("first", [("made", "true")])
        return scenario
    }

    private func restart(_ old: Scenario, at elements: [String] = [], _ text: String = text) throws -> Scenario {
        let plan = try RestartPlan(
            after: old.journal, of: old.definition, at: elements.map { ElementID($0) })
        var new = try Scenario(text)
        try new.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1), variables: plan.variables,
                    labels: InstanceLabels(restartedFrom: InstanceID("old")), placements: plan.placements)))
        return new
    }

    @Test func `goes on everywhere where a canceled instance stood, with its results`() throws {
        var old = try started()
        try old.send(.cancel(reason: "enough"))
        var new = try restart(old)
        #expect(Set(new.active) == ["sub", "inner", "left"])
        #expect(new.root("made") == "true" && new.root("n") == "1")
        #expect(new.instance.labels.restartedFrom == InstanceID("old"))
        try new.complete("inner")
        try new.complete("left")
        #expect(new.active == ["last"])
    }

    @Test func `a branch that was done waits at its join again`() throws {
        var old = try started()
        try old.complete("left")
        try old.fail("inner", retry: false)
        try old.send(.cancel(reason: "enough"))
        var new = try restart(old)
        #expect(new.active == ["sub", "inner"])
        try new.complete("inner")
        #expect(new.active == ["last"])
    }

    @Test func `what was migrated goes on at elements by their new names, with what they had`() throws {
        let renamed = Self.text.replacing("\"left\"", with: "\"right\"").replacing("\"inner\"", with: "\"core\"")
            .replacing("waybill:contract=\"right\"", with: "waybill:contract=\"left\"")
            .replacing("waybill:contract=\"core\"", with: "waybill:contract=\"inner\"")
        var old = try started()
        try old.migrate(to: renamed, ("left", "right"), ("inner", "core"))
        try old.send(.cancel(reason: "enough"))
        let new = try restart(old, renamed)
        #expect(Set(new.active) == ["sub", "core", "right"])
        #expect(new.root("made") == "true")
    }

    /// s -> f -> a, b -> j -> error end, in a called process, which an error ends. The migration itself completes the join, since only
    /// one flow leads there now.
    @Test func `what ended by its migration goes on where it stood before, by the new names`() throws {
        func model(_ b: String, _ flows: String) -> String {
            bpmn(
                """
                <startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>\(task("a"))\(task(b, contract: "b"))
                <endEvent id="bad"><errorEventDefinition errorRef="BAD"/></endEvent><endEvent id="e"/>
                \(chain("s", "f", "a", "j", "bad"))\(chain("f", b))\(flows)
                """, declarations: "<error id=\"BAD\" errorCode=\"BAD\"/>")
        }
        var old = try Scenario(model("b", chain("b", "j")))
        try old.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    parent: ParentCall(instance: InstanceID("caller"), call: 1))))
        try old.complete("a")
        try old.migrate(to: model("y", chain("y", "e")), ("b", "y"))
        #expect(old.instance.end == .completedWithError(code: "BAD", message: nil))
        let plan = try RestartPlan(after: old.journal, of: old.definition, at: [])
        #expect(plan.elements == [ElementID("y")])
        #expect(plan.placements.contains(.over(flow: ElementID("a-j"))))
    }

    @Test func `what an error ended goes on at the step before it`() throws {
        var old = try Scenario(Self.text)
        try old.start()
        try old.throwError("first", "BAD")
        #expect(old.instance.isEnded)
        let new = try restart(old)
        #expect(new.active == ["first"])
    }

    @Test func `begins at the element that is named`() throws {
        var old = try started()
        try old.complete("inner")
        try old.complete("left", [("left", "2")])
        try old.finish("last")
        #expect(rejection { _ = try restart(old) }?.reason == .invalid)
        var new = try restart(old, at: ["left"])
        #expect(new.active == ["left"] && new.root("left") == "2")
        #expect(rejection { _ = try restart(old, at: ["nowhere"]) }?.reason == .invalid)
        try new.send(.cancel(reason: "enough"))
    }

    @Test func `variables of the scopes around come along`() throws {
        var old = try started()
        let sub = try #require(old.instance.activeActivities.first { $0.element.text == "inner" })
        try old.send(.modify([.setVariables(activity: sub.number, [Variable(name: "local", value: .number(7))])]))
        try old.send(.cancel(reason: "enough"))
        let new = try restart(old)
        let scope = try #require(new.instance.scopeStates.first { $0.element?.text == "sub" })
        #expect(scope.variables == [Variable(name: "local", value: .number(7))])
        #expect(new.root("local") == nil)
    }

    @Test func `runs of a loop begin all again`() throws {
        let loop =
            "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
        let text = bpmn(
            """
            <startEvent id="s"/><subProcess id="sub">\(loop)<startEvent id="i"/>\(task("inner"))\(chain("i", "inner"))
            </subProcess>\(user("last"))\(chain("s", "sub", "last"))
            """)
        var old = try Scenario(text)
        try old.start()
        try old.complete("inner")
        try old.send(.cancel(reason: "enough"))
        let new = try restart(old, text)
        #expect(new.instance.openTasks.count == 3)
    }

    @Test func `what runs is not restarted`() throws {
        let old = try started()
        #expect(rejection { _ = try restart(old) }?.reason == .conflict)
    }

    @Test func `a canceled instance goes on where it stood, whatever its listeners say at its end`() throws {
        let inside =
            "<extensionElements><camunda:taskListener event='delete' expression='${execution.setVariable(\"gone\", true)}'/></extensionElements>"
        let listener =
            "<extensionElements><camunda:executionListener event='end' expression='${execution.setVariable(\"over\", true)}'/></extensionElements>"
        let text = bpmn(
            """
            \(listener)<startEvent id="s"/><parallelGateway id="f"/>\(task("a"))\(user("b", inside: inside))\(task("c"))
            \(chain("s", "f", "a"))\(chain("f", "b"))\(chain("f", "c"))
            """)
        var old = try Scenario(text)
        try old.start()
        try old.send(.cancel(reason: "enough"))
        #expect(old.root("over") == "true" && old.root("gone") == "true")
        let new = try restart(old, text)
        #expect(Set(new.active) == ["a", "b", "c"])
    }

    @Test func `what an operator's retry ended is not done again from the step before`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t"))<exclusiveGateway id="g"/>\(user("u"))
            <endEvent id="bad"><errorEventDefinition errorRef="E1"/></endEvent>
            \(chain("s", "t", "g"))\(flow("g", "bad", "${broken}"))\(flow("g", "u", "${!broken}"))
            """, declarations: declared)
        var old = try Scenario(text)
        try old.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    parent: ParentCall(instance: InstanceID("caller"), call: 1))))
        try old.complete("t")
        #expect(old.incidents == [.expressionFailed])
        try old.set("broken", "true")
        let before = old.journal.count
        try old.resolve()
        #expect(old.instance.end == .completedWithError(code: "BAD", message: nil))
        let plan = try RestartPlan(
            after: old.journal, lastCommit: old.journal.count - before, of: old.definition, at: [])
        #expect(plan.elements == [ElementID("g")])
    }

    @Test func `two tokens at one element are two again`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="m"/>\(user("b"))
            \(chain("s", "f", "m", "b"))<sequenceFlow id="second" sourceRef="f" targetRef="m"/>
            """)
        var old = try Scenario(text)
        try old.start()
        try old.send(.cancel(reason: "enough"))
        let plan = try RestartPlan(after: old.journal, of: old.definition, at: [])
        #expect(plan.elements.map(\.text) == ["b", "b"])
        let new = try restart(old, text)
        #expect(new.active == ["b", "b"])
    }

    @Test func `what was done can still be undone`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))\(user("b"))
            <boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
            \(user("undo", attributes: "isForCompensation=\"true\""))
            <association id="x" sourceRef="c" targetRef="undo" associationDirection="One"/>
            <intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>
            \(chain("s", "a", "b", "t"))
            """)
        var old = try Scenario(text)
        try old.start()
        try old.finish("a")
        try old.send(.cancel(reason: "enough"))
        var new = try restart(old, text)
        #expect(new.active == ["b"])
        try new.finish("b")
        #expect(Set(new.active) == ["t", "undo"])
        try new.finish("undo")
        #expect(new.instance.end == .completed)
    }
}
