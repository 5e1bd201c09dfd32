import ProcessEngine
import Services
import Testing
import Values
import WebServerTesting

/// Messages, signals, user tasks, and what operators do, over REST.
@Suite struct EventRouteTests {
    private static let model = Array(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
          xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">
        <message id="m" name="paid"/><signal id="s" name="alarm"/><error id="e" errorCode="NO"/>
        <process id="p" isExecutable="true">
          <startEvent id="start"/>
          <userTask id="look" name="Look at it" camunda:candidateGroups="clerks"/>
          <boundaryEvent id="refused" attachedToRef="look"><errorEventDefinition errorRef="e"/></boundaryEvent>
          <intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
          <intermediateCatchEvent id="hear"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>
          <endEvent id="end"/><endEvent id="no"/>
          <sequenceFlow id="f1" sourceRef="start" targetRef="look"/>
          <sequenceFlow id="f2" sourceRef="look" targetRef="wait"/>
          <sequenceFlow id="f3" sourceRef="wait" targetRef="hear"/>
          <sequenceFlow id="f4" sourceRef="hear" targetRef="end"/>
          <sequenceFlow id="f5" sourceRef="refused" targetRef="no"/>
        </process></definitions>
        """.utf8)

    private struct World: Sendable {
        let server: TestServer
        let client: TestClient

        func begin() async throws -> String {
            try await server.engine.start(
                Command.Start(definition: DefinitionID(process: "p", version: 1)), key: nil
            ).instance.text
        }

        func post(_ path: String, _ body: String = "{}") async throws -> Int {
            try await client.post(path, body).status
        }

        /// What the instance waits at, once it is this.
        func waits(_ id: String, at element: String) async throws -> Bool {
            for _ in 0..<500 {
                let state = try #require(try await server.engine.instance(InstanceID(id)))
                let active = state.activeActivities.map(\.element.text)
                if active == [element] || state.isEnded && element.isEmpty { return true }
                try await Task.sleep(for: .milliseconds(10))
            }
            return false
        }
    }

    private static func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await server.deploy(model)
            try await body(World(server: server, client: TestClient(server)))
        }
    }

    @Test func `a person claims and completes, a message and a signal come, and the instance ends`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            #expect(try await world.post("/v1/instances/\(id)/user-tasks/1/claim", #"{"assignee": "anna"}"#) == 200)
            let task = try #require(try await world.server.engine.instance(InstanceID(id))?.openUserTasks.first)
            #expect(task.assignee == "anna" && task.candidateGroups == ["clerks"] && task.name == "Look at it")
            let done = try await world.post(
                "/v1/instances/\(id)/user-tasks/1/complete", #"{"variables": {"fine": true}}"#)
            #expect(done == 200)
            #expect(try await world.waits(id, at: "wait"))
            let message = #"{"name": "paid", "id": "m-1", "variables": {"amount": 17}}"#
            let first = try await world.client.post("/v1/messages", message)
            #expect(first.status == 202 && first.json["new"]?.boolValue == true)
            #expect(try await world.waits(id, at: "hear"))
            let again = try await world.client.post("/v1/messages", message)
            #expect(again.status == 202 && again.json["new"]?.boolValue == false)
            #expect(try await world.post("/v1/signals", #"{"name": "alarm"}"#) == 202)
            #expect(try await world.waits(id, at: ""))
            let state = try #require(try await world.server.engine.instance(InstanceID(id)))
            #expect(state.end == .completed)
            #expect(state.rootVariable("fine") == .bool(true) && state.rootVariable("amount") == .number(17))
        }
    }

    @Test func `who has a task keeps it until it is given back`() async throws {
        try await Self.run { world in
            let path = "/v1/instances/\(try await world.begin())/user-tasks/1"
            #expect(try await world.post("\(path)/claim", #"{"assignee": "anna"}"#) == 200)
            #expect(try await world.post("\(path)/claim", #"{"assignee": "anna"}"#) == 200)
            let taken = try await world.client.post("\(path)/claim", #"{"assignee": "bert"}"#)
            #expect(taken.status == 409 && taken.text.contains("anna"))
            #expect(try await world.post("\(path)/claim", #"{"assignee": ""}"#) == 400)
            #expect(try await world.post("\(path)/claim") == 400)
            #expect(try await world.post("\(path)/unclaim") == 200)
            let claimed = try await world.client.post("\(path)/claim", #"{"assignee": "bert"}"#)
            let position = try #require(claimed.json["position"]?.stringValue)
            func list(_ query: String) async throws -> [JSON] {
                let answer = try await world.client.get("/v1/user-tasks?\(query)position=\(position)")
                #expect(answer.status == 200, "\(answer.text)")
                return answer.json["userTasks"]?.elements() ?? []
            }
            #expect(try await list("assignee=bert&candidateGroup=clerks,others&").count == 1)
            #expect(try await list("assignee=bert&").first?["name"]?.stringValue == "Look at it")
            #expect(try await list("unassigned=true&").isEmpty)
            #expect(try await list("workflow=p&minPriority=50&").count == 1)
            #expect(try await world.client.get("/v1/user-tasks?assignee=a&unassigned=true").status == 400)
            #expect(try await world.client.get("/v1/user-tasks?who=a").status == 400)
        }
    }

    @Test func `a BPMN error of a person takes its boundary event`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            #expect(try await world.post("/v1/instances/\(id)/user-tasks/1/error", #"{"code": "NO"}"#) == 200)
            #expect(try await world.server.engine.instance(InstanceID(id))?.end == .completed)
        }
    }

    @Test func `an instance takes up the work of one that is over, and says so`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            #expect(try await world.post("/v1/instances/\(id)/restart") == 409)
            _ = try await world.post("/v1/instances/\(id)/user-tasks/1/complete", #"{"variables": {"fine": true}}"#)
            _ = try await world.post("/v1/instances/\(id)/cancel")
            let body = #"{"variables": {"again": 1}, "idempotencyKey": "once"}"#
            let answer = try await world.client.post("/v1/instances/\(id)/restart", body)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.json["at"]?.text == #"["wait"]"#)
            let new = try #require(answer.json["id"]?.stringValue)
            #expect(try await world.client.post("/v1/instances/\(id)/restart", body).json["id"]?.stringValue == new)
            let position = try #require(answer.json.text("position"))
            let answered = try await world.client.get("/v1/instances/\(new)?position=\(position)")
            #expect(answered.status == 200, "\(answered.text)")
            let shown = answered.json
            #expect(shown["restartedFrom"]?.stringValue == id)
            #expect(shown["variables"]?["fine"]?.boolValue == true && shown["variables"]?["again"]?.intValue == 1)
            let found = try await world.client.get("/v1/instances?restartedFrom=\(id)").json["instances"]?.elements()
            #expect(found?.map { $0["id"]?.stringValue } == [new])
            #expect(try await world.post("/v1/instances/nobody/restart") == 404)
            #expect(try await world.post("/v1/instances/\(id)/restart", #"{"at": ["nowhere"]}"#) == 422)
        }
    }

    @Test func `an operator moves a token`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            let move = #"{"instructions": [{"move": "look", "to": "hear"}]}"#
            #expect(try await world.post("/v1/instances/\(id)/modify", move) == 200)
            #expect(try await world.waits(id, at: "hear"))
        }
    }

    @Test func `an operator cancels one activity, sets variables and enters another element`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            let state = try #require(try await world.server.engine.instance(InstanceID(id)))
            let looking = try #require(state.activeActivities.first?.number)
            func modify(_ instructions: String) async throws -> Int {
                try await world.post("/v1/instances/\(id)/modify", #"{"instructions": [\#(instructions)]}"#)
            }
            #expect(try await modify(#"{"cancelActivity": 99}"#) == 404)
            #expect(
                try await modify(
                    #"{"setVariables": {"n": 1}}, {"cancelActivity": \#(looking)}, {"startBefore": "hear"}"#) == 200)
            #expect(try await world.waits(id, at: "hear"))
            #expect(try await modify(#"{"cancelActivity": \#(looking)}"#) == 404)
            let variables = try await world.server.engine.instance(InstanceID(id))?.rootVariables
            #expect(variables == [Variable(name: "n", value: .number(1))])
        }
    }

    @Test func `an operator suspends an instance and lets it go on`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            #expect(try await world.post("/v1/instances/\(id)/resume") == 409)
            let suspended = try await world.client.post("/v1/instances/\(id)/suspend", "{}")
            #expect(suspended.status == 200)
            #expect(try await world.post("/v1/instances/\(id)/suspend") == 409)
            #expect(try await world.post("/v1/instances/\(id)/user-tasks/1/complete") == 409)
            let position = try #require(suspended.json["position"]?.stringValue)
            let listed = try await world.client.get("/v1/instances?state=suspended&position=\(position)")
            #expect(listed.json["instances"]?.elements()?.map { $0["id"]?.stringValue } == [id])
            #expect(try await world.client.get("/v1/instances/\(id)").json["state"]?.stringValue == "Suspended")
            #expect(try await world.post("/v1/instances/\(id)/resume") == 200)
            #expect(try await world.post("/v1/instances/\(id)/user-tasks/1/complete") == 200)
            #expect(try await world.post("/v1/instances/nobody/suspend") == 404)
        }
    }

    @Test(arguments: [
        ("messages", #"{"nam": "x"}"#, 400), ("messages", "{}", 422), ("messages", #"{"name": 7}"#, 400),
        ("messages", #"{"name": "x", "timeToLive": "soon"}"#, 400),
        ("messages", #"{"name": "x", "timeToLive": "P400D"}"#, 400), ("signals", #"{"name": ""}"#, 422),
        ("instances/nobody/user-tasks/1/complete", "{}", 404), ("instances/nobody/user-tasks/x/complete", "{}", 404),
        ("instances/nobody/modify", #"{"instructions": []}"#, 400),
        ("instances/nobody/modify", #"{"instructions": [{"do": "it"}]}"#, 400),
        ("messages", #"{"name": "x", "id": ""}"#, 400), ("signals", #"{"name": "x", "id": ""}"#, 400),
    ])
    func `what cannot be done is refused`(path: String, body: String, status: Int) async throws {
        try await Self.run { world in
            let answer = try await world.client.post("/v1/" + path, body)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test func `an instance says what it waits for`() async throws {
        try await Self.run { world in
            let id = try await world.begin()
            let done = try await world.client.post("/v1/instances/\(id)/user-tasks/1/complete", "{}")
            let position = try #require(done.json["position"]?.stringValue)
            #expect(try await world.waits(id, at: "wait"))

            let shown = try await world.client.get("/v1/instances/\(id)?position=\(position)")

            let waiting = try #require(shown.json["subscriptions"]?.elements()?.first, "\(shown.text)")
            #expect(["waitsFor", "name", "element"].map { waiting[$0]?.stringValue } == ["message", "paid", "wait"])
            #expect(shown.json["timers"]?.elements()?.isEmpty == true)
        }
    }

    @Test(arguments: [
        ("tasks?workflow=p@1", 400, "without a version"), ("instances?workflow=p@1.0", 404, "deployed: 1"),
        ("instances?workflow=q@1", 404, "no workflow q"), ("instances?workflow=p@%3E", 400, "NAME@VERSION"),
        ("tasks?instance=nix", 404, "no instance nix"), ("user-tasks?instance=nix", 404, "no instance nix"),
        ("instances?contract=a.b@y", 400, "NAME@MAJOR"), ("tasks?contract=a.b@1.0", 200, ""),
        ("nix", 404, "GET /v1/nix"),
    ])
    func `a filter that would find nothing is refused, and a path that is not there is named`(
        path: String, status: Int, says: String
    ) async throws {
        try await Self.run { world in
            let answer = try await world.client.get("/v1/" + path)
            #expect(answer.status == status && (says.isEmpty || answer.text.contains(says)), "\(answer.text)")
        }
    }
}
