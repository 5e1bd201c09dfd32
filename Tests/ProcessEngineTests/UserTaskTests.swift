import ProcessEngine
import Testing
import Values

struct UserTaskTests {
    @Test func `waits for a person, and tells what its lists need`() throws {
        let attributes = """
            name="Check" camunda:assignee="${who}" camunda:candidateUsers="a, b" camunda:candidateGroups="${groups}"
            camunda:dueDate="P1D" camunda:followUpDate="2026-01-05T00:00:00Z" camunda:formKey="form" camunda:priority="7"
            """
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u", attributes: attributes))\(chain("s", "u"))"))
        try scenario.start([("who", "\"ann\""), ("groups", "[\"g\"]")])
        let task = try #require(scenario.instance.openUserTasks.first)
        #expect(task.name == "Check" && task.assignee == "ann" && task.formKey == "form" && task.priority == 7)
        #expect(task.candidateUsers == ["a", "b"] && task.candidateGroups == ["g"])
        #expect(task.dueAt == Timestamp(iso8601: "2026-01-02T00:00:00Z"))
        #expect(task.followUpAt == Timestamp(iso8601: "2026-01-05T00:00:00Z"))
        try scenario.finish("u", [("ok", "true")])
        #expect(scenario.instance.end == .completed)
        #expect(scenario.root("ok") == "true")
    }

    @Test func `reads Camunda 8's assignment and schedule`() throws {
        let inside = """
            <extensionElements><zeebe:assignmentDefinition assignee="= who" candidateGroups='= ["x"]'/>
            <zeebe:taskSchedule dueDate="2026-01-02T00:00:00Z"/><zeebe:formDefinition formId="f"/></extensionElements>
            """
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u", inside: inside))\(chain("s", "u"))"))
        try scenario.start([("who", "\"bob\"")])
        let task = try #require(scenario.instance.openUserTasks.first)
        #expect(task.assignee == "bob" && task.candidateGroups == ["x"] && task.formKey == "f")
    }

    @Test func `is claimed and given back`() throws {
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u"))\(chain("s", "u"))"))
        try scenario.start()
        try scenario.send(.claimUserTask(number: 1, assignee: "ann"))
        #expect(scenario.instance.userTask(1)?.assignee == "ann")
        #expect(try scenario.send(.claimUserTask(number: 1, assignee: "ann")) == [])
        let taken = rejection { try scenario.send(.claimUserTask(number: 1, assignee: "bob")) }
        #expect(taken?.reason == .conflict && taken?.message.contains("ann") == true)
        #expect(rejection { try scenario.send(.claimUserTask(number: 1, assignee: "")) }?.reason == .invalid)
        try scenario.send(.claimUserTask(number: 1, assignee: nil))
        #expect(scenario.instance.userTask(1)?.assignee == nil)
        #expect(rejection { try scenario.send(.claimUserTask(number: 2, assignee: nil)) }?.reason == .gone)
    }

    @Test func `a BPMN error and an escalation of a person are caught on its boundary`() throws {
        let text = bpmn(
            """
            <startEvent id="s"/>\(user("u"))\(chain("s", "u"))
            \(boundary("bad", on: "u", "<errorEventDefinition errorRef='E1'/>"))
            \(boundary("late", on: "u", escalationX, attributes: "cancelActivity='false'"))
            """, declarations: declared)
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.send(.escalateUserTask(number: 1, code: "LATE", variables: []))
        #expect(scenario.active == ["u", "after-late"])
        try scenario.send(.throwUserTaskError(number: 1, BPMNError(code: "BAD")))
        #expect(scenario.active == ["after-late", "after-bad"])
    }

    @Test func `inputs are its own variables, and outputs choose what goes out`() throws {
        let inside = """
            <extensionElements><zeebe:ioMapping><zeebe:input target="a" source="= 1 + 1"/>
            <zeebe:output target="b" source="= a + c"/></zeebe:ioMapping></extensionElements>
            """
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u", inside: inside))\(chain("s", "u"))"))
        try scenario.start()
        try scenario.finish("u", [("c", "3")])
        #expect(scenario.root("b") == "5")
        #expect(scenario.root("a") == nil && scenario.root("c") == nil)
    }

    @Test func `what it says of itself and cannot be evaluated is an incident`() throws {
        let text = bpmn(
            "<startEvent id='s'/>\(user("t"))\(user("u", attributes: "camunda:assignee='${nobody}'"))\(chain("s", "t", "u"))"
        )
        var scenario = try Scenario(text)
        try scenario.start()
        try scenario.finish("t")
        #expect(scenario.incidents == [.expressionFailed])
        try scenario.set("nobody", "\"ann\"")
        try scenario.resolve()
        #expect(scenario.instance.openUserTasks.first?.assignee == "ann")
    }

    @Test func `with Camunda 7's mappings what a person gives goes out besides the outputs`() throws {
        let inside = """
            <extensionElements><camunda:inputOutput><camunda:inputParameter name="loc">${a + 1}</camunda:inputParameter>
            <camunda:outputParameter name="o">${loc + res}</camunda:outputParameter></camunda:inputOutput></extensionElements>
            """
        var scenario = try Scenario(bpmn("<startEvent id='s'/>\(user("u", inside: inside))\(chain("s", "u"))"))
        try scenario.start([("a", "1")])
        try scenario.finish("u", [("res", "10")])
        #expect(scenario.root("o") == "12" && scenario.root("res") == "10" && scenario.root("loc") == nil)
    }
}
