import ProcessEngine
import Testing
import Values

/// Elements that other suites show alone, together: what the BPMN specification and Camunda's documentation say must happen.
@Suite struct CombinationTests {
    private static let process = "id=\"c\" isExecutable=\"true\""

    @Test func `an event subprocess beside the work of a run of a loop in a called process`() throws {
        let called = bpmn(
            starts("s")
                + subprocess(
                    "mi",
                    starts("i") + user("u") + chain("i", "u")
                        + eventSubprocess("es", messageM, isInterrupting: false), marker: times(2))
                + chain("s", "mi"), declarations: declared, process: Self.process)
        var world = try Ensemble(
            bpmn(starts("s") + "<callActivity id='ca' calledElement='c'/>" + user("z") + chain("s", "ca", "z")), called)
        #expect(world.open == ["u", "u"])
        try world.publish("paid")
        #expect(world.open == ["in-es", "u", "u"])
        try world.finish("u", "u")
        // The run whose event subprocess is at work is not over.
        #expect(world.open == ["in-es"])
        try world.finish("in-es")
        #expect(world.open == ["z"])
    }

    @Test(arguments: [true, false])
    func `undoing a loop undoes what was done in a subprocess of each of its runs`(isSequential: Bool) throws {
        let inner = subprocess("in", starts("n") + user("a") + undoable("a") + chain("n", "a"))
        var world = try Ensemble(
            bpmn(
                starts("s")
                    + subprocess(
                        "mi", starts("i") + inner + chain("i", "in"), marker: times(2, isSequential: isSequential))
                    + user("w") + "<intermediateThrowEvent id='t'>\(compensation)</intermediateThrowEvent>" + user("z")
                    + chain("s", "mi", "w", "t", "z"), declarations: declared))
        try world.finish("a", "a", "w")
        #expect(world.open == ["undo-a", "undo-a"])
        try world.finish("undo-a")
        #expect(world.open == ["undo-a"])
        try world.finish("undo-a")
        #expect(world.open == ["z"])
    }

    @Test func `an inclusive join waits for a path that a timer leads round a loop`() throws {
        let gateways = "<inclusiveGateway id='split'/><inclusiveGateway id='join'/>" + merges("again")
        var world = try Ensemble(
            bpmn(
                starts("s") + gateways + user("a") + user("b") + user("z")
                    + "<boundaryEvent id='late' attachedToRef='a'>\(timer("PT1H"))</boundaryEvent>"
                    + chain("s", "split") + flow("split", "again", "= true") + flow("split", "b", "= true")
                    + chain("again", "a", "join", "z") + flow("b", "join") + flow("late", "again")))
        try world.finish("b")
        #expect(world.open == ["a"])
        for _ in 0..<3 {
            try world.fire("late")
            #expect(world.open == ["a"])
        }
        try world.finish("a")
        #expect(world.open == ["z"])
        try world.finish("z")
        #expect(world.ends == [.completed])
    }

