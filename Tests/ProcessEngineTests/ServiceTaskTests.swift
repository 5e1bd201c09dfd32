import ProcessEngine
import Testing
import Values

private let simple = bpmn("<startEvent id='s'/>\(task("t", contract: "c@2"))<endEvent id='e'/>\(chain("s", "t", "e"))")
private let contract = ContractKey(name: "c", major: 2)

private func withMappings(_ inside: String) -> String {
    bpmn(
        """
        <startEvent id='s'/>\(task("t", contract: "c@2", inside: "<extensionElements>\(inside)</extensionElements>"))
        \(task("next"))\(chain("s", "t", "next"))
        """)
}

struct ServiceTaskTests {
    @Test func `the priority is the model's, else the instance's, else the contract's`() throws {
        var contracts = StubContracts()
        contracts.policies[ContractKey(name: "a", major: 1)] = TaskPolicy(version: "1.0", priority: 3)
        func priorities(_ attributes: String, _ instance: Int?) throws -> [Int] {
            var scenario = try Scenario(
                bpmn(
                    "<startEvent id=\"s\"/>\(task("a", attributes: attributes))<endEvent id=\"e\"/>\(chain("s", "a", "e"))"
                ),
                contracts: contracts)
            try scenario.send(
                .start(Command.Start(definition: DefinitionID(process: "p", version: 1), priority: instance)))
            return scenario.instance.openTasks.map(\.priority)
        }
        #expect(try priorities("", nil) == [3])
        #expect(try priorities("", 7) == [7])
        #expect(try priorities("camunda:taskPriority=\"9\"", 7) == [9])
    }

    @Test func `makes a task of its contract and ends with its completion`() throws {
        var contracts = StubContracts()
        contracts.policies[contract] = TaskPolicy(version: "2.4", maxAttempts: 5, priority: 9)
        var scenario = try Scenario(simple, contracts: contracts)
        try scenario.start([("a", "1")])
        let open = try #require(scenario.instance.openTasks.first)
        #expect(open.contract == contract)
        #expect(open.retriesLeft == 5)
        #expect(open.priority == 9)
        #expect(open.input.text == #"{"a":1}"#)
        try scenario.complete("t", [("b", "[1,  2]")])
        #expect(scenario.instance.end == .completed)
        #expect(scenario.root("b") == "[1,  2]")
        #expect(rejection { try scenario.send(.completeTask(number: open.number, output: [])) }?.reason == .gone)
    }

    @Test func `gives what the contract declares, in its order`() throws {
        var contracts = StubContracts()
        contracts.inputs[contract] = ["z", "a", "missing"]
        var scenario = try Scenario(simple, contracts: contracts)
        try scenario.start([("a", "1"), ("b", "2"), ("z", "3")])
        #expect(try scenario.input(of: "t") == #"{"z":3,"a":1}"#)
    }

    @Test(arguments: [
        "<waybill:input name=\"x\" value=\"= a + 1\"/><waybill:input name=\"y\" value=\"text\"/>",
        "<zeebe:ioMapping><zeebe:input source=\"= a + 1\" target=\"x\"/><zeebe:input source=\"text\" target=\"y\"/></zeebe:ioMapping>",
        """
        <camunda:inputOutput><camunda:inputParameter name="x">${a + 1}</camunda:inputParameter>
        <camunda:inputParameter name="y"> text </camunda:inputParameter></camunda:inputOutput>
        """,
    ])
    func `maps its input`(inside: String) throws {
        var scenario = try Scenario(withMappings(inside))
        try scenario.start([("a", "1"), ("b", "2")])
        #expect(try scenario.input(of: "t") == #"{"x":2,"y":"text"}"#)
        #expect(scenario.root("x") == nil)
    }

