import Contracts
import Decisions
import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// Decisions from the push of a DMN file to the instance that goes on with the result.
@Suite struct DecisionTests {
    /// A table from `season` to `dish`, as Camunda's modeler writes it: the variable is no input of the diagram.
    private static func dishes(
        _ winter: String, hitPolicy: String = "UNIQUE", rules: String = "", tag: String? = nil
    ) -> ConfigService.File {
        ConfigWorld.file(
            "models/dish.dmn",
            """
            <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:camunda="http://camunda.org/schema/1.0/dmn"
              id="dishes" name="Dishes" namespace="http://example.org/dishes">
              <decision id="dish" name="Dish"\(tag.map { " camunda:versionTag=\"\($0)\"" } ?? "")>
                <decisionTable id="table" hitPolicy="\(hitPolicy)">
                  <input id="i"><inputExpression id="e" typeRef="string"><text>season</text></inputExpression></input>
                  <output id="o" name="meal" typeRef="string"/>
                  <rule id="r1"><inputEntry id="a"><text>"winter"</text></inputEntry>
                    <outputEntry id="b"><text>"\(winter)"</text></outputEntry></rule>
                  <rule id="r2"><inputEntry id="c"><text>not("winter")</text></inputEntry>
                    <outputEntry id="d"><text>"salad"</text></outputEntry></rule>
                  \(rules)
                </decisionTable>
              </decision>
            </definitions>
            """)
    }

    private static let doubled = """
        <rule id="r3"><inputEntry id="f"><text>-</text></inputEntry><outputEntry id="g"><text>"bread"</text></outputEntry></rule>
        """

    /// start -> work (an agent) -> decide -> end
    private static func model(_ attributes: String) -> ConfigService.File {
        let text = String(
            decoding: Model.bpmn(
                "<startEvent id=\"start\"/>" + Model.task("work", "work")
                    + "<businessRuleTask id=\"decide\" \(attributes)/><endEvent id=\"end\"/>"
                    + Model.chain("start", "work", "decide", "end")), as: UTF8.self)
        return ConfigWorld.file(
            "p.bpmn",
            text.replacing(
                "<definitions ", with: "<definitions xmlns:camunda=\"http://camunda.org/schema/1.0/bpmn\" ",
                maxReplacements: 1))
    }

    private static func decision(_ version: String) -> ConfigService.File {
        ConfigWorld.file(
            "dish.yaml",
            """
            kind: decision
            name: kitchen.dish
            version: "\(version)"
            decision: dish
            input: {type: object, required: [season], properties: {season: {type: string, default: winter}}}
            output: {type: object, properties: {meal: {type: string}}}

            """)
    }

    private static let task = model(
        "camunda:decisionRef=\"dish\" camunda:mapDecisionResult=\"singleEntry\" camunda:resultVariable=\"meal\"")

    private func world(
        _ body: @escaping @Sendable (ConfigWorld, EngineService) async throws -> Void
    ) throws {
        try Simulation.run { simulation in
            let world = ConfigWorld(simulation)
            let engine = world.shop.engine()
            try await simulation.serving([{ try await engine.run() }]) { try await body(world, engine) }
        }
    }

    /// Starts `p` and lets its agent answer.
    private func run(
        _ engine: EngineService, season: String, version: Int = 1
    ) async throws -> (id: InstanceID, instance: ProcessInstance?) {
        let receipt = try await engine.start(
            Command.Start(
                definition: DefinitionID(process: "p", version: version),
                variables: [
                    Variable(name: "season", value: .string(season)), Variable(name: "orderId", value: .string("1")),
                ]),
            key: nil)
        #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
        return (receipt.instance, try await engine.instance(receipt.instance))
    }

