import ProcessEngine
import Testing
import Values

/// What JUEL knows as `execution` and `task`.
struct HostObjectTests {
    /// Before a user task `u`: a task that keeps the value of the expression in `x`.
    private static func model(_ expression: String) -> String {
        bpmn(
            """
            <startEvent id="s"/><serviceTask id="t" name="Work" camunda:expression="\(expression)"
              camunda:resultVariable="x"/>\(user("u"))\(chain("s", "t", "u"))
            """)
    }

    private static func value(_ expression: String) throws -> String? {
        var scenario = try Scenario(model(expression))
        try scenario.send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    variables: [Variable(name: "a", value: .number(1))], businessKey: "order-7")))
        return scenario.instance.rootVariable("x")?.text
    }

    @Test(arguments: [
        ("execution.id", "\"instance-1\""), ("execution.getProcessInstanceId()", "\"instance-1\""),
        ("execution.businessKey", "\"order-7\""), ("execution.processBusinessKey", "\"order-7\""),
        ("execution.getProcessBusinessKey()", "\"order-7\""), ("execution.processDefinitionId", "\"p:1\""),
        ("execution.currentActivityId", "\"t\""), ("execution.currentActivityName", "\"Work\""),
        ("execution.activityInstanceId", "\"t:instance-1.2\""), ("execution.eventName", "null"),
        ("execution.nothing", "null"), ("execution.getVariableLocal('a')", "1"),
        ("execution.hasVariableLocal('b')", "false"), ("execution.variables.a", "1"),
        ("execution.variables.none", "null"),
        ("execution.getVariables()", #"{"a":1}"#),
        ("execution.getVariableNames().size()", "1"), ("now()", "\"2026-01-01T00:00:00Z\""),
        ("dateTime().plusDays(3).minusHours(1).toDate()", "\"2026-01-03T23:00:00Z\""),
        ("dateTime().plusMonths(1).getMonthOfYear()", "2"),
        ("'at '.concat(now().toString())", "\"at 2026-01-01T00:00:00Z\""),
    ])
    func `an expression knows its execution and the time`(expression: String, expected: String) throws {
        #expect(try Self.value("${\(expression)}") == expected)
    }

    @Test func `what a task's expression sets are variables`() throws {
        #expect(try Self.value("${execution.setVariable('a', a + 1)}") == "null")
        var scenario = try Scenario(Self.model("${execution.setVariable('a', a + 1)}"))
        try scenario.start([("a", "1")])
        #expect(scenario.instance.rootVariable("a")?.text == "2")
    }

    @Test func `a called process can have the business key of its caller`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/><callActivity id="c" calledElement="q"><extensionElements>
            <camunda:in businessKey="#{execution.processBusinessKey}"/></extensionElements></callActivity>\(chain("s", "c"))
            """)
        var scenario = try Scenario(text)
        let events = try scenario.send(
            .start(Command.Start(definition: DefinitionID(process: "p", version: 1), businessKey: "order-7")))
        let keys = events.compactMap { if case .call(.requested(let call)) = $0 { call.businessKey } else { nil } }
        #expect(keys == ["order-7"])
    }

    private static func listener(_ kind: String, _ event: String, _ expression: String) -> String {
        "<camunda:\(kind) event=\"\(event)\" expression=\"\(expression)\"/>"
    }

    @Test func `listeners set variables and change the task before it is there`() throws {
        let inside = """
            <extensionElements>
            \(Self.listener("executionListener", "start", "${execution.setVariable('a', execution.currentActivityId)}"))
            \(Self.listener("executionListener", "end", "${execution.setVariable('b', execution.getVariable('a'))}"))
            \(Self.listener("taskListener", "create", "${task.setAssignee(task.getName())}"))
            \(Self.listener("taskListener", "create", "${task.setDueDate(dateTime().plusDays(3).toDate())}"))
            \(Self.listener("taskListener", "create", "${task.setPriority(7)} ${task.addCandidateGroup('g')}"))
            \(Self.listener("taskListener", "assignment", "${task.setVariable('who', task.assignee)}"))
            \(Self.listener("taskListener", "complete", "${task.setVariable('c', task.taskDefinitionKey)}"))
            \(Self.listener("taskListener", "complete", "${task.execution.setVariable('d', execution.variables.a)}"))
            </extensionElements>
            """
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u", attributes: "name=\"Ann\"", inside: inside))\(user("z"))
            \(chain("s", "u", "z"))
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        let task = try #require(scenario.instance.openUserTasks.first)
        #expect(task.assignee == "Ann" && task.priority == 7 && task.candidateGroups == ["g"])
        #expect(task.dueAt?.iso8601 == "2026-01-04T00:00:00.000Z")
        try scenario.finish("u")
        let found = ["a", "b", "who", "c", "d"].map { scenario.instance.rootVariable($0)?.text }
        #expect(found == ["\"u\"", "\"u\"", "\"Ann\"", "\"u\"", "\"u\""])
    }

    @Test func `who claims a task is heard of, and the task can go to somebody else`() throws {
        let inside = """
            <extensionElements>\(Self.listener("taskListener", "update", "${execution.setVariable('seen', task.assignee)}"))
            \(Self.listener("taskListener", "assignment", "${task.setAssignee('bob')}"))
            \(Self.listener("taskListener", "delete", "${execution.setVariable('deleted', task.eventName)}"))
            </extensionElements>
            """
        let text = bpmn(
            "<startEvent id='s'/>\(user("u", inside: inside))\(chain("s", "u"))\(boundary("b", on: "u", messageM))",
            declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.claimUserTask(number: 1, assignee: "ann"))
        #expect(scenario.instance.openUserTasks.first?.assignee == "bob")
        #expect(scenario.instance.rootVariable("seen")?.text == "\"ann\"")
        try scenario.correlate("b")
        #expect(scenario.instance.rootVariable("deleted")?.text == "\"delete\"")
    }

    @Test func `the process and its flows have listeners too`() throws {
        let text = bpmn(
            """
            <extensionElements>\(Self.listener("executionListener", "start", "${execution.setVariable('began', true)}"))
            \(Self.listener("executionListener", "end", "${execution.setVariable('ended', t)}"))</extensionElements>
            <startEvent id="s"/>\(user("u"))<endEvent id="e"/>\(chain("s", "u"))
            <sequenceFlow id="q" sourceRef="u" targetRef="e"><extensionElements>
            \(Self.listener("executionListener", "take", "${execution.setVariable('t', execution.currentTransitionId)}"))
            </extensionElements></sequenceFlow>
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        #expect(scenario.instance.rootVariable("began")?.text == "true")
        try scenario.finish("u")
        #expect(scenario.instance.end == .completed)
        #expect(scenario.instance.rootVariable("ended")?.text == "\"q\"")
    }

    @Test func `a listener of a flow that fails is an incident before the flow is taken`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))<endEvent id="e"/>\(chain("s", "u"))
            <sequenceFlow id="q" sourceRef="u" targetRef="e"><extensionElements>
            \(Self.listener("executionListener", "take", "${x.size()}"))</extensionElements></sequenceFlow>
            """)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("u")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("x", "[]")
        try scenario.resolve()
        #expect(scenario.instance.end == .completed)
    }

    @Test func `a process whose start listener fails does not begin`() throws {
        let text = bpmn(
            """
            <extensionElements>\(Self.listener("executionListener", "start", "${nosuch.boom}"))</extensionElements>
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            """)
        var scenario = try Scenario(text)
        #expect(throws: Rejection.self) { try scenario.start() }
    }

    @Test(arguments: [
        ("process", "class=\"a.B\" event=\"start\""), ("flow", "class=\"a.B\" event=\"take\""),
        ("process", "expression=\"${execution.createIncident('x')}\" event=\"start\""),
        ("task", "expression=\"${task.complete()}\" event=\"create\""),
        ("task", "expression=\"${task.setOwner('x')}\" event=\"create\""),
        ("task", "expression=\"${task.setPriority(1)}\" event=\"complete\""),
    ])
    func `code and changes that are not possible are refused by name`(place: String, attributes: String) {
        func at(_ wanted: String, _ kind: String) -> String {
            wanted == place ? "<extensionElements><camunda:\(kind) \(attributes)/></extensionElements>" : ""
        }
        let text = bpmn(
            """
            \(at("process", "executionListener"))<startEvent id="s"/>\(user("u", inside: at("task", "taskListener")))
            <sequenceFlow id="f" sourceRef="s" targetRef="u">\(at("flow", "executionListener"))</sequenceFlow>
            """)
        #expect(problems(text).map(\.code) == ["host-language"])
    }

    @Test func `a condition may not change anything`() {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))
            \(flow("s", "u", "${execution.setVariable('a', 1) == null}"))
            """)
        #expect(problems(text).map(\.code) == ["host-language"])
    }
}
