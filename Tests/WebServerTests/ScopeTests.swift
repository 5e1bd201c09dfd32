import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import WebServer
import WebServerTesting

/// Keys for some workflows only: what they touch is looked up, whatever the request says that it is about.
@Suite struct ScopeTests {
    /// Two workflows side by side, `media-a` and `billing`, with an instance of each that waits in a task.
    private struct World: Sendable {
        let server: TestServer
        let own: String
        let foreign: String
        let ownTask: String
        let foreignTask: String

        func client(_ name: String) -> TestClient { Keys.client(server, name) }

        /// A path of the route about one of the two instances, or its task.
        static func path(_ route: DeclaredRoute, _ id: String) -> String {
            route.path.split(separator: "/").map { part in
                switch part {
                case "{id}": "/\(id)"
                case "{number}": "/1"
                case let name where name.hasPrefix("{"): "/x"
                case let word: "/\(word)"
                }
            }.joined()
        }

        static func call(_ client: TestClient, _ route: DeclaredRoute, _ id: String) async throws -> TestClient.Answer {
            let path = path(route, id)
            switch route.method {
            case "POST": return try await client.post(path)
            case "PUT": return try await client.put(path, "{}")
            case "DELETE": return try await client.delete(path)
            default: return try await client.get(path)
            }
        }
    }

    private static func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        let keys =
            KeyRole.allCases.map { Keys.key("media-\($0)", $0, workflows: ["media-*"]) } + [Keys.key("root", .admin)]
        try await Keys.run(keys) { server in
            try await server.deploy(Model.sequence("scan", process: "media-a"), process: "media-a")
            try await server.deploy(Model.sequence("scan", process: "billing"), process: "billing")
            let root = Keys.client(server, "root")
            var ids: [String] = []
            for process in ["media-a", "billing"] {
                let answer = try await root.post("/engine-rest/process-definition/key/\(process)/start")
                ids.append(try #require(answer.json.text("id"), "\(answer.text)"))
            }
            let tasks = try await root.get("/engine-rest/external-task").json.elements() ?? []
            func task(of id: String) throws -> String {
                try #require(tasks.first { $0.text("processInstanceId") == id }?.text("id"))
            }
            try await body(
                World(
                    server: server, own: ids[0], foreign: ids[1], ownTask: try task(of: ids[0]),
                    foreignTask: try task(of: ids[1])))
        }
    }

    @Test func `every route about an instance or a task asks whose it is`() async throws {
        try await Self.run { world in
            let client = world.client("media-admin")
            for route in world.server.routes {
                guard case .right(_, let subject) = route.rule, subject == .instance || subject == .task else {
                    continue
                }
                let id = subject == .task ? world.foreignTask : world.foreign
                let refused = try await World.call(client, route, id)
                #expect(refused.status == 403, "\(route.method) \(route.path): \(refused.text)")
                #expect(refused.text.contains("'billing'") && refused.text.contains("media-*"), "\(refused.text)")
                let unknown = try await World.call(client, route, "none.1")
                #expect(unknown.status == 404, "\(route.method) \(route.path)")
            }
            let state = try await world.server.engine.instance(InstanceID(world.foreign))
            #expect(state?.isEnded == false && state?.isSuspended == false)
        }
    }

    @Test func `every route about an instance is open for one of the key's own`() async throws {
        try await Self.run { world in
            let client = world.client("media-admin")
            for route in world.server.routes where route.method == "GET" {
                guard case .right(_, let subject) = route.rule, subject == .instance || subject == .task else {
                    continue
                }
                let answer = try await World.call(client, route, subject == .task ? world.ownTask : world.own)
                #expect(answer.status != 403 && answer.status != 401, "\(route.path): \(answer.text)")
            }
            #expect(try await client.put("/v1/instances/\(world.own)/variables", #"{"a": 1}"#).status == 200)
            #expect(try await client.post("/v1/instances/\(world.own)/cancel").status == 200)
        }
    }

