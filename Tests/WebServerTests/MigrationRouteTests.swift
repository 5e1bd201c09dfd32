import ProcessEngine
import Services
import Testing
import Values
import WebServerTesting

/// Migration over REST: the plan, a dry run, batches.
@Suite struct MigrationRouteTests {
    private static func model(_ tasks: String...) -> [UInt8] {
        let path = ["start"] + tasks + ["end"]
        return Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
            <process id="p" isExecutable="true"><startEvent id="start"/><endEvent id="end"/>
            \(tasks.map { "<userTask id=\"\($0)\" name=\"Do \($0)\"/>" }.joined())
            \(zip(path, path.dropFirst()).map {
                "<sequenceFlow id=\"\($0)-\($1)\" sourceRef=\"\($0)\" targetRef=\"\($1)\"/>"
            }.joined())
            </process></definitions>
            """.utf8)
    }

    @Test func `a plan is made, tried and carried out`() async throws {
        try await TestServer.run { server in
            try await server.deploy(Self.model("a", "b"))
            try await server.deploy(Self.model("z", "b", "c"))
            let client = TestClient(server)
            let receipt = try await server.engine.start(
                Command.Start(definition: DefinitionID(process: "p", version: 1), businessKey: "k"), key: nil)

            let plan = try await client.get("/v1/workflows/p/migration-plan?from=1")
            let first = try #require(plan.json["plans"]?.elements()?.first)
            #expect(first["to"]?["definition"]?.stringValue == "p:2")
            #expect(first["unmapped"]?.elements()?.map { $0["element"]?.stringValue } == ["a"])

            let ids = ", \"instances\": [\"\(receipt.instance)\"]"
            let dry = try await client.post("/v1/workflows/p/migrations", "{\"from\": \"1\", \"dryRun\": true\(ids)}")
            let row = try #require(dry.json["instances"]?.elements()?.first)
            #expect(dry.status == 200 && row["outcome"]?.stringValue == "refused")
            #expect(row["businessKey"]?.stringValue == "k")
            #expect(row["problems"]?.elements()?.first?["name"]?.stringValue == "Do a")

            let done = try await client.post(
                "/v1/workflows/p/migrations", "{\"from\": \"1\", \"mapping\": {\"a\": \"z\"}\(ids)}")
            #expect(done.json["instances"]?.elements()?.first?["outcome"]?.stringValue == "migrated")
            let state = try #require(try await server.engine.instance(receipt.instance))
            #expect(state.definition == DefinitionID(process: "p", version: 2))
            #expect(state.openUserTasks.map(\.element) == [ElementID("z")])
        }
    }

    @Test func `a suspended instance is migrated and stays suspended; its user tasks and its history say where it is`()
        async throws
    {
        try await TestServer.run { server in
            try await server.deploy(Self.model("a", "b"))
            try await server.deploy(Self.model("z", "b"))
            let client = TestClient(server)
            let id = try await server.engine.start(
                Command.Start(definition: DefinitionID(process: "p", version: 1)), key: nil
            ).instance
            #expect(try await client.post("/v1/instances/\(id)/suspend", "{}").status == 200)

            let done = try await client.post(
                "/v1/workflows/p/migrations",
                "{\"from\": \"1\", \"mapping\": {\"a\": \"z\"}, \"instances\": [\"\(id)\"]}")

            #expect(done.json["instances"]?.elements()?.first?["outcome"]?.stringValue == "migrated")
            let position = try #require(done.json["position"]?.stringValue)
            let tasks = try await client.get("/v1/user-tasks?instance=\(id)&position=\(position)").json
            let task = try #require(tasks["userTasks"]?.elements()?.first, "\(tasks.text)")
            #expect(task["element"]?.stringValue == "z")
            let shown = try await client.get("/v1/instances/\(id)").json
            #expect(shown["state"]?.stringValue == "Suspended" && shown["definition"]?.stringValue == "p:2")
            let history = try await client.get("/v1/instances/\(id)/history").json
            #expect(history.text.contains("migrated to p:2, a is now z"), "\(history.text)")

            #expect(try await client.post("/v1/instances/\(id)/resume", "{}").status == 200)
            #expect(try await client.post("/v1/instances/\(id)/user-tasks/1/complete", "{}").status == 200)
            let state = try #require(try await server.engine.instance(id))
            #expect(state.openUserTasks.map(\.element) == [ElementID("b")])
            let after = try await client.get("/v1/instances/\(id)/history").json
            #expect(after.text.contains("user task 1 (z) completed"), "\(after.text)")
        }
    }

    @Test(arguments: [
        ("migrations", "{}", 400), ("migrations", #"{"from": "9"}"#, 404), ("migrations", #"{"from": "2"}"#, 422),
        ("migrations", #"{"from": "1", "mapping": {"a": 7}}"#, 400), ("migrations", #"{"from": "1", "limit": 0}"#, 400),
        ("migrations", #"{"from": "1", "mapping": {"x": "a"}}"#, 422), ("migrations", #"{"form": "1"}"#, 400),
        ("migration-plan", #"{"from": "1", "to": "7"}"#, 404), ("migration-plan", #"{"mapping": {}}"#, 400),
    ])
    func `what is asked wrong is refused`(path: String, body: String, status: Int) async throws {
        try await TestServer.run { server in
            try await server.deploy(Self.model("a"))
            try await server.deploy(Self.model("a", "b"))
            let answer = try await TestClient(server).post("/v1/workflows/p/\(path)", body)
            #expect(answer.status == status, "\(answer.json.text)")
        }
    }
}
