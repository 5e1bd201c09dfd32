import ProcessEngine
import Testing
import Values

/// one -> a -> end
/// two -> b -> end
private let twoStarts = bpmn(
    """
    <startEvent id="one"/><startEvent id="two"/>\(task("a"))\(task("b"))<endEvent id="end"/>
    \(chain("one", "a", "end"))\(chain("two", "b", "end"))
    """)

struct StartEventTests {
    @Test func `its initiator variable gets the name of who started the instance`() throws {
        let text = bpmn("<startEvent id='s' camunda:initiator='boss'/>\(user("u"))\(chain("s", "u"))")
        var scenario = try Scenario(text)
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1), labels: InstanceLabels(startedBy: "anna"))))
        #expect(scenario.root("boss") == "\"anna\"")
    }

    @Test func `one of several is named`() throws {
        var scenario = try Scenario(twoStarts)
        #expect(rejection { try scenario.start() }?.reason == .invalid)
        #expect(rejection { try scenario.start(at: "three") }?.reason == .invalid)
        try scenario.start(at: "two")
        #expect(scenario.active == ["b"])
        try scenario.complete("b")
        #expect(scenario.instance.end == .completed)
    }

    @Test func `begins with what the starter gave`() throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(task("t"))\(chain("s", "t"))"))
        let labels = InstanceLabels(workflow: "w", workflowVersion: "1.0", objectID: "o")
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 4),
                    variables: [Variable(name: "a", value: .number(1))],
                    businessKey: "key", labels: labels)))
        #expect(scenario.instance.definition == DefinitionID(process: "p", version: 4))
        #expect(scenario.instance.businessKey == "key")
        #expect(scenario.instance.labels == labels)
        #expect(scenario.root("a") == "1")
    }

    @Test func `of another process is refused`() throws {
        let scenario = try Scenario(twoStarts)
        let other = Command.Start(definition: DefinitionID(process: "other", version: 1))
        let surroundings = Surroundings(now: scenario.now, contracts: StubContracts())
        let refused = rejection {
            _ = try Engine.decide(
                .start(other), for: ProcessInstance(), of: scenario.definition, in: surroundings)
        }
        #expect(refused?.reason == .invalid)
    }

    /// s, with a message, a signal and a timer -> u
    private static let parallel = bpmn(
        """
        <startEvent id="s" parallelMultiple="true">\(messageM)\(signalS)<timerEventDefinition>
        <timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>\(user("u"))\(chain("s", "u"))
        """, declarations: declared)

    @Test func `one that takes several triggers begins with the first, and goes on with the last`() throws {
        let model = try definition(Self.parallel)
        #expect(model.startSubscriptions.map(\.trigger) == [0, 1, 2])
        #expect(model.startSubscriptions.allSatisfy { $0.isParallel && $0.element == ElementID("s") })
        var scenario = Scenario(of: model)
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    variables: [Variable(name: "a", value: .number(1))], startEvent: ElementID("s"), trigger: 1)))
        #expect(scenario.active == ["s"])
        #expect(scenario.waitsFor == ["s"])
        try scenario.correlate("s", [("b", "2")])
        #expect(scenario.active == ["s"])
        #expect(scenario.waitsFor == [])
        try scenario.fire("s")
        #expect(scenario.active == ["u"])
        #expect(scenario.root("a") == "1" && scenario.root("b") == "2")
    }

    @Test func `one that takes several triggers begins with all of them when somebody names no trigger`() throws {
        var scenario = try Scenario(Self.parallel)
        try scenario.start(at: "s")
        #expect(scenario.active == ["u"])
        #expect(scenario.waitsFor == [])
    }
}