    @Test func `a pushed decision is made in the engine, and its version is in the journal`() throws {
        try world { world, engine in
            let report = try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"), Self.task, Self.dishes("stew"))
            #expect(report.added.map { "\($0.kind) \($0.name) \($0.version)" }.contains("dmn dish 0.1"))

            let ended = try await run(engine, season: "winter")
            #expect(try await world.shop.end(of: ended.id) == .completed)
            let decided = try await world.shop.events(of: ended.id).compactMap { event in
                if case .decisionEvaluated(_, let decision, let version, let result) = event {
                    "\(decision):\(version ?? 0) \(result)"
                } else {
                    nil
                }
            }
            #expect(decided == ["dish:1 \"stew\""])
        }
    }

    @Test func `a new file is a new version, which running definitions bound to the latest use`() throws {
        try world { world, engine in
            try await world.push(ConfigWorld.work, ConfigWorld.order("1.0"), Self.task, Self.dishes("stew"))
            #expect(try await world.push(Self.dishes("stew")).status == .unchanged)
            let report = try await world.push(Self.dishes("goose"))
            #expect(report.changed.map { "\($0.name) \($0.version)" } == ["dish 0.2"])

            let ended = try await run(engine, season: "winter")
            let result = try await world.shop.events(of: ended.id).compactMap { event in
                if case .decisionEvaluated(_, _, let version, let result) = event {
                    "\(version ?? 0) \(result)"
                } else {
                    nil
                }
            }
            #expect(result == ["2 \"goose\""])
        }
    }

    @Test(arguments: [
        ("camunda:decisionRefBinding=\"deployment\"", "stew"),
        ("camunda:decisionRefBinding=\"version\" camunda:decisionRefVersion=\"1\"", "stew"),
        ("camunda:decisionRefBinding=\"version\" camunda:decisionRefVersion=\"2\"", "goose"),
        ("camunda:decisionRefBinding=\"versionTag\" camunda:decisionRefVersionTag=\"old\"", "stew"),
        ("camunda:decisionRefBinding=\"versionTag\" camunda:decisionRefVersionTag=\"0.2\"", "goose"),
        ("camunda:decisionRefBinding=\"latest\"", "goose"),
    ])
    func `the binding says which version decides`(binding: String, expected: String) throws {
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"),
                Self.model("camunda:decisionRef=\"dish\" camunda:mapDecisionResult=\"singleEntry\" \(binding)"),
                Self.dishes("stew", tag: "old"))
            await world.shop.simulation.pass(.seconds(5))
            try await world.push(Self.dishes("goose", tag: "new"))

