import ProcessEngine
import Testing
import Values

private func boundary(_ definition: String, interrupting: Bool) -> String {
    bpmn(
        """
        <startEvent id="s"/>\(task("t"))<endEvent id="e"/>\(chain("s", "t", "e"))
        <boundaryEvent id="b" attachedToRef="t" cancelActivity="\(interrupting)">
        <timerEventDefinition>\(definition)</timerEventDefinition></boundaryEvent>\(task("u"))\(flow("b", "u"))
        """)
}

struct TriggeredBoundaryEventTests {
    @Test func `an agent's event triggers the message boundary event of its name, and another is only recorded`() throws
    {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("t"))\(chain("s", "t"))
            \(ProcessEngineTests.boundary("b", on: "t", messageM, attributes: "cancelActivity='false'"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.recordTaskEvent(number: 1, name: "other", payload: .emptyObject))
        #expect(scenario.active == ["t"])
        try scenario.send(.recordTaskEvent(number: 1, name: "paid", payload: json(#"{"sum": 3}"#)))
        #expect(scenario.active == ["t", "after-b"])
        #expect(scenario.root("sum") == "3")
    }

    @Test(arguments: [(false, 1), (true, 2)])
    func `of several triggers one is enough, unless they are parallel`(isParallel: Bool, needed: Int) throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            \(ProcessEngineTests.boundary("b", on: "u", messageM + signalS, attributes: "parallelMultiple='\(isParallel)'"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        for step in 1...needed {
            #expect(scenario.active == ["u"])
            if step == 1 {
                try scenario.correlate("b")
            } else {
                try scenario.send(.signal(name: "stop", variables: []))
            }
        }
        #expect(scenario.active == ["after-b"])
    }

    @Test func `an interrupting boundary timer takes over from its activity`() throws {
        var scenario = try Scenario(boundary("<timeDuration>PT10S</timeDuration>", interrupting: true))
        try scenario.start()
        try scenario.fire("b")
        #expect(scenario.active == ["u"])
        #expect(scenario.canceled == ["t"])
        #expect(scenario.journal.contains(.taskCanceled(task: 1)))
        #expect(scenario.instance.openTimers.isEmpty)
    }

    @Test func `a boundary timer goes away with its activity`() throws {
        var scenario = try Scenario(boundary("<timeDuration>PT10S</timeDuration>", interrupting: true))
        try scenario.start()
        try scenario.complete("t")
        #expect(scenario.instance.end == .completed)
        #expect(scenario.journal.contains(.timerCanceled(timer: 1)))
    }

    @Test func `a non-interrupting boundary timer starts a path beside its activity, once`() throws {
        var scenario = try Scenario(boundary("<timeDuration>PT10S</timeDuration>", interrupting: false))
        try scenario.start()
        try scenario.fire("b")
        #expect(scenario.active == ["t", "u"])
        #expect(scenario.instance.openTimers.isEmpty)
        try scenario.complete("t")
        try scenario.complete("u")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a cycle fires as often as it says`() throws {
        var scenario = try Scenario(boundary("<timeCycle>R3/PT10S</timeCycle>", interrupting: false))
        try scenario.start()
        let start = scenario.now
        for count in 1...3 {
            try scenario.fire("b")
            #expect(scenario.now == start.advanced(by: .seconds(10 * count)))
        }
        #expect(scenario.instance.openTimers.isEmpty)
        #expect(scenario.active == ["t", "u", "u", "u"])
    }

    @Test func `a cycle without end fires until its activity leaves, and makes nothing good that it missed`() throws {
        var scenario = try Scenario(boundary("<timeCycle>R/PT10S</timeCycle>", interrupting: false))
        try scenario.start()
        for _ in 1...5 { try scenario.fire("b") }
        scenario.now = scenario.now.advanced(by: .seconds(1000))
        try scenario.fire("b")
        #expect(scenario.instance.openTimers.map(\.dueAt) == [scenario.now.advanced(by: .seconds(10))])
        try scenario.complete("t")
        #expect(scenario.instance.openTimers.isEmpty)
    }

    @Test func `a boundary timer on a subprocess ends all inside`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><subProcess id="sub"><startEvent id="in"/><parallelGateway id="g"/>\(task("a"))\(task("b"))
                \(chain("in", "g", "a"))\(flow("g", "b"))</subProcess>\(chain("s", "sub"))
                <boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
                </boundaryEvent><endEvent id="e"/>\(flow("late", "e"))
                """))
        try scenario.start()
        try scenario.complete("a")
        try scenario.fire("late")
        #expect(scenario.canceled == ["b", "sub"])
        #expect(scenario.instance.end == .completed)
    }

    @Test(arguments: [true, false])
    func `one that takes all of its triggers takes what each of them brings`(isInterrupting: Bool) throws {
        let attributes = "parallelMultiple='true' cancelActivity='\(isInterrupting)'"
        let second = "<messageEventDefinition messageRef='N'/>"
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            \(ProcessEngineTests.boundary("b", on: "u", messageM + second, attributes: attributes))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.correlate("b", [("first", "1")])
        try scenario.correlate("b", [("second", "2")])
        #expect(scenario.root("first") == "1" && scenario.root("second") == "2")
        #expect(scenario.active == (isInterrupting ? ["after-b"] : ["u", "after-b"]))
    }
}
