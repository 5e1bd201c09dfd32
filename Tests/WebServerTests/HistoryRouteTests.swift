import ProcessEngine
import Services
import Testing
import Values
import WebServerTesting

/// What happened in an instance, and what it was like at any position, over REST.
@Suite struct HistoryRouteTests {
    /// start -> look -> fork -> one, two -> join -> end
    private static let model = Array(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
        <message id="m" name="paid"/>
        <process id="p" isExecutable="true">
          <startEvent id="start"/><userTask id="look"/><parallelGateway id="fork"/>
          <intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
          <intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
          </intermediateCatchEvent>
          <userTask id="one"/><parallelGateway id="join"/><endEvent id="end"/>
          <sequenceFlow id="f1" sourceRef="start" targetRef="look"/>
          <sequenceFlow id="f2" sourceRef="look" targetRef="fork"/>
          <sequenceFlow id="f3" sourceRef="fork" targetRef="one"/>
          <sequenceFlow id="f4" sourceRef="fork" targetRef="wait"/>
          <sequenceFlow id="f5" sourceRef="fork" targetRef="late"/>
          <sequenceFlow id="f6" sourceRef="one" targetRef="join"/>
          <sequenceFlow id="f7" sourceRef="wait" targetRef="join"/>
          <sequenceFlow id="f8" sourceRef="late" targetRef="join"/>
          <sequenceFlow id="f9" sourceRef="join" targetRef="end"/>
        </process></definitions>
        """.utf8)

    private struct World: Sendable {
        let server: TestServer
        let client: TestClient
        let id: String

        func state(at position: String? = nil) async throws -> JSON {
            let query = position.map { "?at=\($0)" } ?? ""
            return try await client.get("/v1/instances/\(id)/state\(query)").json
        }

        func history(_ query: String = "") async throws -> JSON {
            try await client.get("/v1/instances/\(id)/history\(query)").json
        }
    }

    private static func run(_ body: @escaping @Sendable (World) async throws -> Void) async throws {
        try await TestServer.run { server in
            let secretive = DeployedContract(
                kind: "task", name: "t", version: "1.0",
                content: try JSON(
                    validating:
                        #"{"kind":"task","name":"t","version":"1.0","input":{"type":"object","properties":{"pin":{"writeOnly":true}}},"secrets":["password"]}"#
                ))
            try await server.deploy(model, contracts: [secretive])
            let variables = [
                Variable(name: "user", value: try JSON(validating: #"{"name": "ada", "password": "hush"}"#)),
                Variable(name: "pin", value: .number(1234)), Variable(name: "n", value: .number(1)),
            ]
            let id = try await server.engine.start(
                Command.Start(definition: DefinitionID(process: "p", version: 1), variables: variables), key: nil
            ).instance
            for number in [1, 2] {
                _ = try await server.engine.command(
                    .setVariables([Variable(name: "n", value: .number(number + 1))]), of: id)
                _ = try await server.engine.command(.completeUserTask(number: number, variables: []), of: id)
            }
            try await body(World(server: server, client: TestClient(server), id: id.text))
        }
    }

    private static func elements(_ state: JSON) -> [String] {
        state["activities"]?.elements()?.compactMap { $0["element"]?.stringValue } ?? []
    }

    @Test func `tells what happened, in order`() async throws {
        try await Self.run { world in
            let entries = try #require(try await world.history()["history"]?.elements())
            #expect(entries.compactMap { $0["seq"]?.intValue } == [1, 2, 3, 4, 5])
            let positions = entries.compactMap { $0["position"]?.stringValue }.compactMap { Int($0) }
            #expect(positions == positions.sorted() && positions.count == 5)
            let lines = entries.flatMap { $0["lines"]?.elements() ?? [] }.compactMap(\.stringValue)
            for line in [
                "started as p:1", "entered look", "user task 1 (look) completed", "set n",
                "wait waits for message paid",
                "a token waits at join, from f6",
            ] { #expect(lines.contains(line), "\(line) is missing: \(lines)") }
        }
    }

    @Test func `gives long histories in pages`() async throws {
        try await Self.run { world in
            let first = try await world.history("?limit=2")
            #expect(first["history"]?.elements()?.count == 2 && first["next"]?.intValue == 2)
            let rest = try await world.history("?limit=3&after=2")
            #expect(rest["history"]?.elements()?.compactMap { $0["seq"]?.intValue } == [3, 4, 5])
            #expect(rest["next"]?.isNull == true)
        }
    }

    @Test func `shows the state at every position`() async throws {
        try await Self.run { world in
            let positions = try #require(try await world.history()["history"]?.elements()).map { $0.text("position") }
            var seen: [[String]] = []
            for position in positions { seen.append(Self.elements(try await world.state(at: position))) }
            #expect(
                seen == [["look"], ["look"], ["one", "wait", "late"], ["one", "wait", "late"], ["wait", "late"]])
            let third = try await world.state(at: positions[2])
            #expect(third["scopes"]?.elements()?.first?["variables"]?["n"]?.intValue == 2)
            #expect(third["userTasks"]?.elements()?.first?["element"]?.stringValue == "one")
            #expect(third["timers"]?.elements()?.first?["element"]?.stringValue == "late")
            #expect(third["subscriptions"]?.elements()?.first?["name"]?.stringValue == "paid")
            let now = try await world.state()
            #expect(now["position"]?.stringValue == positions[4])
            let waiting = now["scopes"]?.elements()?.first?["waitingTokens"]?.elements()
            #expect(waiting?.first?["flow"]?.stringValue == "f6")
        }
    }

    @Test func `hides secrets everywhere`() async throws {
        try await Self.run { world in
            let shown = try await world.client.get(
                "/v1/instances/\(world.id)?position=\(await world.server.engine.lastPosition)")
            for text in [try await world.history().text, try await world.state().text, shown.text] {
                #expect(!text.contains("hush") && !text.contains("1234"), "\(text)")
                #expect(text.contains("ada") && text.contains("***"))
            }
        }
    }

    @Test(arguments: [
        ("nobody/state", 404), ("nobody/history", 404), ("ID/state?at=soon", 400), ("ID/state?at=0", 404),
        ("ID/history?limit=0", 400), ("ID/history?from=1", 400),
    ])
    func `what cannot be answered is refused`(path: String, status: Int) async throws {
        try await Self.run { world in
            let answer = try await world.client.get("/v1/instances/" + path.replacing("ID", with: world.id))
            #expect(answer.status == status, "\(answer.text)")
        }
    }
}