            let ended = try await run(engine, season: "winter")
            let results = try await world.shop.events(of: ended.id).compactMap { event in
                if case .decisionEvaluated(_, _, _, let result) = event { result.stringValue } else { nil }
            }
            #expect(results == [expected])
        }
    }

    @Test func `a version that is not there is an incident that says so`() throws {
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"),
                Self.model(
                    "camunda:decisionRef=\"dish\" camunda:decisionRefBinding=\"version\" camunda:decisionRefVersion=\"9\""
                ),
                Self.dishes("stew"))
            let stuck = try await run(engine, season: "winter")
            let incident = try #require(stuck.instance?.openIncidents.first)
            #expect(incident.kind == .decisionFailed)
            #expect(incident.message == "the decision dish failed: the decision dish has no version 9; the newest is 1")
        }
    }

    @Test func `rules that break the hit policy are an incident with the rules, which a new version cures`() throws {
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"), Self.task, Self.dishes("stew", rules: Self.doubled))
            let stuck = try await run(engine, season: "winter")
            let incident = try #require(stuck.instance?.openIncidents.first)
            #expect(incident.message.contains("rules 1, 3 match, where only one may"), "\(incident.message)")

            try await world.push(Self.dishes("stew"))
            _ = try await engine.command(.resolveIncident(number: incident.number, retries: nil), of: stuck.id)
            #expect(try await world.shop.end(of: stuck.id) == .completed)
        }
    }

    @Test(arguments: [
        ("singleEntry", "UNIQUE", #""stew""#), ("singleResult", "UNIQUE", #"{"meal":"stew"}"#),
        ("collectEntries", "COLLECT", #"["stew","bread"]"#),
        ("resultList", "COLLECT", #"[{"meal":"stew"},{"meal":"bread"}]"#),
    ])
    func `the result has the form that the task asks for`(shape: String, policy: String, expected: String) throws {
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"),
                Self.model("camunda:decisionRef=\"dish\" camunda:mapDecisionResult=\"\(shape)\""),
                Self.dishes("stew", hitPolicy: policy, rules: policy == "COLLECT" ? Self.doubled : ""))
            let ended = try await run(engine, season: "winter")
            let results = try await world.shop.events(of: ended.id).compactMap { event in
                if case .decisionEvaluated(_, _, _, let result) = event { result.text } else { nil }
            }
            #expect(results == [expected])
        }
    }

    @Test func `a decision contract completes and checks the input, and its output becomes variables`() throws {
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"), Self.model("waybill:contract=\"kitchen.dish@1\""),
                Self.dishes("stew"), Self.decision("1.0"))
            #expect(
                try await world.service.artifacts(at: nil).map { "\($0.kind) \($0.name) \($0.version)" }.contains(
                    "dmn dish 1.0"))
            let receipt = try await engine.begin()
            #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
            let set = try await world.shop.events(of: receipt.instance).compactMap { event in
                if case .variablesSet(_, let variables) = event {
                    variables.map { "\($0.name)=\($0.value)" }
                } else {
                    nil
                }
            }
            #expect(set.contains(["meal=\"stew\""]), "\(set)")
            #expect(try await world.shop.end(of: receipt.instance) == .completed)
        }
    }

    @Test func `the push refuses tasks, contracts and files that do not fit each other`() throws {
        try world { world, _ in
            let pushes: [([ConfigService.File], [String])] = [
                (
                    [ConfigWorld.work, ConfigWorld.order("1.0"), Self.task],
                    ["[unknown-decision] there is no decision dish"]
                ),
                (
                    [Self.decision("1.0")],
                    ["[unknown-decision] kitchen.dish@1.0 names the decision \"dish\", which no DMN file has"]
                ),
                ([Self.decision("1.0"), Self.dishes("stew")], []),
                (
                    [Self.dishes("goose")],
                    [
                        "[version-exists] version 1.0 of the decision dish exists with other content: decision dish: "
                            + #"decisionTable.rule.outputEntry.text was "\"stew\"", is "\"goose\"""#
                    ]
                ),
                ([Self.decision("1.1"), Self.dishes("goose")], []),
            ]
            for (files, expected) in pushes {
                let problems = try await Self.problems(of: files, in: world)
                #expect(problems == expected)
            }
            let unread = try await Self.problems(of: [ConfigWorld.file("x.dmn", "<a>")], in: world)
            #expect(unread.count == 1)
            let changed = await #expect(throws: Diagnostics.self) { try await world.push(Self.dishes("duck")) }
            #expect(changed?.all.map { "\($0.file) \($0.position.line)" } == ["models/dish.dmn 3"])
        }
    }

    @Test func `an engine elsewhere is asked for new decisions as for new processes`() throws {
        try Simulation.run { simulation in
            let asked = Mutex<[String]>([])
            let world = ConfigWorld(
                simulation, engineCheck: { files in asked.withLock { $0 += files.map(\.path) } })
            try await world.push(ConfigWorld.work, ConfigWorld.order("1.0"), ConfigWorld.model, Self.dishes("stew"))
            #expect(asked.withLock(\.self) == ["p.bpmn", "dish.dmn"])
            try await world.push(Self.dishes("goose"))
            #expect(asked.withLock(\.self) == ["p.bpmn", "dish.dmn", "dish.dmn"])
        }
    }

    private static func problems(of files: [ConfigService.File], in world: ConfigWorld) async throws -> [String] {
        do {
            _ = try await world.service.push(
                files, author: "a", message: "m", parent: nil, prune: false, dryRun: false)
            return []
        } catch let error as Diagnostics {
            return error.all.map { "[\($0.code)] \($0.message)" }
        }
    }

    @Test func `a decision is evaluated for whom asks, with the rules that matched`() throws {
        try world { world, _ in
            try await world.push(Self.dishes("stew"))
            let service = DecisionService(registry: world.shop.registry, time: world.shop.simulation.clock)
            let evaluated = try await service.evaluate("dish", input: try JSON(text: #"{"season":"winter"}"#))
            #expect(evaluated.result.json == .string("stew"))
            #expect(evaluated.result.trace.first?.matched.map(\.id) == ["r1"])
            let unknown = await #expect(throws: Rejection.self) {
                try await service.evaluate("dihs", input: .emptyObject)
            }
            #expect(unknown?.message == "no decision dihs is deployed; did you mean \"dish\"?")
        }
    }

    // MARK: Workflows by contract

    private static let called = """
        kind: workflow
        name: kitchen.cook
        version: "1.0"
        process: cook
        objectId: meal
        input: {type: object, required: [meal], properties: {meal: {type: string}, plates: {type: integer, default: 2}}}
        output: {type: object, properties: {served: {type: integer}}}

        """

    /// The contract of the process that calls.
    private static let caller = ConfigWorld.file(
        "order.yaml",
        """
        kind: workflow
        name: order
        version: "1.0"
        process: p
        input: {type: object, required: [meal], properties: {meal: {type: string}}}

        """)

    /// start -> work -> end
    private static let cook = ConfigService.File(
        path: "cook.bpmn", content: Model.sequence("work", process: "cook"))

    @Test(arguments: [
        "<serviceTask id=\"call\" waybill:contract=\"kitchen.cook@1\"/>",
        "<callActivity id=\"call\" waybill:contract=\"kitchen.cook@1\"/>",
    ])
    func `a task that names a workflow contract calls the workflow`(element: String) throws {
        let caller = ConfigService.File(
            path: "p.bpmn",
            content: Model.bpmn(
                "<startEvent id=\"start\"/>\(element)<endEvent id=\"end\"/>" + Model.chain("start", "call", "end")))
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, Self.caller, caller, ConfigWorld.file("cook.yaml", Self.called),
                Self.cook)
            let parent = try await engine.start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1),
                    variables: [
                        Variable(name: "meal", value: .string("stew")), Variable(name: "secret", value: .string("x")),
                    ]), key: nil)
            await world.shop.simulation.settle()
            let task = try await engine.take("work")
            let child = try #require(try await engine.instance(task.id.instance))
            #expect(child.rootVariables.map { "\($0.name)=\($0.value)" } == ["meal=\"stew\"", "plates=2"])
            #expect(child.labels.workflow == "kitchen.cook")
            #expect(child.labels.objectID == "stew")

            let output = try JSON(text: #"{"served":2,"mess":true}"#)
            #expect(try await engine.report(task, .completed(output: output)) == .applied)
            await world.shop.simulation.settle()
            #expect(try await world.shop.end(of: parent.instance) == .completed)
            let set = try await world.shop.events(of: parent.instance).compactMap { event in
                if case .variablesSet(_, let variables) = event { variables.map(\.name) } else { nil }
            }
            #expect(set == [["meal", "secret"], ["served"]])
        }
    }

    @Test func `an input that does not fit the workflow's contract is an incident of the caller`() throws {
        let caller = ConfigService.File(path: "p.bpmn", content: Model.sequence("work", "kitchen.cook"))
        try world { world, engine in
            try await world.push(
                ConfigWorld.work, ConfigWorld.order("1.0"), caller, ConfigWorld.file("cook.yaml", Self.called),
                Self.cook)
            let parent = try await engine.begin().instance
            #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
            let incident = try #require(try await engine.instance(parent)?.openIncidents.first)
            #expect(incident.kind == .contractViolated)
        }
    }
}
