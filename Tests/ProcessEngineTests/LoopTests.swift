import ProcessEngine
import Testing
import Values

private func loop(_ marker: String, _ activity: (String) -> String = { user("u", inside: $0) }) -> String {
    bpmn("<startEvent id='s'/>\(activity(marker))\(user("z"))\(chain("s", "u", "z"))", declarations: declared)
}

private func instances(_ attributes: String, _ inside: String) -> String {
    "<multiInstanceLoopCharacteristics \(attributes)>\(inside)</multiInstanceLoopCharacteristics>"
}

struct LoopTests {
    @Test func `parallel runs are all at work, and the last leads on`() throws {
        var scenario = try Scenario(loop(instances("", "<loopCardinality>${n}</loopCardinality>")))
        try scenario.start([("n", "3")])
        #expect(scenario.active == ["u", "u", "u", "u"])
        for _ in 0..<3 { try scenario.finish("u") }
        #expect(scenario.active == ["z"])
        #expect(scenario.completed == ["s", "u", "u", "u", "u"])
    }

    @Test func `sequential runs follow each other, each with its item and number`() throws {
        let marker = instances("isSequential='true' camunda:collection='items' camunda:elementVariable='item'", "")
        let work = { (marker: String) in task("u", inside: marker) }
        var scenario = try Scenario(loop(marker, work))
        try scenario.start([("items", "[\"a\",\"b\"]")])
        #expect(try scenario.input(of: "u").contains(#""loopCounter":0,"item":"a""#))
        try scenario.complete("u")
        #expect(try scenario.input(of: "u").contains(#""loopCounter":1,"item":"b""#))
        try scenario.complete("u")
        #expect(scenario.active == ["z"])
    }

    @Test(arguments: ["true", "false"])
    func `no runs lead on at once`(isSequential: String) throws {
        var scenario = try Scenario(
            loop(instances("isSequential='\(isSequential)'", "<loopCardinality>0</loopCardinality>")))
        try scenario.start()
        #expect(scenario.active == ["z"])
    }

    @Test func `the completion condition ends the rest`() throws {
        var scenario = try Scenario(
            loop(
                instances(
                    "",
                    "<loopCardinality>3</loopCardinality><completionCondition>${nrOfCompletedInstances >= 2 and nrOfActiveInstances == 1}</completionCondition>"
                )))
        try scenario.start()
        try scenario.finish("u")
        try scenario.finish("u")
        #expect(scenario.active == ["z"])
        #expect(scenario.canceled == ["u"])
    }

    @Test func `outputs are collected in the order of the items`() throws {
        let marker = """
            <multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="= [1, 2]"
            inputElement="i" outputCollection="out" outputElement="= r * i"/></extensionElements>
            </multiInstanceLoopCharacteristics>
            """
        var scenario = try Scenario(loop(marker) { task("u", inside: $0) })
        try scenario.start([("r", "0")])
        let numbers = scenario.instance.openTasks.map(\.number)
        try scenario.send(.completeTask(number: numbers[1], output: [Variable(name: "r", value: .number(10))]))
        try scenario.send(.completeTask(number: numbers[0], output: [Variable(name: "r", value: .number(5))]))
        #expect(scenario.root("out") == "[5,20]")
    }

