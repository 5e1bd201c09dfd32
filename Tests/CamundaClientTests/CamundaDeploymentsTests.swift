import CamundaClient
import Logging
import ProcessEngine
import Services
import ServicesTesting
import Staging
import Testing
import Values
import WebServerTesting

/// A config store here, and an engine elsewhere that is made equal to it over HTTP.
@Suite struct CamundaDeploymentsTests {
    private struct World: Sendable {
        let store: TestServer
        let engine: TestServer
        let transport: FaultyTransport

        func service(_ policy: Reconciliation.DriftPolicy = .report) -> DeploymentService {
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return DeploymentService(
                config: store.config, target: CamundaDeployments(transport: transport, log: log), time: WallClock(),
                log: log, policy: policy)
        }

        func push(_ version: String, end: String = "done") async throws {
            let model = CamundaDeploymentsTests.model(process: "p", end: end)
            let order = "kind: workflow\nname: order\nversion: \"\(version)\"\nprocess: p\ninput: {type: object}\n"
            try await push(
                [("work.yaml", CamundaDeploymentsTests.work), ("p.bpmn", model), ("order.yaml", order)], false)
        }

        func push(_ files: [(String, String)], _ prune: Bool) async throws {
            let list = files.map { JSON.object([("path", .string($0.0)), ("content", .string($0.1))]) }
            let answer = try await TestClient(store).post(
                "/v1/config/push", JSON.object([("files", .array(list)), ("prune", .bool(prune))]).text)
            try #require(answer.status == 201, "\(answer.text)")
        }

        func byHand(_ process: String) async throws {
            let body =
                "--x\r\nContent-Disposition: form-data; name=\"m\"; filename=\"m.bpmn\"\r\n\r\n"
                + CamundaDeploymentsTests.model(process: process, end: "by hand") + "\r\n--x--\r\n"
            let answer = try await TestClient(engine).send(
                "POST", "/engine-rest/deployment/create", [("Content-Type", "multipart/form-data; boundary=x")], body)
            try #require(answer.status == 200, "\(answer.text)")
        }

        /// Newest versions with what their deployment is called.
        func deployed() async throws -> [String] {
            let client = TestClient(engine)
            let rows = try await client.get("/engine-rest/process-definition?latestVersion=true").json.elements() ?? []
            var texts: [String] = []
            for row in rows {
                let id = row["deploymentId"]?.stringValue ?? ""
                let name = try await client.get("/engine-rest/deployment/\(id)").json["name"]?.stringValue
                let isOpen = row["suspended"]?.boolValue == false
                let version = name?.split(separator: " ").first ?? "by hand"
                texts.append("\(row["key"]?.stringValue ?? "") \(version) \(isOpen ? "open" : "closed")")
            }
            return texts
        }

        var creations: Int { transport.requests.count { $0.path == "/deployment/create" } }
    }

    fileprivate static let work = "kind: task\nname: work\nversion: \"1.0\"\ninput: {type: object}\n"

    fileprivate static func model(process: String, end: String) -> String {
        """
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
          targetNamespace="t"><process id="\(process)" isExecutable="true"><startEvent id="start"/>
          <serviceTask id="t" camunda:type="external" camunda:topic="work"/><endEvent id="end" name="\(end)"/>
          <sequenceFlow id="f" sourceRef="start" targetRef="t"/><sequenceFlow id="g" sourceRef="t" targetRef="end"/>
        </process></definitions>
        """
    }

