import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import WebServerTesting

/// Starts by contract over REST, with all that a start may say.
@Suite struct StartRouteTests {
    private static let model = Array(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
        <process id="p" isExecutable="true"><startEvent id="start"/><userTask id="look"/>
        <sequenceFlow id="f" sourceRef="start" targetRef="look"/></process></definitions>
        """.utf8)
    private static let contract =
        #"{"kind":"workflow","name":"order","version":"1.0","process":"p","objectId":"orderId","businessKey":"unique","input":{"type":"object","required":["orderId"],"properties":{"orderId":{"type":"string"}}}}"#
    private static let everything =
        #"{"version":"^1.0","input":{"orderId":"A7"},"businessKey":"k","idempotencyKey":"once","metadata":{"site":"b"},"startedBy":"bob","runAs":"anna","correlationId":"order-42","priority":7}"#

    private static func run(_ body: @escaping @Sendable (TestServer, TestClient) async throws -> Void) async throws {
        try await TestServer.run { server in
            let contract = DeployedContract(
                kind: "workflow", name: "order", version: "1.0", content: try JSON(validating: contract))
            try await server.deploy(model, workflow: "order", contracts: [contract])
            try await body(server, TestClient(server))
        }
    }

    @Test func `an instance is shown as soon as its start is answered, without a position`() async throws {
        try await Self.run { _, client in
            for number in 0..<20 {
                let started = try await client.post(
                    "/v1/workflows/order/start", #"{"input":{"orderId":"a"},"businessKey":"\#(number)"}"#)
                let id = try #require(started.json["id"]?.stringValue)
                #expect(try await client.get("/v1/instances/\(id)").status == 200)
            }
        }
    }

    @Test func `all members of a start are kept, shown and found again`() async throws {
        try await Self.run { server, client in
            let answer = try await client.post("/v1/workflows/order/start", Self.everything)
            #expect(answer.status == 201, "\(answer.json.text)")
            let id = try #require(answer.json["id"]?.stringValue)
            let position = try #require(answer.json["position"]?.stringValue)
            #expect(try await client.post("/v1/workflows/order/start", Self.everything).status == 200)
            let state = try #require(try await server.engine.instance(InstanceID(id)))
            #expect(state.priority == 7)

            let page = try await client.get("/v1/instances?correlationId=order-42&position=\(position)").json
            let row = try #require(page["instances"]?.elements()?.first, "\(page.text)")
            for (member, value) in [
                ("id", id), ("objectId", "A7"), ("businessKey", "k"), ("startedBy", "bob"), ("runAs", "anna"),
                ("correlationId", "order-42"),
            ] {
                #expect(row[member]?.stringValue == value, "\(member)")
            }
            #expect(row["metadata"]?.text == #"{"site":"b"}"#)
            #expect(try await client.get("/v1/instances?correlationId=order-43").json["instances"]?.elements() == [])
        }
    }

    @Test func `instances are found by the version of their workflow, or a range of versions`() async throws {
        try await Self.run { server, client in
            // Another version, and a process without a contract.
            let process = Deployment.Process(
                process: "p", source: Self.model, hash: "next", workflow: "order", workflowVersion: "1.1")
            let contract = DeployedContract(
                kind: "workflow", name: "order", version: "1.1",
                content: try JSON(validating: Self.contract.replacing("1.0", with: "1.1")))
            _ = try await server.deployments.deploy(
                Deployment(processes: [process], contracts: [contract]), at: server.time.now)
            try await server.deploy(
                Array(String(decoding: Self.model, as: UTF8.self).replacing("\"p\"", with: "\"q\"").utf8), process: "q")
            var ids: [String: String] = [:]
            for version in ["1.0", "1.1"] {
                let body = #"{"version":"\#(version)","input":{"orderId":"a"},"businessKey":"\#(version)"}"#
                let started = try await client.post("/v1/workflows/order/start", body)
                ids[version] = try #require(started.json["id"]?.stringValue, "\(started.text)")
            }
            let other = try await client.post("/engine-rest/process-definition/key/q/start")
            let bare = try #require(other.json["id"]?.stringValue, "\(other.text)")
            // It waits until the index shows it.
            #expect(try await client.get("/v1/instances/\(bare)").status == 200)
            func found(_ workflow: String) async throws -> Set<String> {
                let page = try await client.get("/v1/instances?workflow=\(workflow)")
                return Set((page.json["instances"]?.elements() ?? []).compactMap { $0["id"]?.stringValue })
            }
            let (old, new) = (try #require(ids["1.0"]), try #require(ids["1.1"]))
            #expect(try await found("order@1.0") == [old])
            #expect(try await found("order@1.1") == [new])
            #expect(try await found("order@1.x") == [old, new])
            #expect(try await found("order") == [old, new])
            #expect(try await found("p@1") == [old])
            #expect(try await found("q@1") == [bare])
            let unknown = try await client.get("/v1/instances?workflow=order@2.0")
            #expect(unknown.status == 404 && unknown.text.contains("deployed: 1.0, 1.1"), "\(unknown.text)")
        }
    }

    @Test func `a business key that must be unique is refused while an instance runs with it`() async throws {
        try await Self.run { server, client in
            let body = #"{"input":{"orderId":"A7"},"businessKey":"k"}"#
            let first = try await client.post("/v1/workflows/order/start", body)
            let id = try #require(first.json["id"]?.stringValue)
            let refused = try await client.post("/v1/workflows/order/start", body)
            #expect(refused.status == 409 && refused.json.text.contains(id), "\(refused.json.text)")
            #expect(try await client.post("/v1/instances/\(id)/cancel", #"{"reason":"enough"}"#).status == 200)
            #expect(try await client.post("/v1/workflows/order/start", body).status == 201)
        }
    }

    @Test(arguments: [
        (#"{"input":{"orderId":"A"},"priority":"high"}"#, 400, "priority"),
        (#"{"input":{"orderId":"A"},"priority":1000001}"#, 422, "priority"),
        (#"{"input":{"orderId":"A"},"runAs":7}"#, 400, "runAs"),
        (#"{"input":{"orderId":"A"},"correlationId":""}"#, 422, "correlationId"),
        (#"{"input":{"orderId":"A"},"metadata":{"waybill.runAs":"eve"}}"#, 422, "waybill."),
        (#"{"input":{"orderId":"A"},"corelationId":"x"}"#, 400, "corelationId"),
        (#"{"input":{"orderId":"A"},"version":">=1 <1"}"#, 422, "version"),
        (#"{"input":{"orderId":"A"},"version":"2.x"}"#, 404, "1.0"),
    ])
    func `a member that is wrong is refused by its name`(body: String, status: Int, named: String) async throws {
        try await Self.run { _, client in
            let answer = try await client.post("/v1/workflows/order/start", body)
            #expect(answer.status == status && answer.json.text.contains(named), "\(answer.status) \(answer.json.text)")
        }
    }
}
