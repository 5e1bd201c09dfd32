import ProcessEngine
import Testing
import Values

/// An instance goes over to another version of its process while it runs.
struct MigrationTests {
    private static let timer =
        "<timerEventDefinition><timeDuration>PT10S</timeDuration></timerEventDefinition>"

    private func line(_ elements: String, _ flows: String) -> String {
        bpmn("<startEvent id=\"s\"/>\(elements)<endEvent id=\"e\"/>\(flows)", declarations: declared)
    }

    // MARK: What is kept

    /// s -> a -> e  becomes  s -> a -> b -> e
    @Test func `a task that is out completes in the new version`() throws {
        var scenario = try Scenario(line(task("a"), chain("s", "a", "e")))
        try scenario.start([("x", "1")])
        let number = try scenario.number(of: "a")

        try scenario.migrate(to: line(task("a") + task("b"), chain("s", "a", "b", "e")))

        #expect(scenario.instance.definition == DefinitionID(process: "p", version: 2))
        #expect(try scenario.number(of: "a") == number)
        #expect(scenario.root("x") == "1")
        try scenario.complete("a")
        try scenario.complete("b")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `an element that was renamed is mapped by the caller, with all that belongs to it`() throws {
        let text = line(
            task("a") + boundary("late", on: "a", Self.timer) + boundary("paid", on: "a", messageM),
            chain("s", "a", "e"))
        var scenario = try Scenario(text)
        try scenario.start()
        let due = try #require(scenario.instance.openTimers.first?.dueAt)

        let renamed = text.replacing("id=\"a\"", with: "id=\"z\"").replacing("\"a\"", with: "\"z\"")
            .replacing("waybill:contract=\"z\"", with: "waybill:contract=\"a\"")
        let events = try scenario.migrate(to: renamed, ("a", "z"))

        #expect(events.count == 1)
        #expect(scenario.active == ["z"])
        #expect(scenario.instance.openTimers.map(\.dueAt) == [due])
        #expect(scenario.waitsFor == ["paid"])
        try scenario.fire("late")
        #expect(scenario.active == ["after-late"])
    }

    @Test func `timers, messages, user tasks and calls go on as they are`() throws {
        let text = line(
            """
            <parallelGateway id="f"/><parallelGateway id="j"/>\(user("u"))<receiveTask id="r" messageRef="M"/>
            <intermediateCatchEvent id="w">\(Self.timer)</intermediateCatchEvent>
            <callActivity id="c" calledElement="q"/>
            """,
            flow("s", "f")
                + ["u", "r", "w", "c"].map { flow("f", $0) + flow($0, "j") }.joined() + flow("j", "e"))
        var scenario = try Scenario(text)
        try scenario.start()
        let before = scenario.instance

        try scenario.migrate(to: text.replacing("id=\"u\"", with: "id=\"u\" name=\"Look\""))

        #expect(scenario.instance.openTimers == before.openTimers)
        #expect(scenario.instance.openSubscriptions == before.openSubscriptions)
        #expect(scenario.instance.openCalls == before.openCalls)
        try scenario.finish("u")
        try scenario.correlate("r")
        try scenario.fire("w")
        try scenario.send(.endCall(call: 1, .completed([])))
        #expect(scenario.instance.end == .completed)
    }

    @Test(arguments: [true, false])
    func `the runs of a multi-instance activity go on`(isSequential: Bool) throws {
        let marker = """
            <multiInstanceLoopCharacteristics isSequential="\(isSequential)"><loopCardinality>3</loopCardinality>\
            </multiInstanceLoopCharacteristics>
            """
        var scenario = try Scenario(line(task("a", inside: marker), chain("s", "a", "e")))
        try scenario.start()
        try scenario.complete("a")

        try scenario.migrate(
            to: line(task("z", contract: "a", inside: marker) + task("b"), chain("s", "z", "b", "e")), ("a", "z"))

        try scenario.complete("z")
        try scenario.complete("z")
        try scenario.complete("b")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `an incident is resolved in the new version, whose expression is right`() throws {
        func model(_ condition: String) -> String {
            line(
                task("a") + "<exclusiveGateway id=\"g\"/>",
                chain("s", "a", "g") + flow("g", "e", "= \(condition)"))
        }
        var scenario = try Scenario(model("nothing > 1"))
        try scenario.start([("n", "2")])
        try scenario.complete("a")
        #expect(scenario.incidents == [.noFlowTaken])

        try scenario.migrate(to: model("n > 1"))
        try scenario.resolve()

        #expect(scenario.instance.end == .completed)
    }

    @Test func `what was done inside a subprocess can still be undone`() throws {
        func model(_ id: String) -> String {
            line(
                """
                \(task("a"))<boundaryEvent id="cb" attachedToRef="a">\(compensation)</boundaryEvent>
                \(task(id, contract: "undo", attributes: "isForCompensation=\"true\""))
                <association id="as" associationDirection="One" sourceRef="cb" targetRef="\(id)"/>
                \(task("b"))<intermediateThrowEvent id="t">\(compensation)</intermediateThrowEvent>
                """, chain("s", "a", "b", "t", "e"))
        }
        var scenario = try Scenario(model("undo"))
        try scenario.start()
        try scenario.complete("a")

        #expect(try scenario.plan(to: definition(model("revert"))).problems(of: scenario.instance).count == 1)
        try scenario.migrate(to: model("revert"), ("undo", "revert"))

        try scenario.complete("b")
        try scenario.complete("revert")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a suspended instance can be migrated, and stays suspended`() throws {
        var scenario = try Scenario(line(task("a"), chain("s", "a", "e")))
        try scenario.start()
        try scenario.send(.suspend)

        try scenario.migrate(to: line(task("a") + task("b"), chain("s", "a", "b", "e")))

        #expect(scenario.instance.isSuspended)
        try scenario.send(.resume)
        try scenario.complete("a")
        #expect(scenario.active == ["b"])
    }

    /// s -> f -> a, message w -> j -> b -> e
    private func waiting(_ a: String, _ w: String) -> String {
        line(
            """
            <parallelGateway id="f"/><parallelGateway id="j"/>\(task(a, contract: "a"))\(task("b"))
            <intermediateCatchEvent id="\(w)">\(messageM)</intermediateCatchEvent>
            """, chain("s", "f", a, "j", "b", "e") + chain("f", w, "j"))
    }

    @Test func `what came for a suspended instance happens in the new version, by the new names`() throws {
        var scenario = try Scenario(waiting("a", "w"))
        try scenario.start()
        try scenario.send(.suspend)
        try scenario.complete("a")
        try scenario.correlate("w")

        try scenario.migrate(to: waiting("z", "v"), ("a", "z"), ("w", "v"))
        #expect(scenario.active == ["z", "v"])
        var other = scenario

        try scenario.send(.resume)
        #expect(scenario.active == ["b"])
        // Who waited was taken away: the message comes from the element as it is called now.
        try other.send(.modify([.cancelAll(ElementID("v"))]))
        let thrown = try other.send(.resume).compactMap { event -> ElementID? in
            if case .thrown(.message(let message)) = event { message.by } else { nil }
        }
        #expect(thrown == [ElementID("v")])
    }

    // MARK: Joins

    private func fork(_ branches: [String], join: String = "j") -> String {
        line(
            "<parallelGateway id=\"f\"/><parallelGateway id=\"\(join)\"/>" + branches.map { task($0) }.joined(),
            flow("s", "f") + branches.map { flow("f", $0) + flow($0, join) }.joined() + flow(join, "e"))
    }

    @Test func `tokens that wait at a join wait on`() throws {
        var scenario = try Scenario(fork(["a", "b"]))
        try scenario.start()
        try scenario.complete("a")

        try scenario.migrate(to: fork(["a", "b"], join: "together"), ("j", "together"))

        try scenario.complete("b")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a join that needs fewer tokens now lets those that wait pass`() throws {
        var scenario = try Scenario(fork(["a", "b"]))
        try scenario.start()
        try scenario.complete("a")
        try scenario.send(.modify([.cancelAll(ElementID("b")), .startBefore(ElementID("a"))]))

        let events = try scenario.migrate(to: fork(["a"]))

        #expect(events.contains(.activityCompleted(activity: scenario.journal.lastActivity)))
        #expect(scenario.active == ["a"])
    }

    @Test func `a token whose flow into the join is gone is named`() throws {
        var scenario = try Scenario(fork(["a", "b"]))
        try scenario.start()
        try scenario.complete("a")
        try scenario.complete("b", [])
        #expect(scenario.instance.isEnded)

        scenario = try Scenario(fork(["a", "b"]))
        try scenario.start()
        try scenario.complete("a")
        let problems = try scenario.plan(to: definition(fork(["b", "c"]))).problems(of: scenario.instance)

        #expect(problems.map(\.element) == [ElementID("a-j")])
        #expect(rejection { try scenario.migrate(to: fork(["b", "c"])) }?.reason == .conflict)
        try scenario.migrate(to: fork(["b", "c"]), ("a-j", "c-j"))
        try scenario.complete("b")
        #expect(scenario.instance.end == .completed)
    }

    // MARK: What is new or gone

    @Test func `boundary events that are new are waited for, those that are gone are not`() throws {
        let body = task("a")
        var scenario = try Scenario(line(body + boundary("old", on: "a", messageM), chain("s", "a", "e")))
        try scenario.start()

        try scenario.migrate(to: line(body + boundary("new", on: "a", Self.timer), chain("s", "a", "e")))

        #expect(scenario.waitsFor.isEmpty)
        try scenario.fire("new")
        #expect(scenario.active == ["after-new"])
    }

    @Test func `a boundary event that came once does not wait again`() throws {
        let text = line(
            task("a") + boundary("once", on: "a", Self.timer, attributes: "cancelActivity=\"false\""),
            chain("s", "a", "e"))
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.fire("once")

        try scenario.migrate(to: text)

        #expect(scenario.instance.openTimers.isEmpty)
    }

    @Test func `an activity that has not begun its work opens its new boundary events when it does`() throws {
        func model(_ more: String) -> String {
            line(
                task(
                    "a",
                    inside:
                        "<extensionElements><camunda:inputOutput><camunda:inputParameter name=\"v\">${1 + x.y}</camunda:inputParameter></camunda:inputOutput></extensionElements>"
                )
                    + more, chain("s", "b", "a", "e") + task("b"))
        }
        var scenario = try Scenario(model(""))
        try scenario.start()
        try scenario.complete("b")
        #expect(scenario.incidents == [.expressionFailed])

        try scenario.migrate(to: model(boundary("new", on: "a", Self.timer)))
        #expect(scenario.instance.openTimers.isEmpty)
        try scenario.set("x", "{\"y\": 1}")
        try scenario.resolve()

        #expect(scenario.instance.openTimers.map(\.element.text) == ["new"])
    }

    @Test func `event subprocesses of the process and of a subprocess are waited for`() throws {
        func model(_ outer: String, _ inner: String) -> String {
            line(
                """
                \(outer)<subProcess id="sub"><startEvent id="ss"/>\(task("a"))\(flow("ss", "a"))\(inner)</subProcess>
                """, chain("s", "sub", "e"))
        }
        var scenario = try Scenario(model(eventSubprocess("o", messageM), ""))
        try scenario.start()

        try scenario.migrate(
            to: model(eventSubprocess("p2", signalS, isInterrupting: false), eventSubprocess("i", Self.timer)))

        #expect(scenario.waitsFor == ["start-p2"])
        try scenario.send(.signal(name: "stop", variables: []))
        try scenario.fire("start-i")
        #expect(scenario.active == ["sub", "p2", "in-p2", "i", "in-i"])
    }

    @Test func `after an interrupting event subprocess began, no other is waited for`() throws {
        func model(_ more: String) -> String {
            line(task("a") + eventSubprocess("o", messageM) + more, chain("s", "a", "e"))
        }
        var scenario = try Scenario(model(""))
        try scenario.start()
        try scenario.correlate("start-o")

        try scenario.migrate(to: model(eventSubprocess("n", signalS)))

        #expect(scenario.waitsFor.isEmpty)
        #expect(scenario.active == ["o", "in-o"])
    }

    @Test func `an event-based gateway waits for the events that the new version has after it`() throws {
        func model(_ events: String...) -> String {
            line(
                "<eventBasedGateway id=\"g\"/>"
                    + events.map { id in
                        let inside = id == "t" ? Self.timer : id == "n" ? signalS : messageM
                        return "<intermediateCatchEvent id=\"\(id)\">\(inside)</intermediateCatchEvent>"
                    }.joined(),
                flow("s", "g") + events.map { flow("g", $0) + flow($0, "e") }.joined())
        }
        var scenario = try Scenario(model("m", "t"))
        try scenario.start()
        let due = scenario.instance.openTimers.map(\.dueAt)
        scenario.now = scenario.now.advanced(by: .seconds(3))

        try scenario.migrate(to: model("t", "n"))

        #expect(scenario.instance.openTimers.map(\.dueAt) == due)
        #expect(scenario.waitsFor == ["n"])
        try scenario.send(.signal(name: "stop", variables: []))
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a condition that is new and holds already comes at once`() throws {
        let condition =
            "<conditionalEventDefinition><condition>${n > 1}</condition></conditionalEventDefinition>"
        var scenario = try Scenario(line(task("a"), chain("s", "a", "e")))
        try scenario.start([("n", "2")])

        try scenario.migrate(to: line(task("a") + boundary("c", on: "a", condition), chain("s", "a", "e")))

        #expect(scenario.active == ["after-c"])
    }

    // MARK: What cannot be mapped

    @Test func `what has no counterpart is named with its id, its name, the reason and what to do`() throws {
        let text = line(
            task("a", attributes: "name=\"Make it\"") + user("u"), chain("s", "a", "u", "e"))
        var scenario = try Scenario(text)
        try scenario.start()

        let plan = try scenario.plan(to: definition(line(user("u"), chain("s", "u", "e"))))

        #expect(plan.unmapped.map(\.element) == [ElementID("a")])
        let problem = try #require(plan.problems(of: scenario.instance).first)
        #expect(
            problem.description
                == "a (\"Make it\"): a task is open, and p:2 has no element a; map it to another element, or let the task finish first"
        )
        #expect(rejection { try scenario.send(.migrate(plan)) }?.element == ElementID("a"))
        try scenario.complete("a")
        try scenario.send(.migrate(plan))
    }

    @Test(arguments: [
        (user("a"), "it is a <serviceTask>, and a a <userTask> in p:2"),
        (
            task("a", contract: "other"),
            "a task of contract a@1 is open, and a asks for other@1 in p:2"
        ),
        (
            "<subProcess id=\"sub\"><startEvent id=\"ss\"/>\(task("a"))\(flow("ss", "a"))</subProcess>",
            "it is in no subprocess, and a inside sub in p:2"
        ),
        (
            task(
                "a",
                inside:
                    "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
            ),
            "it runs once, and a repeatedly in p:2"
        ),
    ])
    func `an element must be of the same kind, contract, place and repetition`(
        element: String, expected: String
    ) throws {
        var scenario = try Scenario(line(task("a"), chain("s", "a", "e")))
        try scenario.start()
        let flows = element.contains("sub") ? chain("s", "sub", "e") : chain("s", "a", "e")

        let problems = try scenario.plan(to: definition(line(element, flows))).problems(of: scenario.instance)

        #expect(problems.count == 1)
        #expect(problems.first?.message.contains(expected) == true, "\(problems)")
    }

    @Test func `an element may go over to another one that has its own id taken`() throws {
        let text = line(task("a") + task("b", contract: "a"), chain("s", "a", "b", "e"))
        var scenario = try Scenario(text)
        try scenario.start()

        try scenario.migrate(to: text, ("a", "b"))

        #expect(scenario.active == ["b"])
        let plan = try scenario.plan(to: definition(text), [("a", "b")])
        #expect(plan.unmapped.map(\.message) == ["a takes its place"])
    }

    @Test func `everything wrong with a mapping is told at once`() throws {
        let text = line(task("a") + user("u"), chain("s", "a", "u", "e"))
        var scenario = try Scenario(text)
        try scenario.start()

        let rejected = rejection {
            _ = try scenario.plan(
                to: definition(text), [("nobody", "a"), ("a", "nothing"), ("u", "s"), ("s-a", "u-e"), ("a", "u")])
        }

        #expect(rejected?.reason == .invalid)
        let message = try #require(rejected?.message)
        for part in [
            "p:1 has no element nobody", "p:2 has no element nothing", "u cannot be mapped to s",
            "the flow s-a leads to a", "a is mapped twice",
        ] {
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func `a timer that is new and cannot be reckoned refuses the migration, and nothing changes`() throws {
        let broken = "<timerEventDefinition><timeDuration>${nothing}</timeDuration></timerEventDefinition>"
        var scenario = try Scenario(line(task("a"), chain("s", "a", "e")))
        try scenario.start()
        let before = scenario.instance

        let rejected = rejection {
            try scenario.migrate(to: line(task("a") + boundary("b", on: "a", broken), chain("s", "a", "e")))
        }

        #expect(rejected?.reason == .invalid)
        #expect(scenario.instance == before)
    }

    @Test func `an instance of another version is refused`() throws {
        let text = line(task("a"), chain("s", "a", "e"))
        var scenario = try Scenario(text)
        try scenario.start()
        let plan = try scenario.plan(to: definition(text))
        try scenario.send(.migrate(plan))

        #expect(rejection { try scenario.send(.migrate(plan)) }?.message.contains("it runs p:2, not p:1") == true)
    }

    @Test func `what is said in another way is worth a warning`() throws {
        func model(_ duration: String, _ called: String) -> String {
            line(
                """
                <intermediateCatchEvent id="w">\(Self.timer.replacing("PT10S", with: duration))</intermediateCatchEvent>
                <callActivity id="c" calledElement="\(called)"/>
                """, chain("s", "w", "c", "e"))
        }
        var scenario = try Scenario(model("PT10S", "q"))
        try scenario.start()

        let plan = try scenario.plan(to: definition(model("PT20S", "r")))

        #expect(plan.warnings.map(\.element) == [ElementID("w"), ElementID("c")])
        #expect(plan.unmapped.isEmpty)
    }
}

extension [Event] {
    /// The last activity that was entered.
    fileprivate var lastActivity: Int {
        last { if case .activityEntered = $0 { true } else { false } }.flatMap {
            if case .activityEntered(let number, _, _) = $0 { number } else { nil }
        } ?? 0
    }
}