    private func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        try await TestServer.run { store in
            try await TestServer.run { engine in
                let transport = FaultyTransport(CamundaHTTP(url: "http://127.0.0.1:\(engine.port)/engine-rest"))
                try await body(World(store: store, engine: engine, transport: transport))
            }
        }
    }

    @Test func `a new version goes over in two steps, and what is there already is left alone`() async throws {
        try await run { world in
            let service = world.service()
            try await world.push("1.0")
            await service.reconcileNow()
            #expect(await service.trouble == nil)
            #expect(try await world.deployed() == ["p order@1.0 open"])
            #expect(world.creations == 2, "once to be validated, and once to stay")
            #expect(world.transport.requests.count { $0.method == .delete } == 1)
            await service.reconcileNow()
            #expect(world.creations == 2)
            try await world.push("1.1", end: "done otherwise")
            await service.reconcileNow()
            #expect(try await world.deployed() == ["p order@1.1 open"])
            // The same model under another version of its contract.
            try await world.push("1.2", end: "done otherwise")
            await service.reconcileNow()
            await service.reconcileNow()
            #expect(world.creations == 6)
            #expect(try await service.look().differences == 0)
        }
    }

    @Test func `a file with two decisions is validated once, and both are there`() async throws {
        let decisions = ["dish", "drink"].map { id in
            "<decision id=\"\(id)\" name=\"\(id)\"><literalExpression><text>\"\(id)\"</text></literalExpression></decision>"
        }
        let file = """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="D" namespace="t">
            \(decisions.joined(separator: "\n"))
            </definitions>
            """
        try await run { world in
            let service = world.service()
            try await world.push([("d.dmn", file)], false)
            await service.reconcileNow()
            #expect(await service.trouble == nil)
            let rows = try await TestClient(world.engine).get("/engine-rest/decision-definition?latestVersion=true")
            #expect(rows.json.elements()?.map { $0["key"]?.stringValue } == ["dish", "drink"])
            #expect(try await service.look().differences == 0)
        }
    }

    @Test func `what goes is closed for new starts, and opened when it comes back`() async throws {
        try await run { world in
            let service = world.service()
            try await world.push("1.0")
            await service.reconcileNow()
            try await world.push([("work.yaml", Self.work)], true)
            await service.reconcileNow()
            #expect(try await world.deployed() == ["p order@1.0 closed"])
            try await world.push("1.0")
            await service.reconcileNow()
            #expect(try await world.deployed() == ["p order@1.0 open"])
        }
    }

    @Test(arguments: Reconciliation.DriftPolicy.allCases)
    func `what somebody deployed by hand is told, and by policy corrected`(policy: Reconciliation.DriftPolicy)
        async throws
    {
        try await run { world in
            let service = world.service(policy)
            try await world.push("1.0")
            await service.reconcileNow()
            try await world.byHand("p")
            try await world.byHand("q")
            await service.reconcileNow()
            #expect(await service.status?.drift.map { "\($0.kind) \($0.process)" } == ["replaced p", "foreign q"])
            let expected =
                switch policy {
                case .report: ["p by hand open", "q by hand open"]
                case .correct: ["p order@1.0 open", "q by hand closed"]
                }
            #expect(try await world.deployed() == expected)
        }
    }

    @Test func `what the engine does not take is not deployed, and told`() async throws {
        try await run { world in
            let service = world.service()
            try await world.push("1.0")
            let refusal = JSON.object([
                ("type", .string("ParseException")),
                ("message", .string("ENGINE-09005 Could not parse BPMN process.")),
            ])
            world.transport.next(
                "/deployment/create", .answered(CamundaReply(status: 400, isWaybill: false, body: refusal)))
            await service.reconcileNow()
            #expect(await service.trouble?.contains("ENGINE-09005") == true)
            #expect(try await world.deployed().isEmpty)
            await service.reconcileNow()
            #expect(await service.trouble == nil)
            #expect(try await world.deployed() == ["p order@1.0 open"])
        }
    }

    @Test func `a validation that was cut off is no drift, and is cleaned up by the next look`() async throws {
        try await run { world in
            try await world.push("1.0")
            let service = world.service(.correct)
            await service.reconcileNow()
            try await world.push("1.1", end: "done otherwise")
            world.transport.next("/deployment/create", .lostReply)
            await service.reconcileNow()
            #expect(await service.trouble != nil)
            await service.reconcileNow()
            #expect(await service.status?.drift == [])
            #expect(try await world.deployed() == ["p order@1.1 open"])
            let client = TestClient(world.engine)
            #expect(try await client.get("/engine-rest/deployment/count").json["count"]?.intValue == 2)
        }
    }

    @Test func `what is validated has a tenant of its own, and is deleted without its instances`() async throws {
        try await run { world in
            try await world.push("1.0")
            await world.service().reconcileNow()
            let creations = world.transport.requests.filter { $0.path == "/deployment/create" }
            let tenants = creations.map { $0.parts.filter { $0.name == "tenant-id" }.map(\.content) }
            #expect(tenants == [[Array("waybill-check".utf8)], []])
            let deletions = world.transport.requests.filter { $0.method == .delete }
            #expect(deletions.map(\.query) == [[:]])
        }
    }

    @Test func `a validation that somebody else is at is no drift`() async throws {
        try await run { world in
            try await world.push("1.0")
            let service = world.service()
            await service.reconcileNow()
            let row = JSON.object([
                ("key", .string("q")), ("version", .number(1)), ("deploymentId", .string("c")),
                ("tenantId", .string("waybill-check")),
            ])
            let reply = CamundaReply(status: 200, isWaybill: false, body: .array([row]))
            // Once among the newest, once among all of q.
            for _ in 0..<2 { world.transport.next("/process-definition", .answered(reply)) }
            let drift = try await service.look().drift
            #expect(!drift.contains { $0.process == "q" })
        }
    }

    @Test func `instances of what was cut off while it was validated are kept, and the deployment goes on`()
        async throws
    {
        try await run { world in
            try await world.push("1.0")
            let service = world.service()
            await service.reconcileNow()
            try await world.push("1.1", end: "done otherwise")
            world.transport.next("/deployment/create", .lostReply)
            await service.reconcileNow()
            let client = TestClient(world.engine)
            let started = try await client.post("/engine-rest/process-definition/key/p/start", "{}")
            #expect(started.status == 200)

            await service.reconcileNow()
            #expect(await service.trouble == nil)
            // Its version is that of the deployment that stays, now: the other one can go.
            await service.reconcileNow()
            #expect(try await world.deployed() == ["p order@1.1 open"])
            #expect(try await client.get("/engine-rest/deployment/count").json["count"]?.intValue == 2)
            let instance = try await client.get(
                "/engine-rest/process-instance/\(started.json["id"]?.stringValue ?? "")")
            #expect(instance.status == 200)
        }
    }

    @Test func `two side by side come to the same, and stay there`() async throws {
        try await run { world in
            try await world.push("1.0")
            let (one, two) = (world.service(.correct), world.service(.correct))
            async let first: Void = one.reconcileNow()
            async let second: Void = two.reconcileNow()
            _ = await (first, second)
            await one.reconcileNow()
            let creations = world.creations
            for _ in 0..<3 {
                await one.reconcileNow()
                await two.reconcileNow()
            }
            #expect(world.creations == creations)
            #expect(try await world.deployed() == ["p order@1.0 open"])
            for service in [one, two] { #expect(await service.status?.drift == []) }
        }
    }
}
