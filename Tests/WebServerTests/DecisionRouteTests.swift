import Services
import ServicesTesting
import Testing
import Values
import WebServerTesting

@Suite struct DecisionRouteTests {
    private static let dmn = """
        <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
          <inputData id="age" name="age"><variable name="age" typeRef="number"/></inputData>
          <decision id="grown" name="Grown up"><variable name="Grown up"/>
            <informationRequirement><requiredInput href="#age"/></informationRequirement>
            <decisionTable id="t"><input><inputExpression><text>age</text></inputExpression></input><output/>
              <rule id="young"><inputEntry><text>&lt; 18</text></inputEntry><outputEntry><text>false</text></outputEntry></rule>
              <rule id="old"><inputEntry><text>&gt;= 18</text></inputEntry><outputEntry><text>true</text></outputEntry></rule>
            </decisionTable></decision>
        </definitions>
        """

    private func withDecision(_ body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run { server in
            let bundle = DecisionBundle(files: [.init(name: "d.dmn", text: Self.dmn)])
            let decision = Deployment.Decision(
                decision: "grown", source: bundle.bytes, hash: "1", contract: nil, configVersion: "0.1")
            _ = try await server.deployments.deploy(
                Deployment(processes: [], contracts: [], decisions: [decision]), at: server.time.now)
            try await body(server)
        }
    }

    @Test func `lists decisions, and evaluates one with a trace`() async throws {
        try await withDecision { server in
            let list = try await TestClient(server).get("/v1/decisions")
            #expect(list.json["decisions"]?.elements()?.first?["decision"]?.stringValue == "grown")
            let one = try await TestClient(server).get("/v1/decisions/grown")
            #expect(one.json["inputs"]?.text == #"[{"name":"age","type":"number"}]"#)

            let answer = try await TestClient(server).post("/v1/decisions/grown/evaluate", #"{"input":{"age":30}}"#)
            #expect(answer.status == 200)
            #expect(answer.json["value"]?.boolValue == true)
            #expect(answer.json["trace"]?.elements()?.first?["rules"]?.elements()?.first?["id"]?.stringValue == "old")
        }
    }

    @Test(arguments: [
        ("/v1/decisions/grwn/evaluate", "{}", 404), ("/v1/decisions/grown/evaluate", #"{"version":7}"#, 404),
        ("/v1/decisions/grown/evaluate", #"{"inputs":{}}"#, 400),
    ])
    func `tells what is wrong with a question`(path: String, body: String, status: Int) async throws {
        try await withDecision { server in
            let answer = try await TestClient(server).post(path, body)
            #expect(answer.status == status)
        }
    }
}