    @Test func `boundary events are the body's: they come once and end all runs`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u", inside: instances("", "<loopCardinality>2</loopCardinality>")))\(chain("s", "u"))
            \(boundary("b", on: "u", messageM))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.waitsFor == ["b"])
        try scenario.correlate("b")
        #expect(scenario.active == ["after-b"])
        #expect(scenario.canceled == ["u", "u", "u"])
    }

    @Test func `an error of a run leaves the body`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(task("u", inside: instances("", "<loopCardinality>2</loopCardinality>")))\(chain("s", "u"))
            \(boundary("b", on: "u", "<errorEventDefinition/>"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.throwError("u", "E")
        #expect(scenario.active == ["after-b"])
    }

    @Test(arguments: [(true, 2), (false, 3)])
    func `a standard loop runs while its condition holds`(testsBefore: Bool, runs: Int) throws {
        let marker = """
            <standardLoopCharacteristics testBefore="\(testsBefore)"><loopCondition>= n &lt; \(runs)</loopCondition>
            </standardLoopCharacteristics>
            """
        var scenario = try Scenario(loop(marker))
        try scenario.start([("n", "0")])
        for run in 1...runs { try scenario.finish("u", [("n", "\(run)")]) }
        #expect(scenario.active == ["z"])
    }

    @Test func `a collection that is none is an incident of the body`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("a"))\(user("u", inside: instances("camunda:collection='items'", "")))
            \(chain("s", "a", "u"))
            """)
        var scenario = try Scenario(text)
        try scenario.start([("items", "1")])
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("items", "[1, 2]")
        try scenario.resolve()
        #expect(scenario.active == ["u", "u", "u"])
    }

    @Test func `what runs of a completed loop did is undone run by run, and that of one at work is not`() throws {
        let marker = instances("", "<loopCardinality>2</loopCardinality>")
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u", inside: marker))<intermediateThrowEvent id="x">\(compensation)
            </intermediateThrowEvent>\(chain("s", "u", "x"))<boundaryEvent id="c" attachedToRef="u">\(compensation)
            </boundaryEvent>\(user("undo", attributes: "isForCompensation='true'"))
            <association id="a" sourceRef="c" targetRef="undo"/>
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("u")
        try scenario.finish("u")
        #expect(scenario.active == ["x", "undo", "undo"])
        try scenario.finish("undo")
        try scenario.finish("undo")
        #expect(scenario.instance.end == .completed)
    }

    /// The limit of transitions is for loops without a wait state, not for large collections.
    @Test func `many runs are no mistake`() throws {
        var scenario = try Scenario(loop(instances("", "<loopCardinality>20000</loopCardinality>")))
        try scenario.start()
        #expect(scenario.instance.openUserTasks.count == 20_000)
        #expect(scenario.incidents == [])
    }

    @Test func `a collection has a limit`() throws {
        let loop =
            "<multiInstanceLoopCharacteristics camunda:collection='items'></multiInstanceLoopCharacteristics>"
        let text = bpmn("<startEvent id='s'/>\(user("a"))\(user("t", inside: loop))\(chain("s", "a", "t"))")
        var scenario = try Scenario(text)
        try scenario.start([("items", "[" + String(repeating: "0,", count: 1_000_000) + "0]")])
        try scenario.finish("a")
        #expect(scenario.incidents == [.expressionFailed])
        #expect(scenario.instance.openIncidents.first?.message.contains("1000001 items") == true)
    }

    @Test func `what runs are to throw when they end is not looked at, with a warning`() throws {
        let marker = """
            <multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="S"><loopCardinality>2</loopCardinality>
            </multiInstanceLoopCharacteristics>
            """
        let text = bpmn("<startEvent id='s'/>\(user("u", inside: marker))\(chain("s", "u"))", declarations: declared)
        let warnings = try definition(text).warnings
        #expect(warnings.map(\.code) == ["behavior-ignored"])
        #expect(warnings.first?.message.contains("behavior=\"One\", oneBehaviorEventRef") == true)
        #expect(
            try definition(text.replacing("behavior=\"One\" oneBehaviorEventRef=\"S\"", with: "behavior=\"All\""))
                .warnings == [])
    }

    /// What ends is at work no more; of runs one after the other Camunda 7 counts one all the same.
    @Test(arguments: [(true, 1), (false, 2)])
    func `a completion condition sees how many runs are at work`(isSequential: Bool, active: Int) throws {
        let condition = "<completionCondition>${nrOfActiveInstances == \(active)}</completionCondition>"
        let marker = instances("isSequential='\(isSequential)'", "<loopCardinality>3</loopCardinality>\(condition)")
        var scenario = try Scenario(loop(marker))
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.active == ["z"])
    }

    @Test func `a cardinality beside a collection says how many of its items there are runs for`() throws {
        let marker = instances(
            "camunda:collection='${list}' camunda:elementVariable='item'", "<loopCardinality>${n}</loopCardinality>")
        var scenario = try Scenario(loop(marker))
        try scenario.start([("list", "[1, 2, 3]"), ("n", "2")])
        #expect(scenario.instance.openTasks.count + scenario.instance.openUserTasks.count == 2)
        var short = try Scenario(loop(marker))
        #expect(rejection { try short.start([("list", "[1]"), ("n", "2")]) }?.reason == .stuck)
    }
}
