import Services
import ServicesTesting
import Testing
import Values
import WebServerTesting

/// Files as the routes take them.
enum Push {
    static func work(_ version: String, more: String = "") -> (String, String) {
        ("work.yaml", "kind: task\nname: work\nversion: \"\(version)\"\ninput: {type: object}\n\(more)")
    }

    static func order(_ version: String) -> (String, String) {
        ("order.yaml", "kind: workflow\nname: order\nversion: \"\(version)\"\nprocess: p\ninput: {type: object}\n")
    }

    /// start -> t -> end
    static func model(_ end: String = "done") -> (String, String) {
        (
            "p.bpmn",
            """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn/1.0"
              targetNamespace="t"><process id="p" isExecutable="true">
              <startEvent id="start"/><serviceTask id="t" waybill:contract="work@1"/><endEvent id="end" name="\(end)"/>
              <sequenceFlow id="f" sourceRef="start" targetRef="t"/><sequenceFlow id="g" sourceRef="t" targetRef="end"/>
            </process></definitions>
            """
        )
    }

    static func body(_ files: [(String, String)], _ more: (name: String, value: JSON)...) -> String {
        let list = files.map { JSON.object([("path", .string($0.0)), ("content", .string($0.1))]) }
        return JSON.object(
            [("author", .string("anna")), ("message", .string("a change")), ("files", .array(list))] + more
        ).text
    }

    /// The first revision of a store.
    static func first(to server: TestServer) async throws {
        let answer = try await TestClient(server).post("/v1/config/push", body([work("1.0"), order("1.0"), model()]))
        try #require(answer.status == 201, "\(answer.text)")
    }
}

@Suite struct ConfigRouteTests {
    private func withStore(_ body: @escaping @Sendable (TestServer, TestClient) async throws -> Void) async throws {
        try await TestServer.run { server in
            try await Push.first(to: server)
            try await body(server, TestClient(server))
        }
    }

    @Test func `a push is a revision with what it added, and is deployed when it is answered`() async throws {
        try await TestServer.run { server in
            let client = TestClient(server)
            let empty = try await client.get("/v1/config").json
            #expect(empty["store"]?.stringValue == "memory" && empty["head"]?.isNull == true)
            #expect(try await client.get("/v1/config/deployment").json["revision"]?.isNull == true)
            let files = [Push.work("1.0"), Push.order("1.0"), Push.model()]

            let dry = try await client.post("/v1/config/push", Push.body(files, ("dryRun", .bool(true))))
            #expect(dry.status == 200 && dry.json["status"]?.stringValue == "checked")
            let pushed = try await client.post("/v1/config/push", Push.body(files))
            #expect(pushed.status == 201)
            #expect(pushed.json["revision"]?["number"]?.intValue == 1)
            #expect(pushed.json["added"]?.elements()?.count == 3)
            let again = try await client.post("/v1/config/push", Push.body(files))
            #expect(again.status == 200 && again.json["status"]?.stringValue == "unchanged")

            #expect(try await client.get("/v1/config").json["head"]?["author"]?.stringValue == "anna")
            let workflows = try await client.get("/v1/workflows").json["workflows"]?.elements()
            #expect(workflows?.map { $0["definition"]?.stringValue } == ["p:1"])
            #expect(
                try await client.get("/v1/config/deployment").text
                    == #"{"revision":1,"differences":0,"policy":"report","drift":[]}"#)
        }
    }

    @Test func `what was deployed past the store is told`() async throws {
        try await withStore { server, client in
            try await server.deploy(Model.sequence("by-hand", process: "q"), process: "q")
            let drift = try await client.get("/v1/config/deployment").json["drift"]?.elements() ?? []
            #expect(drift.map { $0["kind"]?.stringValue } == ["foreign"])
            #expect(drift.first?["message"]?.stringValue?.contains("q:1 was deployed past the config store") == true)
        }
    }

    @Test func `a push on an old revision is out of date, and nothing is stored`() async throws {
        try await withStore { server, client in
            let second = Push.body([Push.work("1.1", more: "timeout: PT5S\n")])
            #expect(try await client.post("/v1/config/push", second).status == 201)
            let late = try await client.post(
                "/v1/config/push", Push.body([Push.work("1.2", more: "timeout: PT6S\n")], ("parent", .number(1))))
            #expect(late.status == 409 && late.contentType == "application/problem+json")
            #expect(late.json["detail"]?.stringValue?.hasPrefix("revision 2 is the newest, not 1") == true)
            #expect(try await server.config.head()?.number == 2)
        }
    }

