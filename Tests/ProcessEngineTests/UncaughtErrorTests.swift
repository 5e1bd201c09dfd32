import ProcessEngine
import Testing
import Values

/// BPMN errors that nothing catches.
struct UncaughtErrorTests {
    private static let bad = "<endEvent id='bad'><errorEventDefinition errorRef='E1'/></endEvent>"

    private static func parallel(process: String = "id=\"p\" isExecutable=\"true\"") -> String {
        bpmn(
            """
            <startEvent id="s"/><parallelGateway id="g"/>\(user("a"))\(task("w"))\(user("b"))\(bad)
            \(chain("s", "g", "a", "bad"))\(chain("g", "w"))\(flow("g", "b"))
            """, declarations: declared, process: process)
    }

    @Test func `the path ends, others go on, and the instance ends with the first error`() throws {
        var scenario = try Scenario(Self.parallel())
        try scenario.start()
        try scenario.throwError("w", "LOST", message: "m")
        #expect(scenario.active == ["a", "b"])
        try scenario.finish("a")
        #expect(scenario.active == ["b"])
        #expect(scenario.completed.contains("bad") && scenario.canceled == ["w"])
        try scenario.finish("b")
        #expect(scenario.instance.end == .completedWithError(code: "LOST", message: "m"))
    }

