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
}
