import ProcessEngine
import Testing
import Values

/// Handlers that undo something for an event which does not wait for them, or for more than them.
struct UnwaitedHandlerTests {
    /// A subprocess in which `a` is undone by `undo` while `z` goes on.
    private func inSubprocess(_ undo: String, thrown: String = UnwaitedHandlerTests.unwaited) -> String {
        bpmn(
            """
            <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(user("a"))
            <boundaryEvent id="ca" attachedToRef="a">\(compensation)</boundaryEvent>\(undo)
            <association id="f" sourceRef="ca" targetRef="undo"/>
            <intermediateThrowEvent id="x">\(thrown)</intermediateThrowEvent>\(user("z"))\(chain("i", "a", "x", "z"))
            </subProcess>\(chain("s", "sub"))
            \(boundary("bad", on: "sub", "<errorEventDefinition errorRef='E1'/>"))
            \(boundary("late", on: "sub", escalationX, attributes: "cancelActivity='false'"))
            """, declarations: declared)
    }
    private static let unwaited = "<compensateEventDefinition waitForCompletion='false'/>"
    private static let isHandler = "isForCompensation='true'"

    @Test func `an error of a handler that nobody waits for is caught around it`() throws {
        var scenario = try Scenario(inSubprocess(task("undo", attributes: Self.isHandler)))
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.active == ["sub", "undo", "z"])
        try scenario.throwError("undo", "BAD")
        #expect(scenario.active == ["after-bad"])
    }

    @Test func `an error of such a handler that nothing catches ends only its path`() throws {
        var scenario = try Scenario(inSubprocess(task("undo", attributes: Self.isHandler)))
        try scenario.start()
        try scenario.finish("a")
        try scenario.throwError("undo", "WORSE")
        #expect(scenario.active == ["sub", "z"])
        try scenario.finish("z")
        #expect(scenario.instance.end == .completedWithError(code: "WORSE", message: nil))
    }

    @Test func `an escalation of such a handler is caught around it`() throws {
        var scenario = try Scenario(inSubprocess(user("undo", attributes: Self.isHandler)))
        try scenario.start()
        try scenario.finish("a")
        let undo = try #require(scenario.instance.openUserTasks.first { $0.element.text == "undo" })
        try scenario.send(.escalateUserTask(number: undo.number, code: "LATE", variables: []))
        #expect(scenario.active == ["sub", "undo", "z", "after-late"])
        try scenario.finish("undo")
        try scenario.finish("z")
        #expect(scenario.active == ["after-late"])
    }

    private func called(_ text: String) throws -> Scenario {
        var scenario = try Scenario(text)
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    parent: ParentCall(instance: InstanceID("caller"), call: 1))))
        return scenario
    }

    /// The escalation is told to the caller; whichever comes last lets the event go on.
    @Test(arguments: [true, false])
    func `an event that escalates and undoes waits for the answer and for its handlers`(answersFirst: Bool) throws {
        let other = "<escalationEventDefinition escalationRef='Y'/>"
        let text = inSubprocess(user("undo", attributes: Self.isHandler), thrown: other + compensation)
            .replacing("<process", with: "<escalation id=\"Y\" escalationCode=\"OTHER\"/><process")
        var scenario = try called(text)
        try scenario.finish("a")
        #expect(scenario.active == ["sub", "x", "undo"])
        for step in [answersFirst, !answersFirst] {
            #expect(scenario.active.contains("x"))
            if step { try scenario.send(.answerEscalation) } else { try scenario.finish("undo") }
        }
        #expect(scenario.active == ["sub", "z"])
        #expect(scenario.waitsFor == [])
        #expect(rejection { try scenario.send(.answerEscalation) }?.reason == .gone)
    }

    @Test(arguments: ["<terminateEventDefinition/>", "<cancelEventDefinition/>"])
    func `an answered escalation leaves nothing behind at an end event of several kinds`(ending: String) throws {
        let text = bpmn(
            """
            <startEvent id="s"/><transaction id="tx"><startEvent id="i"/><endEvent id="e">\(escalationX)\(ending)</endEvent>
            \(chain("i", "e"))</transaction>\(user("ok"))\(chain("s", "tx", "ok"))
            \(boundary("no", on: "tx", "<cancelEventDefinition/>"))
            """, declarations: declared)
        var scenario = try called(text)
        #expect(scenario.waitsFor == ["e"])
        try scenario.send(.answerEscalation)
        #expect(scenario.active.count == 1 && scenario.waitsFor == [])
        #expect(rejection { try scenario.send(.answerEscalation) }?.reason == .gone)
    }
}
