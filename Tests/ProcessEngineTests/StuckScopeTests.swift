import ProcessEngine
import Testing
import Values

/// Incidents of what is still at work, or was about to begin: a retry orphans nothing, skips nothing and does nothing twice.
struct StuckScopeTests {
    private static let adHoc = bpmn(
        """
        <startEvent id="s"/><adHocSubProcess id="x">\(user("a"))\(user("b"))\(user("c"))
        <completionCondition>${done}</completionCondition></adHocSubProcess>\(user("z"))\(chain("s", "x", "z"))
        """)

    @Test func `a retry of a completion condition that failed asks it again, and what is open stays`() throws {
        var scenario = try Scenario(Self.adHoc)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.resolve()
        #expect(scenario.incidents == [.expressionFailed] && scenario.active == ["x", "b", "c"])
        try scenario.set("done", "false")
        try scenario.resolve()
        #expect(scenario.incidents == [] && scenario.active == ["x", "b", "c"])
        try scenario.finish("b", [("done", "true")])
        #expect(scenario.active == ["z"] && scenario.canceled == ["c"])
    }

    @Test func `a retry ends the subprocess if the condition holds by then`() throws {
        var scenario = try Scenario(Self.adHoc)
        try scenario.start()
        try scenario.finish("a")
        try scenario.set("done", "true")
        try scenario.resolve()
        #expect(scenario.active == ["z"] && scenario.canceled == ["b", "c"] && scenario.incidents == [])
    }

    @Test func `an activity has one incident, and it goes when the activity goes on`() throws {
        var scenario = try Scenario(Self.adHoc)
        try scenario.start()
        try scenario.finish("a")
        try scenario.finish("b")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.finish("c")
        #expect(scenario.active == ["z"] && scenario.incidents == [])
        #expect(rejection { try scenario.send(.resolveIncident(number: 1, retries: nil)) }?.reason == .gone)
    }

    /// A boundary event for two messages, of which one has a key.
    private func parallel(on host: String, isInterrupting: Bool) -> String {
        let message =
            "<message id='K' name='keyed'><extensionElements><zeebe:subscription correlationKey='= key'/></extensionElements></message>"
        let events = messageM + "<messageEventDefinition messageRef='K'/>"
        let attributes = "parallelMultiple='true' cancelActivity='\(isInterrupting)'"
        return bpmn(
            """
            <startEvent id="s"/>\(user("before"))\(host)\(chain("s", "before", "t"))
            \(boundary("b", on: "t", events, attributes: attributes))
            """, declarations: declared + message)
    }

    @Test(arguments: [task("t"), user("t")])
    func `what cannot be waited for again is waited for after a retry, and the task stays the same`(host: String) throws
    {
        var scenario = try Scenario(parallel(on: host, isInterrupting: false))
        try scenario.start([("key", "1")])
        try scenario.finish("before")
        try scenario.correlate("b", [("first", "1")])
        try scenario.correlate("b", [("key", "null")])
        #expect(scenario.active == ["t", "after-b"] && scenario.incidents == [.expressionFailed])
        #expect(scenario.root("first") == "1")
        try scenario.resolve()
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("key", "2")
        try scenario.resolve()
        #expect(scenario.incidents == [] && scenario.waitsFor == ["b", "b"])
        #expect(scenario.instance.openTasks.count + scenario.instance.openUserTasks.count == 2)
    }

    @Test func `a task that failed for good has its incident whatever else its activity is stuck at`() throws {
        for failsFirst in [true, false] {
            var scenario = try Scenario(parallel(on: task("t"), isInterrupting: false))
            try scenario.start([("key", "1")])
            try scenario.finish("before")
            if failsFirst { try scenario.fail("t", retry: false) }
            try scenario.correlate("b")
            try scenario.correlate("b", [("key", "null")])
            if !failsFirst { try scenario.fail("t", retry: false) }
            #expect(scenario.incidents == [.taskFailed])
            try scenario.set("key", "2")
            try scenario.resolve()
            #expect(scenario.incidents == [] && scenario.waitsFor == ["b", "b"])
            try scenario.complete("t")
            #expect(scenario.active == ["after-b"])
        }
    }

    /// Of an event subprocess and of a boundary event.
    private static let lateTimer = "<timerEventDefinition><timeDuration>${wait}</timeDuration></timerEventDefinition>"

    @Test(arguments: ["subProcess", "adHocSubProcess"])
    func `a subprocess that cannot wait for its event subprocess begins as a whole after the retry`(tag: String) throws
    {
        let start = tag == "subProcess" ? "<startEvent id='i'/>\(flow("i", "in"))" : ""
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("before"))<\(tag) id="sub" camunda:asyncBefore="true">\(start)\(user("in"))
            \(eventSubprocess("e", Self.lateTimer))</\(tag)>\(user("z"))\(chain("s", "before", "sub", "z"))
            \(boundary("b", on: "sub", "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("before")
        try scenario.fire("sub")
        #expect(scenario.active == ["sub"] && scenario.incidents == [.expressionFailed])
        #expect(scenario.instance.openTimers.isEmpty)
        try scenario.set("wait", "\"PT1S\"")
        try scenario.resolve()
        try scenario.fire("sub")
        #expect(scenario.active == ["sub", "in"])
        #expect(Set(scenario.instance.openTimers.map(\.element.text)) == ["b", "start-e"])
    }

    @Test func `an event subprocess that cannot begin keeps what its event brought`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))\(chain("s", "a"))<subProcess id="e" triggeredByEvent="true">
            <startEvent id="e-s">\(messageM)</startEvent>\(user("in"))\(flow("e-s", "in"))
            \(eventSubprocess("f", Self.lateTimer))</subProcess>
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.correlate("e-s", [("brought", "1")])
        #expect(scenario.active == ["e"] && scenario.incidents == [.expressionFailed])
        try scenario.set("wait", "\"PT1S\"")
        try scenario.resolve()
        #expect(scenario.active == ["e", "in"] && scenario.root("brought") == "1")
    }

    @Test func `a loop whose first condition fails does its work after the retry`() throws {
        let loop =
            "<standardLoopCharacteristics testBefore='true' loopMaximum='2'><loopCondition>${more}</loopCondition></standardLoopCharacteristics>"
        let text = bpmn(
            "<startEvent id='s'/>\(user("a"))\(user("t", inside: loop))\(user("z"))\(chain("s", "a", "t", "z"))")
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("more", "true")
        try scenario.resolve()
        #expect(scenario.active == ["t", "t"])
        try scenario.finish("t", [("more", "false")])
        #expect(scenario.active == ["z"])
    }

    @Test func `a call that could not be made waits for all it should after the retry`() throws {
        let mapping =
            "<extensionElements><camunda:inputOutput><camunda:inputParameter name='own'>1</camunda:inputParameter></camunda:inputOutput></extensionElements>"
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))<callActivity id="c" calledElement="${which}">\(mapping)</callActivity>
            \(chain("s", "a", "c"))
            \(boundary("b", on: "c", "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("which", "\"q\"")
        try scenario.resolve()
        #expect(scenario.instance.openCalls.count == 1)
        #expect(scenario.instance.openTimers.map(\.element.text) == ["b"])
        // A call that failed is made again, and what waits beside it is left alone.
        try scenario.send(.endCall(call: 1, .failed(message: "no")))
        try scenario.resolve()
        #expect(scenario.instance.openCalls.count == 1 && scenario.instance.openTimers.count == 1)
    }
}
