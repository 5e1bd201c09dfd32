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
}