    @Test func `what is about all of the installation is refused`() async throws {
        try await Self.run { world in
            let client = world.client("media-admin")
            for route in world.server.routes {
                guard case .right(_, .installation) = route.rule else { continue }
                let answer = try await World.call(client, route, "x")
                #expect(
                    answer.status == 403 && answer.text.contains("whole installation"), "\(route.path): \(answer.text)")
            }
        }
    }

    @Test func `lists and counts have what the key may see`() async throws {
        try await Self.run { world in
            let (client, root) = (world.client("media-viewer"), world.client("root"))
            for path in [
                "/v1/instances", "/v1/tasks", "/v1/user-tasks", "/v1/workflows", "/engine-rest/process-instance",
                "/engine-rest/external-task", "/engine-rest/process-definition", "/engine-rest/incident",
                "/engine-rest/deployment",
            ] {
                let answer = try await client.get(path)
                #expect(answer.status == 200 && !answer.text.contains("billing"), "\(path): \(answer.text)")
                #expect(!answer.text.contains(world.foreign), "\(path): \(answer.text)")
            }
            for path in ["process-instance", "external-task", "process-definition"] {
                #expect(try await client.get("/engine-rest/\(path)/count").json["count"]?.intValue == 1, "\(path)")
                #expect(try await root.get("/engine-rest/\(path)/count").json["count"]?.intValue == 2, "\(path)")
            }
            let named = "{\"processInstanceIds\": [\"\(world.foreign)\"]}"
            #expect(try await client.post("/engine-rest/process-instance", named).json.elements() == [])
            let tasks = "{\"externalTaskIdIn\": [\"\(world.foreignTask)\"]}"
            #expect(try await client.post("/engine-rest/external-task", tasks).json.elements() == [])
            #expect(try await root.get("/v1/tasks").json["tasks"]?.elements()?.count == 2)
        }
    }

    @Test func `a migration asks for each instance of its list, and for both versions`() async throws {
        try await Self.run { world in
            try await world.server.deploy(Model.sequence("scan", "more", process: "media-a"), process: "media-a")
            try await world.server.deploy(Model.sequence("scan", "more", process: "billing"), process: "billing")
            let client = world.client("media-operator")
            func migrate(_ workflow: String, _ ids: [String], dryRun: Bool = false) async throws -> Int {
                let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
                return try await client.post(
                    "/v1/workflows/\(workflow)/migrations",
                    "{\"from\": \"1\", \"dryRun\": \(dryRun), \"instances\": [\(list)]}"
                ).status
            }
            #expect(try await migrate("media-a", [world.own, world.foreign]) == 403)
            #expect(try await migrate("media-a", [world.own, world.foreign], dryRun: true) == 403)
            #expect(try await migrate("media-a", [world.own, "none"]) == 403)
            #expect(try await migrate("billing", [world.own]) == 403)
            #expect(try await migrate("billing", []) == 403)
            for id in [world.own, world.foreign] {
                let definition = try await world.server.engine.instance(InstanceID(id))?.definition
                #expect(definition?.version == 1, "nothing was migrated")
            }
            #expect(try await client.get("/v1/workflows/billing/migration-plan?from=1").status == 403)
            #expect(try await client.get("/v1/workflows/media-a/migration-plan?from=1").status == 200)
            #expect(try await migrate("media-a", [world.own]) == 200)
        }
    }

    @Test func `a worker gets tasks of its workflows only, and answers no others`() async throws {
        try await Self.run { world in
            let client = world.client("media-worker")
            func fetch(_ more: String = "") async throws -> [String] {
                let answer = try await client.post(
                    "/engine-rest/external-task/fetchAndLock",
                    "{\"workerId\":\"w\",\"maxTasks\":10,\"topics\":[{\"topicName\":\"scan\",\"lockDuration\":60000\(more)}]}"
                )
                #expect(answer.status == 200, "\(answer.text)")
                return (answer.json.elements() ?? []).compactMap { $0.text("id") }
            }
            #expect(try await fetch(#","processDefinitionKey":"billing""#) == [])
            #expect(try await fetch(#","processDefinitionId":"billing:1""#) == [])
            #expect(try await fetch() == [world.ownTask])
            for answer in ["complete", "failure", "bpmnError", "extendLock", "lock", "unlock"] {
                let path = "/engine-rest/external-task/\(world.foreignTask)/\(answer)"
                #expect(try await client.post(path, #"{"workerId": "w"}"#).status == 403, "\(answer)")
            }
            let done = try await client.post(
                "/engine-rest/external-task/\(world.ownTask)/complete", #"{"workerId": "w"}"#)
            #expect(done.status == 204)
        }
    }

    @Test func `instances of a version that was withdrawn stay with the keys of its workflow`() async throws {
        try await Self.run { world in
            let definition = try await world.server.engine.instance(InstanceID(world.own))?.definition
            _ = try await world.server.deployments.deploy(
                Deployment(processes: [], contracts: [], withdrawn: [try #require(definition)]),
                at: world.server.time.now)
            try await world.server.registry.refresh()
            let client = world.client("media-admin")
            let rows = try await client.get("/v1/instances").json["instances"]?.elements() ?? []
            #expect(rows.map { $0.text("id") } == [world.own])
            let fetch = #"{"workerId":"w","maxTasks":9,"topics":[{"topicName":"scan","lockDuration":60000}]}"#
            let fetched = try await client.post("/engine-rest/external-task/fetchAndLock", fetch)
            #expect(fetched.json.elements()?.map { $0.text("id") } == [world.ownTask], "\(fetched.text)")
            #expect(try await client.post("/v1/instances/\(world.own)/cancel").status == 200)
            #expect(try await client.get("/v1/instances/\(world.foreign)").status == 403)
        }
    }

    @Test func `messages go to an instance of the key's own, and to nobody else`() async throws {
        try await Self.run { world in
            let client = world.client("media-starter")
            for instance in ["", ",\"instance\":\"\(world.foreign)\"", ",\"instance\":\"none\""] {
                #expect(try await client.post("/v1/messages", "{\"name\":\"m\"\(instance)}").status == 403)
            }
            let own = try await client.post("/v1/messages", "{\"name\":\"m\",\"instance\":\"\(world.own)\"}")
            #expect(own.status == 202)
            for instance in ["", ",\"processInstanceId\":\"\(world.foreign)\""] {
                let answer = try await client.post("/engine-rest/message", "{\"messageName\":\"m\"\(instance)}")
                #expect(answer.status == 403)
            }
        }
    }

    @Test func `a start asks for the workflow that starts`() async throws {
        try await Self.run { world async throws in
            let client = world.client("media-starter")
            #expect(try await client.post("/v1/workflows/billing/start").status == 403)
            #expect(try await client.post("/v1/workflows/media-none/start").status == 404)
            for path in ["key/billing", "billing:1"] {
                #expect(try await client.post("/engine-rest/process-definition/\(path)/start").status == 403)
                #expect(try await client.get("/engine-rest/process-definition/\(path)/xml").status == 403)
            }
            #expect(try await client.post("/engine-rest/process-definition/key/media-a/start").status == 200)
        }
    }

    @Test func `a deployer changes what has a name of his, and no revision has anything else`() async throws {
        let keys = [
            Keys.key("some", .deployer, workflows: ["order", "work"]),
            Keys.key("all", .deployer, workflows: ["order", "work", "p"]), Keys.key("root", .admin),
        ]
        try await Keys.run(keys) { server in
            let files = [Push.work("1.0"), Push.order("1.0"), Push.model()]
            let (some, all) = (Keys.client(server, "some"), Keys.client(server, "all"))
            for dryRun in [true, false] {
                let refused = try await some.post("/v1/config/push", Push.body(files, ("dryRun", .bool(dryRun))))
                #expect(refused.status == 403 && refused.text.contains("'p'"), "\(refused.text)")
            }
            #expect(try await server.config.head() == nil)
            #expect(try await all.post("/v1/config/push", Push.body(files)).status == 201)
            let prune = Push.body([Push.work("1.0")], ("prune", .bool(true)))
            #expect(try await some.post("/v1/config/push", prune).status == 403, "what is left out is taken away")
            // The process is another one's, even if the contract that takes it is not.
            let other = try await some.post("/v1/config/push", Push.body([Push.order("1.1"), Push.model()]))
            #expect(other.status == 403 && other.text.contains("'p'"), "\(other.text)")
            #expect(try await server.config.head()?.number == 1)
            #expect(try await some.post("/v1/config/push", Push.body([Push.work("1.1")])).status == 201)
        }
    }

    @Test func `models go past the config store under names of the key's own`() async throws {
        try await Self.run { world in
            let client = world.client("media-deployer")
            #expect(try await Self.deploy("billing", client).status == 403)
            let made = try await Self.deploy("media-b", client)
            #expect(made.status == 200, "\(made.text)")
            #expect(try await client.get("/engine-rest/deployment/count").json["count"]?.intValue == 1)
            let id = made.json.text("id") ?? ""
            let other = Keys.client(world.server, "media-viewer")
            #expect(try await other.delete("/engine-rest/deployment/\(id)").status == 403)
            #expect(try await client.delete("/engine-rest/deployment/\(id)").status == 204)
            let close = #"{"suspended": true}"#
            let operators = world.client("media-operator")
            let path = "/engine-rest/process-definition/key"
            #expect(try await operators.put("\(path)/billing/suspended", close).status == 403)
            #expect(try await operators.put("\(path)/media-a/suspended", close).status == 204)
        }
    }

    private static func deploy(
        _ process: String, decision: String = "", _ client: TestClient
    ) async throws -> TestClient.Answer {
        var parts = [("m.bpmn", Model.sequence("scan", "more", process: process).text)]
        if !decision.isEmpty { parts.append(("d.dmn", decision)) }
        let body = parts.map { name, text in
            "--b\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(name)\"\r\n\r\n\(text)\r\n"
        }
        return try await client.send(
            "POST", "/engine-rest/deployment/create", [("Content-Type", "multipart/form-data; boundary=b")],
            body.joined() + "--b--\r\n")
    }

    @Test func `a decision is everybody's, and so is a deployment that has one`() async throws {
        let decision = """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://x">
              <decision id="dish" name="Dish"><variable name="Dish"/><literalExpression><text>1</text></literalExpression>
              </decision></definitions>
            """
        try await Self.run { world in
            let (client, root) = (world.client("media-deployer"), world.client("root"))
            #expect(try await Self.deploy("media-b", decision: decision, client).status == 403)
            let made = try await Self.deploy("media-b", decision: decision, root)
            #expect(made.status == 200, "\(made.text)")
            let path = "/engine-rest/deployment/\(made.json.text("id") ?? "")"
            #expect(try await client.get("/engine-rest/deployment/count").json["count"]?.intValue == 0)
            #expect(try await client.get(path).status == 403)
            #expect(try await client.delete(path).status == 403)
            #expect(try await root.delete(path).status == 204)
        }
    }
}
