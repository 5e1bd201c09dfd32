import ProcessEngine
import Testing
import Values

/// Errors, compensation, timers and messages across nested scopes, loops and calls.
@Suite struct CombinedScopeTests {
    private static let bad = "<endEvent id='bad'>\(errorE1)</endEvent>"
    private static let process = "id=\"c\" isExecutable=\"true\""

    @Test func `an error out of an event subprocess is not for that one again`() throws {
        let handler = """
            <subProcess id="es" triggeredByEvent="true"><startEvent id="es-s">\(errorE1)</startEvent>\(user("h"))
            <endEvent id="again">\(errorE1)</endEvent>\(chain("es-s", "h", "again"))</subProcess>
            """
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("sub", starts("i") + user("u") + Self.bad + chain("i", "u", "bad") + handler)
                    + user("z") + chain("s", "sub", "z") + boundary("b", on: "sub", errorE1), declarations: declared))
        try world.finish("u")
        #expect(world.open == ["h"])
        try world.finish("h")
        #expect(world.open == ["after-b"])
    }

    @Test func `an event subprocess undoes what was done in the scope that it interrupted`() throws {
        let handler = """
            <subProcess id="es" triggeredByEvent="true"><startEvent id="es-s">\(errorE1)</startEvent>
            <intermediateThrowEvent id="t">\(compensation)</intermediateThrowEvent>\(user("h"))
            \(chain("es-s", "t", "h"))</subProcess>
            """
        let inside =
            starts("i") + user("a") + undoable("a") + user("b") + Self.bad + chain("i", "a", "b", "bad") + handler
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("sub", inside) + user("z") + chain("s", "sub", "z"), declarations: declared))
        try world.finish("a", "b")
        #expect(world.open == ["undo-a"])
        try world.finish("undo-a")
        #expect(world.open == ["h"])
        try world.finish("h")
        #expect(world.open == ["z"])
    }

    @Test func `an error of one called instance of a loop ends the others`() throws {
        let called = bpmn(
            starts("s") + user("w") + Self.bad + chain("s", "w", "bad"), declarations: declared, process: Self.process)
        var world = try Ensemble(
            bpmn(
                starts("s") + "<callActivity id='ca' calledElement='c'>\(times(3))</callActivity>" + user("z")
                    + chain("s", "ca", "z") + boundary("b", on: "ca", errorE1), declarations: declared), called)
        #expect(world.open == ["w", "w", "w"])
        try world.finish("w")
        #expect(world.open == ["after-b"])
        let canceled = Event.InstanceEnd.canceled(reason: "its call was canceled")
        #expect(world.ends == [nil, .completedWithError(code: "BAD", message: nil), canceled, canceled])
    }

    @Test func `an error of one called instance of a loop that nobody catches is only that one's`() throws {
        let called = bpmn(
            starts("s") + user("w") + Self.bad + chain("s", "w", "bad"), declarations: declared, process: Self.process)
        var world = try Ensemble(
            bpmn(
                starts("s") + "<callActivity id='ca' calledElement='c'>\(times(2))</callActivity>" + user("z")
                    + chain("s", "ca", "z"), declarations: declared), called)
        try world.finish("w")
        #expect(world.open == ["w"])
        try world.finish("w")
        #expect(world.open == ["z"])
    }

    @Test func `an event-based gateway in a loop waits anew each time, and for nothing after`() throws {
        var world = try Ensemble(
            bpmn(
                starts("s") + merges("again") + "<eventBasedGateway id='g'/>"
                    + "<intermediateCatchEvent id='paid'>\(messageM)</intermediateCatchEvent>"
                    + "<intermediateCatchEvent id='late'>\(timer("PT1H"))</intermediateCatchEvent>" + user("remind")
                    + user("z") + chain("s", "again", "g", "paid", "z") + chain("g", "late", "remind", "again"),
                declarations: declared))
        for _ in 0..<2 {
            #expect(world.timers.count == 1 && world.waitsFor.count == 1)
            try world.fire("late")
            #expect(world.open == ["remind"])
            #expect(world.timers == [] && world.waitsFor == [])
            try world.finish("remind")
        }
        try world.publish("paid")
        #expect(world.open == ["z"])
        #expect(world.timers == [] && world.waitsFor == [])
    }

    @Test func `a reminder comes as often as its cycle says, while anything in the subprocess is at work`() throws {
        let cycle = "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>"
        let inside = starts("i") + forks("g") + user("a") + user("b") + chain("i", "g", "a") + flow("g", "b")
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("sub", inside) + user("z") + chain("s", "sub", "z")
                    + boundary("often", on: "sub", cycle, attributes: "cancelActivity='false'")))
        try world.fire("often")
        try world.finish("a")
        try world.fire("often")
        try world.fire("often")
        #expect(world.timers == [])
        #expect(world.open == ["after-often", "after-often", "after-often", "b"])
        try world.finish("b", "after-often", "after-often", "z")
        #expect(world.ends == [nil])
        try world.finish("after-often")
        #expect(world.ends == [.completed])
    }

    @Test func `a message that interrupts a subprocess ends what that has called, and what those have called`() throws {
        let between = bpmn(
            starts("s") + "<callActivity id='inner' calledElement='c'/>" + chain("s", "inner"),
            process: "id=\"m\" isExecutable=\"true\"")
        let called = bpmn(starts("s") + user("w") + chain("s", "w"), process: Self.process)
        var world = try Ensemble(
            bpmn(
                starts("s")
                    + subprocess("sub", starts("i") + "<callActivity id='ca' calledElement='m'/>" + chain("i", "ca"))
                    + user("z") + chain("s", "sub", "z") + boundary("b", on: "sub", messageM), declarations: declared),
            between, called)
        #expect(world.open == ["w"])
        try world.publish("paid")
        #expect(world.open == ["after-b"])
        let canceled = Event.InstanceEnd.canceled(reason: "its call was canceled")
        #expect(world.ends == [nil, canceled, canceled])
    }

    @Test(arguments: [true, false])
    func `each run of a loop joins its own paths`(isSequential: Bool) throws {
        let inside =
            starts("i") + forks("g", "j") + user("a") + user("b") + user("c") + chain("i", "g", "a", "j", "c")
            + chain("g", "b", "j")
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("mi", inside, marker: times(2, isSequential: isSequential)) + user("z")
                    + chain("s", "mi", "z")))
        if isSequential {
            for _ in 0..<2 {
                #expect(world.open == ["a", "b"])
                try world.finish("a", "b")
                #expect(world.open == ["c"])
                try world.finish("c")
            }
        } else {
            try world.finish("a", "a")
            #expect(world.open == ["b", "b"])
            try world.finish("b")
            #expect(world.open == ["b", "c"])
            try world.finish("b", "c", "c")
        }
        #expect(world.open == ["z"])
    }

    @Test func `an escalation is for the event subprocess of its scope before the boundary, and its path goes on`()
        throws
    {
        let inside =
            starts("i") + user("u") + "<endEvent id='x'>\(escalationX)</endEvent>" + chain("i", "u", "x")
            + eventSubprocess("es", escalationX, isInterrupting: false)
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("sub", inside) + user("z") + chain("s", "sub", "z")
                    + boundary("b", on: "sub", escalationX), declarations: declared))
        try world.finish("u")
        #expect(world.open == ["in-es"])
        try world.finish("in-es")
        #expect(world.open == ["z"])
    }

    @Test func `the completion condition of a loop ends what its other runs have called`() throws {
        let marker = """
            <multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>
            <completionCondition>= numberOfCompletedInstances = 1</completionCondition></multiInstanceLoopCharacteristics>
            """
        let called = bpmn(starts("s") + user("w") + chain("s", "w"), process: Self.process)
        var world = try Ensemble(
            bpmn(
                starts("s") + "<callActivity id='ca' calledElement='c'>\(marker)</callActivity>" + user("z")
                    + chain("s", "ca", "z")), called)
        try world.finish("w")
        #expect(world.open == ["z"])
        #expect(world.ends.count(where: { if case .canceled? = $0 { true } else { false } }) == 2)
    }

    @Test func `what a run of a loop did in vain is not undone, what another run did is`() throws {
        let inside =
            starts("i") + user("a") + undoable("a") + user("b") + Self.bad + merges("x")
            + chain("i", "a", "b", "x") + flow("x", "bad", "= fails") + flow("x", "ok", "= not(fails)")
            + "<endEvent id='ok'/>"
        var world = try Ensemble(
            bpmn(
                starts("s") + subprocess("tx", inside, marker: times(2, isSequential: true), tag: "transaction")
                    + user("z") + chain("s", "tx", "z")
                    + "<boundaryEvent id='failed' attachedToRef='tx'>\(errorE1)</boundaryEvent>"
                    + "<intermediateThrowEvent id='t'>\(compensation)</intermediateThrowEvent>" + user("after")
                    + chain("failed", "t", "after"), declarations: declared), variables: [("fails", "false")])
        try world.finish("a")
        try world.finish("b")
        try world.finish("a")
        try world.finish("b", with: [("fails", "true")])
        // The loop as a whole did not complete: there is nothing to undo.
        #expect(world.open == ["after"])
    }
}