    @Test func `a push that is not sound comes back with file, line and element`() async throws {
        try await withStore { _, client in
            let gone = try await client.post(
                "/v1/config/push", Push.body([Push.order("1.0"), Push.model()], ("prune", .bool(true))))
            #expect(gone.status == 422)
            let problem = gone.json["problems"]?.elements()?.first
            #expect(problem?["file"]?.stringValue == "p.bpmn" && problem?["element"]?.stringValue == "t")
            #expect((problem?["line"]?.intValue ?? 0) > 0)
        }
    }

    @Test func `revisions, artifacts, snapshots and differences can be read`() async throws {
        try await withStore { _, client in
            _ = try await client.post(
                "/v1/config/push", Push.body([Push.work("1.1", more: "timeout: PT5S\n")]))
            let revisions = try await client.get("/v1/config/revisions?limit=1").json["revisions"]?.elements()
            #expect(revisions?.map { $0["number"]?.intValue } == [2])
            #expect(try await client.get("/v1/config/artifacts").json["artifacts"]?.elements()?.count == 4)
            #expect(try await client.get("/v1/config/artifacts?revision=1").json["artifacts"]?.elements()?.count == 3)
            let snapshot = try await client.get("/v1/config/snapshot?revision=1").json
            #expect(snapshot["artifacts"]?.elements()?.allSatisfy { $0["content"]?.stringValue != nil } == true)
            let diff = try await client.get("/v1/config/diff?from=1&to=2").json["parts"]?.elements()
            #expect(diff?.map { $0["name"]?.stringValue } == ["work"])
            let model = JSON.object([("path", .string("p.bpmn")), ("content", .string(Push.model("over").1))])
            let order = JSON.object([("path", .string("order.yaml")), ("content", .string(Push.order("1.1").1))])
            let files = try await client.post(
                "/v1/config/diff", JSON.object([("files", .array([model, order]))]).text)
            #expect(files.json["parts"]?.elements()?.map { $0["name"]?.stringValue } == ["order"], "\(files.text)")
            let uses = try await client.get("/v1/contracts/work/uses").json["uses"]?.elements()
            #expect(uses?.first?["workflow"]?.stringValue == "order" && uses?.first?["element"]?.stringValue == "t")
        }
    }

    @Test(arguments: [
        ("/v1/config/snapshot?revision=9", 404), ("/v1/config/artifacts?revision=9", 404),
        ("/v1/config/diff?from=1&to=9", 404), ("/v1/config/bundle?revision=9", 404),
        ("/v1/config/snapshot?revision=9223372036854775807", 404),
        ("/v1/config/artifacts?revision=9223372036854775807", 404),
        ("/v1/config/diff?from=9223372036854775807", 404), ("/v1/config/diff?from=1&to=9223372036854775807", 404),
        ("/v1/config/bundle?revision=9223372036854775807", 404),
        ("/v1/contracts/work/uses?revision=9223372036854775807", 404),
        ("/v1/config/snapshot?revision=x", 400), ("/v1/config/diff?form=1", 400),
        ("/v1/contracts/work/uses?version=one", 400), ("/v1/contracts/wrok/uses", 404),
    ])
    func `an unknown revision or contract is not there, and what cannot be read is refused`(
        path: String, status: Int
    ) async throws {
        try await withStore { _, client in
            let answer = try await client.get(path)
            #expect(answer.status == status, "\(answer.text)")
            #expect(answer.contentType == "application/problem+json")
        }
    }

    @Test(arguments: [Int.max, 9, 0, -1, Int.min])
    func `files are compared with no revision that is not there`(revision: Int) async throws {
        try await withStore { _, client in
            let body = Push.body([Push.work("1.0")], ("revision", .number(revision)))
            let answer = try await client.post("/v1/config/diff", body)
            #expect(answer.status == 404 || answer.status == 400, "\(answer.text)")
        }
    }

    @Test(arguments: [
        "{}", #"{"files":[]}"#, #"{"files":[{"path":"a.yaml"}]}"#, #"{"files":7}"#, #"{"filse":[]}"#, "[",
    ])
    func `a push that is none is refused`(body: String) async throws {
        try await withStore { _, client in
            let answer = try await client.post("/v1/config/push", body)
            #expect(answer.status == 400)
        }
    }
}