    @Test func `maps lists and maps, and members of one object`() throws {
        var scenario = try Scenario(
            withMappings(
                """
                <camunda:inputOutput>
                  <camunda:inputParameter name="l"><camunda:list><camunda:value>one</camunda:value><camunda:value>${a}</camunda:value>
                    <camunda:map><camunda:entry key="k">v</camunda:entry></camunda:map></camunda:list></camunda:inputParameter>
                  <camunda:inputParameter name="m"><camunda:map><camunda:entry key="k">${a}</camunda:entry></camunda:map></camunda:inputParameter>
                  <camunda:inputParameter name="e"><camunda:map><camunda:entry key="${b}">1</camunda:entry><camunda:entry key="k">2</camunda:entry></camunda:map></camunda:inputParameter>
                  <camunda:inputParameter name="s"><camunda:script scriptFormat="juel">${a + 1}</camunda:script></camunda:inputParameter>
                  <camunda:inputParameter name="n"/>
                </camunda:inputOutput>
                <zeebe:ioMapping><zeebe:input source="= a" target="o.p.q"/><zeebe:input source="= 5" target="o.r"/></zeebe:ioMapping>
                """))
        try scenario.start([("a", "1"), ("b", "\"key\"")])
        #expect(
            try scenario.input(of: "t")
                == #"{"l":["one",1,{"k":"v"}],"m":{"k":1},"e":{"key":"1","k":"2"},"s":2,"n":null,"o":{"p":{"q":1},"r":5}}"#
        )
    }

    @Test(arguments: [
        "<waybill:output name=\"r\" value=\"= size + 1\"/>",
        "<zeebe:ioMapping><zeebe:output source=\"= size + 1\" target=\"r\"/></zeebe:ioMapping>",
        "<camunda:inputOutput><camunda:outputParameter name=\"r\">${size + 1}</camunda:outputParameter></camunda:inputOutput>",
    ])
    func `maps its output, and only that`(inside: String) throws {
        var scenario = try Scenario(withMappings(inside))
        try scenario.start()
        try scenario.complete("t", [("size", "41")])
        #expect(scenario.root("r") == "42")
        #expect(scenario.root("size") == nil)
        #expect(scenario.active == ["next"])
    }

    @Test func `an output mapping sees output, then input, then variables`() throws {
        var scenario = try Scenario(
            withMappings(
                """
                <waybill:input name="a" value="= 10"/><waybill:input name="b" value="= 20"/>
                <waybill:output name="r" value="= [a, b, c]"/>
                """))
        try scenario.start([("a", "1"), ("b", "2"), ("c", "3")])
        try scenario.complete("t", [("a", "100")])
        #expect(scenario.root("r") == "[100,20,3]")
        #expect(scenario.root("a") == "1")
    }

    @Test func `an input that does not fit its contract is an incident, mended by an operator`() throws {
        var contracts = StubContracts()
        contracts.inputProblems[contract] = ["a is missing."]
        let text = bpmn("<startEvent id='s'/>\(task("first"))\(task("t", contract: "c@2"))\(chain("s", "first", "t"))")
        var scenario = try Scenario(text, contracts: contracts)
        try scenario.start()
        try scenario.complete("first")
        let incident = try #require(scenario.instance.openIncidents.first)
        #expect(incident.kind == .contractViolated)
        #expect(incident.message.contains("a is missing."))
        scenario.contracts.inputProblems = [:]
        try scenario.resolve()
        #expect(scenario.instance.openTasks.map(\.element.text) == ["t"])
        #expect(scenario.incidents == [])
    }

    @Test func `an output that does not fit its contract is a failed attempt`() throws {
        var contracts = StubContracts()
        contracts.outputProblems[contract] = ["size is no number."]
        var scenario = try Scenario(simple, contracts: contracts)
        try scenario.start()
        try scenario.complete("t", [("size", "\"big\"")])
        let open = try #require(scenario.instance.openTasks.first)
        #expect(open.retriesLeft == 2)
        #expect(scenario.root("size") == nil)
        guard case .taskFailed(let failed) = scenario.journal.last else { Issue.record("no failure"); return }
        #expect(failed.message.contains("size is no number."))
    }

    @Test func `a BPMN error that its contract does not declare is a failed attempt`() throws {
        var contracts = StubContracts()
        contracts.errors[contract] = ["NO_CODEC"]
        var scenario = try Scenario(simple, contracts: contracts)
        try scenario.start()
        try scenario.throwError("t", "NO_CODE", message: "odd")
        let task = try #require(scenario.instance.openTasks.first)
        #expect(task.failures == 1)
        #expect(!scenario.instance.isEnded)
        try scenario.throwError("t", "NO_CODEC")
        #expect(scenario.instance.end == .completedWithError(code: "NO_CODEC", message: nil))
    }

    @Test func `failures wait as the policy says, the last one is an incident, an operator gives new attempts`() throws
    {
        var contracts = StubContracts()
        contracts.policies[contract] = TaskPolicy(version: "2.0", maxAttempts: 3, backoff: .seconds(10), multiplier: 3)
        var scenario = try Scenario(simple, contracts: contracts)
        try scenario.start()
        var pauses: [Duration] = []
        for _ in 1...3 {
            try scenario.fail("t")
            guard
                case .taskFailed(let failed) = scenario.journal.last(where: {
                    if case .taskFailed = $0 { true } else { false }
                })
            else {
                Issue.record("no failure")
                return
            }
            pauses.append(failed.dueAt.duration(since: scenario.now))
        }
        #expect(pauses == [.seconds(10), .seconds(30), .seconds(90)])
        #expect(scenario.incidents == [.taskFailed])
        #expect(rejection { try scenario.fail("t") }?.reason == .conflict)
        try scenario.resolve()
        #expect(scenario.instance.openTasks.first?.retriesLeft == 3)
        #expect(scenario.instance.openTasks.first?.dueAt == scenario.now)
        try scenario.fail("t")
        #expect(scenario.instance.openTasks.first?.dueAt == scenario.now.advanced(by: .seconds(10)))
        try scenario.complete("t")
        #expect(scenario.instance.isEnded)
    }

    @Test func `an agent's wishes for the next attempt are heard`() throws {
        var scenario = try Scenario(simple)
        try scenario.start()
        try scenario.send(.failTask(number: 1, TaskFailure(message: "busy", retryAfter: .seconds(1000))))
        #expect(scenario.instance.openTasks.first?.dueAt == scenario.now.advanced(by: .seconds(1000)))
        try scenario.fail("t", "hopeless", retry: false)
        #expect(scenario.incidents == [.taskFailed])
        try scenario.resolve(retries: 7)
        #expect(scenario.instance.openTasks.first?.retriesLeft == 7)
    }

    @Test func `a completion that comes after all resolves the incident`() throws {
        var scenario = try Scenario(simple)
        try scenario.start()
        try scenario.fail("t", retry: false)
        try scenario.complete("t")
        #expect(scenario.instance.end == .completed)
        #expect(scenario.journal.contains(.incidentResolved(incident: 1)))
    }

    @Test func `a task that cannot be handed over is suspended and keeps its attempts`() throws {
        var scenario = try Scenario(simple)
        try scenario.start()
        try scenario.send(.suspendTask(number: 1, kind: .unroutable, message: "no queue"))
        #expect(scenario.incidents == [.unroutable])
        #expect(
            rejection { try scenario.send(.suspendTask(number: 1, kind: .unroutable, message: "no queue")) }?.reason
                == .conflict)
        try scenario.resolve()
        #expect(scenario.instance.openTasks.first?.retriesLeft == 3)
        #expect(scenario.incidents == [])
    }

    @Test func `a mapping that fails keeps the work of the agent`() throws {
        var scenario = try Scenario(
            withMappings(
                "<camunda:inputOutput><camunda:outputParameter name=\"r\">${size + other}</camunda:outputParameter></camunda:inputOutput>"
            ))
        try scenario.start()
        try scenario.complete("t", [("size", "1")])
        #expect(scenario.incidents == [.expressionFailed])
        #expect(scenario.instance.openTasks.isEmpty)
        try scenario.send(.setVariables([Variable(name: "other", value: .number(2))]))
        try scenario.resolve()
        #expect(scenario.root("r") == "3")
        #expect(scenario.active == ["next"])
    }

    @Test func `a value that a loop nests deeper and deeper is stopped`() throws {
        var scenario = try Scenario(
            bpmn(
                """
                <startEvent id="s"/>
                \(task("t", inside: "<extensionElements><waybill:output name=\"x\" value=\"= [x]\"/></extensionElements>"))
                \(chain("s", "t", "t"))
                """))
        try scenario.start([("x", String(repeating: "[", count: 498) + String(repeating: "]", count: 498))])
        for _ in 1...3 where scenario.incidents.isEmpty { try scenario.complete("t") }
        #expect(scenario.incidents == [.expressionFailed])
        #expect(scenario.root("x")?.count == 1000)
    }

    @Test(arguments: [("camunda:taskPriority=\"${p + 1}\"", 8), ("camunda:taskPriority=\"3\"", 3)])
    func `the model's priority wins over the contract's`(attributes: String, expected: Int) throws {
        var contracts = StubContracts()
        contracts.policies[contract] = TaskPolicy(version: "2.0", priority: 1)
        var scenario = try Scenario(
            bpmn("<startEvent id='s'/>\(task("t", contract: "c@2", attributes: attributes))\(chain("s", "t"))"),
            contracts: contracts)
        try scenario.start([("p", "7")])
        #expect(scenario.instance.openTasks.first?.priority == expected)
    }

    @Test func `records an agent's event`() throws {
        var scenario = try Scenario(simple)
        try scenario.start()
        let payload = try json("{}")
        #expect(
            try scenario.send(.recordTaskEvent(number: 1, name: "warning", payload: payload))
                == [.taskEventRecorded(task: 1, name: "warning", payload: payload)])
        #expect(
            rejection { try scenario.send(.recordTaskEvent(number: 9, name: "w", payload: payload)) }?.reason == .gone)
    }

    @Test func `commands that do not fit are rejected and change nothing`() throws {
        var scenario = try Scenario(simple)
        #expect(rejection { try scenario.send(.cancel(reason: "")) }?.reason == .gone)
        #expect(rejection { try scenario.start(at: "nowhere") }?.reason == .invalid)
        try scenario.start()
        let before = scenario.instance
        #expect(rejection { try scenario.start() }?.reason == .conflict)
        #expect(rejection { try scenario.send(.completeTask(number: 5, output: [])) }?.reason == .gone)
        #expect(rejection { try scenario.send(.fireTimer(number: 1)) }?.reason == .gone)
        #expect(rejection { try scenario.send(.resolveIncident(number: 1, retries: nil)) }?.reason == .gone)
        #expect(rejection { try scenario.throwError("t", "") }?.reason == .invalid)
        try scenario.fail("t", retry: false)
        #expect(rejection { try scenario.resolve(retries: 0) }?.reason == .invalid)
        #expect(scenario.instance.end == before.end)
    }
}