    @Test func `a subprocess whose last path ends so goes on`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>\(Self.bad)\(chain("i", "bad"))</subProcess>
                \(user("z"))\(chain("s", "sub", "z"))
                """, declarations: declared))
        try scenario.start()
        #expect(scenario.active == ["z"])
        try scenario.finish("z")
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: nil))
    }

    @Test func `a run of a loop that ends so counts as done`() throws {
        let marker =
            "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        let work = task("w", inside: marker)
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(work)\(user("z"))\(chain("s", "w", "z"))"))
        try scenario.start()
        try scenario.throwError("w", "X")
        try scenario.complete("w")
        #expect(scenario.active == ["z"])
    }

    @Test func `a call whose process ends with an error that the caller does not catch goes on`() throws {
        var simulation = Simulation(
            [
                try definition(
                    bpmn(
                        """
                        <startEvent id="s"/><callActivity id="ca" calledElement="c"/>\(user("z"))\(chain("s", "ca", "z"))
                        """)),
                try definition(
                    bpmn(
                        "<startEvent id='s'/>\(Self.bad)\(user("u"))\(chain("s", "u", "bad"))", declarations: declared,
                        process: "id=\"c\" isExecutable=\"true\"")),
            ], now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts())
        try simulation.start("p")
        try simulation.perform(.complete(Simulation.Place(ElementID("u")), []))
        #expect(simulation.members[0].instance.openUserTasks.map(\.element.text) == ["z"])
        try simulation.perform(.complete(Simulation.Place(ElementID("z")), []))
        #expect(simulation.members[0].instance.end == .completedWithError(code: "BAD", message: nil))
    }

    // MARK: Out of called processes

    /// In parallel: the user task `w` whose end throws BAD, and the user task `v` that sets `r`.
    private static let called = bpmn(
        """
        <startEvent id="s"/><parallelGateway id="g"/>\(user("w"))\(user("v"))\(bad)
        \(chain("s", "g", "w", "bad"))\(chain("g", "v"))
        """, declarations: declared, process: "id=\"c\" isExecutable=\"true\"")
    /// Calls `c` and does nothing else.
    private static let between = bpmn(
        "<startEvent id='s'/><callActivity id='inner' calledElement='c'/>\(user("y"))\(chain("s", "inner", "y"))",
        process: "id=\"m\" isExecutable=\"true\"")

    private static func calling(_ process: String, _ rest: String = "") -> String {
        bpmn(
            """
            <startEvent id="s"/><callActivity id="ca" calledElement="\(process)"><extensionElements>
            <camunda:out source="r" target="taken"/></extensionElements></callActivity>\(user("z"))\(rest)
            \(chain("s", "ca", "z"))
            """, declarations: declared)
    }

    private static func run(_ texts: String..., body: (inout Simulation) throws -> Void) throws {
        var simulation = Simulation(
            try texts.map { try definition($0) }, now: Timestamp(millisecondsSinceEpoch: 0), contracts: StubContracts())
        simulation.checksReplay = true
        try simulation.start("p")
        try body(&simulation)
        #expect(simulation.replayFaults == [])
    }

    private static func open(_ simulation: Simulation) -> [String] {
        simulation.members.flatMap { $0.instance.openUserTasks.map(\.element.text) }.sorted()
    }

    @Test func `nobody in the chain catches it: only the path ends, and the caller waits for the rest`() throws {
        try Self.run(Self.calling("c"), Self.called) { simulation in
            try simulation.perform(.complete(Simulation.Place(ElementID("w")), []))
            #expect(Self.open(simulation) == ["v"])
            try simulation.perform(
                .complete(Simulation.Place(ElementID("v")), [Variable(name: "r", value: .number(5))]))
            #expect(Self.open(simulation) == ["z"])
            #expect(simulation.members[1].instance.end == .completedWithError(code: "BAD", message: nil))
            let taken = simulation.members[0].instance.rootVariables
            #expect(taken == [Variable(name: "taken", value: .number(5))])
            try simulation.perform(.complete(Simulation.Place(ElementID("z")), []))
            #expect(simulation.members[0].instance.end == .completedWithError(code: "BAD", message: nil))
        }
    }

    @Test(arguments: [true, false])
    func `the caller of the caller catches it: both called instances end at once`(isBoundary: Bool) throws {
        let catcher = "<errorEventDefinition errorRef='E1'/>"
        let rest =
            isBoundary
            ? "<boundaryEvent id='b' attachedToRef='ca'>\(catcher)</boundaryEvent>\(user("x"))\(flow("b", "x"))"
            : """
            <subProcess id="es" triggeredByEvent="true"><startEvent id="es-s">\(catcher)</startEvent>\(user("x"))
            \(flow("es-s", "x"))</subProcess>
            """
        try Self.run(Self.calling("m", rest), Self.between, Self.called) { simulation in
            try simulation.perform(.complete(Simulation.Place(ElementID("w")), []))
            #expect(Self.open(simulation) == ["x"])
            let error = Event.InstanceEnd.completedWithError(code: "BAD", message: nil)
            #expect(simulation.members[1...].map(\.instance.end) == [error, error])
            try simulation.perform(.complete(Simulation.Place(ElementID("x")), []))
            #expect(simulation.members[0].instance.end == .completed)
        }
    }

    @Test func `another code is caught by nobody`() throws {
        let rest = """
            <boundaryEvent id='b' attachedToRef='ca'><errorEventDefinition errorRef='E2'/></boundaryEvent>
            \(user("x"))\(flow("b", "x"))
            """
        let text = Self.calling("m", rest).replacing("<process", with: "<error id='E2' errorCode='OTHER'/><process")
        try Self.run(text, Self.between, Self.called) { simulation in
            try simulation.perform(.complete(Simulation.Place(ElementID("w")), []))
            #expect(Self.open(simulation) == ["v"])
            try simulation.perform(.complete(Simulation.Place(ElementID("v")), []))
            #expect(Self.open(simulation) == ["y"])
        }
    }

    @Test func `a called process may want an operator, and so may its caller`() throws {
        let policy = "isExecutable=\"true\" waybill:uncaughtErrors=\"incident\""
        try Self.run(Self.calling("c"), Self.called.replacing("isExecutable=\"true\"", with: policy)) { simulation in
            try simulation.perform(.complete(Simulation.Place(ElementID("w")), []))
            #expect(simulation.members[1].instance.openIncidents.map(\.kind) == [.uncaughtError])
            #expect(Self.open(simulation) == ["v"])
        }
        try Self.run(Self.calling("c").replacing("isExecutable=\"true\"", with: policy), Self.called) { simulation in
            for task in ["w", "v"] { try simulation.perform(.complete(Simulation.Place(ElementID(task)), [])) }
            #expect(simulation.members[0].instance.openIncidents.map(\.kind) == [.uncaughtError])
            #expect(simulation.members[0].instance.openIncidents.map(\.element.text) == ["ca"])
        }
    }

    @Test func `an instance that was called before callers said what they catch ends at once, as it did`() throws {
        var scenario = try Scenario(Self.called)
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "c", version: 1),
                    parent: ParentCall(instance: InstanceID("i"), call: 1))))
        try scenario.finish("w")
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: nil))
    }

    @Test func `a process may want an operator instead, whose retry does the work again`() throws {
        var scenario = try Scenario(
            Self.parallel(process: "id=\"p\" isExecutable=\"true\" waybill:uncaughtErrors=\"incident\""))
        try scenario.start()
        try scenario.throwError("w", "LOST")
        #expect(scenario.incidents == [.uncaughtError])
        try scenario.resolve()
        #expect(scenario.incidents.isEmpty)
        try scenario.complete("w")
        try scenario.finish("b")
        try scenario.finish("a")
        #expect(scenario.incidents == [.uncaughtError])
        #expect(scenario.active == ["bad"])
        try scenario.send(.modify([.cancelAll(ElementID("bad"))]))
        #expect(scenario.instance.isEnded)
    }

    @Test func `a policy that is none is refused`() {
        let text = Self.parallel(process: "id=\"p\" isExecutable=\"true\" waybill:uncaughtErrors=\"shrug\"")
        #expect(problems(text).map(\.code) == ["invalid-value"])
    }

    @Test func `a task whose contract is a workflow goes on like a call, with what that gave`() throws {
        let contract = ContractKey(name: "w", major: 1)
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(task("w"))\(user("z"))\(chain("s", "w", "z"))"),
            contracts: StubContracts(outputs: [contract: ["r"]], performers: [contract: .workflow(process: "q")]))
        try scenario.start()
        let given = ["r", "secret"].map { Variable(name: $0, value: .number(5)) }
        try scenario.send(.endCall(call: 1, .uncaughtError(BPMNError(code: "BAD"), variables: given)))
        #expect(scenario.active == ["z"])
        #expect(scenario.root("r") == "5" && scenario.root("secret") == nil)
        try scenario.finish("z")
        #expect(scenario.instance.end == .completedWithError(code: "BAD", message: nil))
    }
}