    @Test func `a termination in an event subprocess ends that one alone`() throws {
        let handler = """
            <subProcess id="es" triggeredByEvent="true"><startEvent id="es-s" isInterrupting="false">\(signalS)</startEvent>
            \(forks("g"))\(user("h"))\(user("k"))<endEvent id="t"><terminateEventDefinition/></endEvent>
            \(chain("es-s", "g", "h", "t"))\(flow("g", "k"))</subProcess>
            """
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("sub", starts("i") + user("u") + chain("i", "u") + handler) + user("z")
                    + chain("s", "sub", "z"), declarations: declared))
        try world.signal("stop")
        #expect(world.open == ["h", "k", "u"])
        try world.finish("h")
        #expect(world.open == ["u"])
        try world.finish("u")
        #expect(world.open == ["z"])
    }

    @Test func `a called process whose escalation interrupts nothing goes on`() throws {
        let called = bpmn(
            starts("s") + user("w") + user("v")
                + "<intermediateThrowEvent id='t'>\(escalationX)</intermediateThrowEvent>"
                + chain("s", "w", "t", "v"), declarations: declared, process: Self.process)
        var world = try Ensemble(
            bpmn(
                starts("s") + "<callActivity id='ca' calledElement='c'/>"
                    + boundary("b", on: "ca", escalationX, attributes: "cancelActivity='false'") + user("z")
                    + chain("s", "ca", "z"), declarations: declared), called)
        try world.finish("w")
        #expect(world.open == ["after-b", "v"])
        try world.finish("v")
        #expect(world.open == ["after-b", "z"])
        try world.finish("after-b", "z")
        #expect(world.ends == [.completed, .completed])
    }

    @Test func `a canceled transaction waits for handlers that are subprocesses`() throws {
        let handler = subprocess(
            "undo", starts("us") + forks("ug") + user("u1") + user("u2") + chain("us", "ug", "u1") + flow("ug", "u2"),
            attributes: "isForCompensation='true'")
        let inside =
            starts("i") + user("a") + user("b") + "<endEvent id='no'><cancelEventDefinition/></endEvent>"
            + "<boundaryEvent id='ca' attachedToRef='a'>\(compensation)</boundaryEvent>" + handler
            + "<association id='as' sourceRef='ca' targetRef='undo'/>" + chain("i", "a", "b", "no")
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("tx", inside, tag: "transaction") + user("z") + chain("s", "tx", "z")
                    + boundary("canceled", on: "tx", "<cancelEventDefinition/>"), declarations: declared))
        try world.finish("a", "b")
        #expect(world.open == ["u1", "u2"])
        try world.finish("u2")
        #expect(world.open == ["u1"])
        try world.finish("u1")
        #expect(world.open == ["after-canceled"])
    }

    @Test(arguments: [true, false])
    func `an ad-hoc subprocess whose condition holds cancels what is left, or waits for it`(cancels: Bool) throws {
        let inside =
            user("a") + user("b") + subprocess("c", starts("i") + user("d") + chain("i", "d"))
            + "<completionCondition>= done</completionCondition>"
        let attributes = "cancelRemainingInstances='\(cancels)'"
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("x", inside, tag: "adHocSubProcess", attributes: attributes) + user("z")
                    + chain("s", "x", "z")), variables: [("done", "false")])
        #expect(world.open == ["a", "b", "d"])
        try world.finish("a", with: [("done", "true")])
        #expect(world.open == (cancels ? ["z"] : ["b", "d"]))
        guard !cancels else { return }
        try world.finish("d", "b")
        #expect(world.open == ["z"])
    }

    static let loops: [(attributes: String, condition: String, n: String, runs: Int)] = [
        ("testBefore='true' loopMaximum='2'", "= n &lt; 3", "5", 0),
        ("testBefore='true' loopMaximum='2'", "= n &lt; 3", "0", 2), ("testBefore='false'", "= n &lt; 3", "5", 1),
        ("testBefore='false' loopMaximum='3'", "= true", "0", 3),
        ("testBefore='true' loopMaximum='0'", "= true", "0", 0),
    ]

    @Test(arguments: loops)
    func `a subprocess repeats by its standard loop`(
        attributes: String, condition: String, n: String, runs: Int
    ) throws {
        let marker = """
            <standardLoopCharacteristics \(attributes)><loopCondition>\(condition)</loopCondition>
            </standardLoopCharacteristics>
            """
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("x", starts("i") + user("u") + chain("i", "u"), marker: marker) + user("z")
                    + chain("s", "x", "z")), variables: [("n", n)])
        for _ in 0..<runs {
            #expect(world.open == ["u"])
            try world.finish("u")
        }
        #expect(world.open == ["z"])
    }

    @Test func `a condition on a boundary comes true by a parallel branch`() throws {
        let condition = "<conditionalEventDefinition><condition>= x &gt; 3</condition></conditionalEventDefinition>"
        var world = try Ensemble(
            bpmn(
                starts("s") + forks("g", "j") + user("a") + user("b") + boundary("hot", on: "a", condition) + user("z")
                    + chain("s", "g", "a", "j", "z") + chain("g", "b", "j") + flow("after-hot", "j")),
            variables: [("x", "0")])
        try world.set("x", "2")
        #expect(world.open == ["a", "b"])
        try world.finish("b", with: [("x", "5")])
        #expect(world.open == ["after-hot"])
        try world.finish("after-hot")
        #expect(world.ends == [nil] && world.open == [])
    }

    @Test func `a signal that the process throws interrupts the process itself`() throws {
        var world = try Ensemble(
            bpmn(
                starts("s") + forks("g") + user("a") + user("b") + user("c")
                    + "<intermediateThrowEvent id='t'>\(signalS)</intermediateThrowEvent>" + chain("s", "g", "a")
                    + chain("g", "b", "t", "c") + eventSubprocess("es", signalS), declarations: declared))
        try world.finish("b")
        #expect(world.open == ["in-es"])
        #expect(world.waitsFor == [])
        try world.finish("in-es")
        #expect(world.ends == [.completed])
    }
}
