import Contracts
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// A workflow contract, pushed, deployed and started.
private struct Store: Sendable {
    let shop: Workshop
    let config: ConfigWorld
    let engine: EngineService
    let starts: StartService

    static func run(_ body: @escaping @Sendable (Store) async throws -> Void) throws {
        try Simulation.run { simulation in
            let config = ConfigWorld(simulation)
            let engine = config.shop.engine()
            let store = Store(
                shop: config.shop, config: config, engine: engine,
                starts: StartService(engine: engine, registry: config.shop.registry))
            try await simulation.serving([{ try await engine.run() }]) {
                try await config.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
                try await body(store)
            }
        }
    }

    func start(_ input: String, version: String? = nil, workflow: String = "order") async throws -> StartService.Started
    {
        try await starts.start(
            StartService.Request(workflow: workflow, version: version, input: try JSON(text: input)))
    }

    func refusal(_ input: String, version: String? = nil, workflow: String = "order") async -> Rejection? {
        do {
            _ = try await start(input, version: version, workflow: workflow)
            return nil
        } catch {
            return error as? Rejection
        }
    }
}

@Suite struct StartServiceTests {
    @Test func `what is not given has the contract's default, and the labels say what was started`() throws {
        try Store.run { store in
            let started = try await store.starts.start(
                StartService.Request(
                    workflow: "order", input: try JSON(text: #"{"orderId": "A7", "count": 3}"#), businessKey: "key",
                    metadata: [
                        Variable(name: "site", value: .string("b")), Variable(name: "batch", value: .number(4)),
                    ], startedBy: "anna"))
            #expect(started.version == "1.0" && started.definition.description == "p:1" && started.receipt.new)
            let instance = try #require(try await store.engine.instance(started.receipt.instance))
            #expect(instance.rootVariable("priority") == .string("normal"))
            #expect(instance.rootVariable("orderId") == .string("A7"))
            #expect(instance.rootVariable("count") == .number(3))
            #expect(instance.businessKey == "key")
            #expect((instance.labels.workflow, instance.labels.workflowVersion) == ("order", "1.0"))
            #expect((instance.labels.objectID, instance.labels.startedBy) == ("A7", "anna"))
            #expect(instance.labels.metadata.map(\.name) == ["batch", "site"])
        }
    }

    @Test func `every input that is wrong is named, all in one refusal`() throws {
        try Store.run { store in
            let refusal = await store.refusal(#"{"count": "three", "prority": "high", "priority": "urgent"}"#)
            let message = try #require(refusal?.message)
            #expect(refusal?.reason == .invalid)
            #expect(message.hasPrefix("the input does not fit order@1.0: "))
            for part in ["orderId", "count", "\"prority\"; did you mean \"priority\"?", "priority"] {
                #expect(message.contains(part), "\(part) is not in: \(message)")
            }
            #expect(try await store.shop.store.journal(after: 0, limit: 1).isEmpty)
        }
    }

    @Test(arguments: [
        (#"{}"#, "orderId"), (#"{"orderId": 7, "count": 1}"#, "orderId"), (#"{"orderId": "A", "count": 1.5}"#, "count"),
        (#"{"orderId": "A", "colour": "red"}"#, "no input \"colour\""), (#"[]"#, "must be an object"),
        (#"{"orderId": null}"#, "orderId"),
    ])
    func `an input that does not fit is refused with its name`(input: String, named: String) throws {
        try Store.run { store in
            let refusal = await store.refusal(input)
            #expect(refusal?.reason == .invalid)
            let message = try #require(refusal?.message)
            #expect(message.contains(named), "\(named) is not in: \(message)")
        }
    }

    @Test func `two running instances have no business key in common, if the contract wants it so`() throws {
        try Store.run { store in
            try await store.config.push(
                ConfigWorld.file(
                    "order.yaml",
                    "kind: workflow\nname: order\nversion: \"2.0\"\nprocess: p\nbusinessKey: unique\ninput: {type: object}\n"
                ),
                ConfigWorld.modelNamed("unique"), ConfigWorld.work)
            func start(_ key: String?, idempotencyKey: String? = nil) async throws -> InstanceID {
                try await store.starts.start(
                    StartService.Request(
                        workflow: "order", version: "2.0", businessKey: key, idempotencyKey: idempotencyKey)
                ).receipt.instance
            }
            let first = try await start("A7", idempotencyKey: "once")
            #expect(try await start("A7", idempotencyKey: "once") == first)
            _ = try await start("A8")
            _ = try await start(nil)
            _ = try await start(nil)
            do {
                _ = try await start("A7")
                Issue.record("the key was taken twice")
            } catch {
                let rejection = try #require(error as? Rejection)
                #expect(rejection.reason == .conflict)
                #expect(rejection.message.contains("'A7'") && rejection.message.contains(first.text))
            }
            _ = try await store.engine.cancel(first, reason: "enough")
            let second = try await start("A7")
            #expect(second != first)
            // A restart has the key of what it takes up.
            let restarts = RestartService(
                engine: store.engine, registry: store.shop.registry, journal: store.shop.store)
            await #expect(throws: Rejection.self) {
                _ = try await restarts.restart(RestartService.Request(instance: first))
            }
            _ = try await store.engine.cancel(second, reason: "enough")
            let third = try await restarts.restart(RestartService.Request(instance: first)).receipt.instance
            #expect(try await store.engine.instance(third)?.businessKey == "A7")
            await #expect(throws: Rejection.self) { _ = try await start("A7") }
        }
    }

    @Test func `words that are too long are told together with what is wrong with the input`() throws {
        try Store.run { store in
            do {
                _ = try await store.starts.start(
                    StartService.Request(
                        workflow: "order", businessKey: "", runAs: "",
                        correlationID: String(repeating: "c", count: 256), priority: 1_000_001))
                Issue.record("it was started")
            } catch {
                let message = (error as? Rejection)?.message ?? "\(error)"
                for part in [
                    "businessKey is empty", "runAs is empty", "correlationId has 256 bytes",
                    "priority is 1000001", "orderId",
                ] {
                    #expect(message.contains(part), "\(message)")
                }
            }
        }
    }

    @Test func `a workflow or version that is not there is refused with what is`() throws {
        try Store.run { store in
            let unknown = await store.refusal("{}", workflow: "ordre")
            #expect(unknown?.reason == .gone)
            #expect(unknown?.message == "no workflow ordre is deployed; did you mean \"order\"?")
            let far = await store.refusal("{}", workflow: "shipping")
            #expect(far?.message == "no workflow shipping is deployed")
            let task = await store.refusal("{}", workflow: "work")
            #expect(task?.reason == .gone)
            let version = await store.refusal("{}", version: "7.0")
            #expect(version?.reason == .gone)
            let message = try #require(version?.message)
            #expect(message == "order has no version 7.0; deployed: 1.0")
        }
    }

    @Test func `latest is the highest version, by number`() throws {
        try Store.run { store in
            for version in ["1.2", "1.9", "1.10"] {
                try await store.config.push(
                    ConfigWorld.order(version), ConfigWorld.modelNamed("step \(version)"), ConfigWorld.work)
            }
            let input = #"{"orderId": "A"}"#
            for wanted in [nil, "latest", "1.10"] {
                #expect(try await store.start(input, version: wanted).version == "1.10")
            }
            for (range, expected) in [("^1.2", "1.10"), (">=1.2 <1.10", "1.9"), ("1.x", "1.10"), ("<1.9", "1.2")] {
                #expect(try await store.start(input, version: range).version == expected)
            }
            #expect(await store.refusal(input, version: "^2")?.message.contains("has no version ^2; deployed") == true)
            #expect(await store.refusal(input, version: "newest")?.reason == .invalid)
            let older = try await store.start(input, version: "1.2")
            #expect(older.definition.version == 2)
            let refusal = await store.refusal(input, version: "1.3")
            #expect(refusal?.message == "order has no version 1.3; deployed: 1.0, 1.2, 1.9, 1.10")
        }
    }

    @Test func `a workflow that was removed is closed for new starts, and its instances go on`() throws {
        try Store.run { store in
            let started = try await store.start(#"{"orderId": "A"}"#)
            try await store.config.push(ConfigWorld.work, prune: true)
            let refusal = await store.refusal(#"{"orderId": "B"}"#)
            #expect(refusal?.reason == .conflict)
            #expect(refusal?.message == "order 1.0 is closed for new starts")
            #expect(try await store.engine.report(try await store.engine.take("work"), .done) == .applied)
            #expect(try await store.shop.end(of: started.receipt.instance) == .completed)
            try await store.config.push(ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work)
            #expect(try await store.start(#"{"orderId": "B"}"#).receipt.new)
        }
    }

    @Test func `an idempotency key starts once, and the repetition is told of the first`() throws {
        try Store.run { store in
            let request = StartService.Request(
                workflow: "order", input: try JSON(text: #"{"orderId": "A"}"#), idempotencyKey: "k")
            let first = try await store.starts.start(request)
            try await store.config.push(
                ConfigWorld.order("1.1"), ConfigWorld.modelNamed("step 1.1"), ConfigWorld.work)
            var again = request
            again.input = try JSON(text: #"{"priority": "normal", "orderId": "A"}"#)
            for repetition in [request, again] {
                let second = try await store.starts.start(repetition)
                #expect(first.receipt.instance == second.receipt.instance)
                #expect(first.receipt.new && !second.receipt.new)
                #expect((second.version, second.definition) == ("1.0", first.definition))
                #expect(second.receipt.position > 0 && second.receipt.position == first.receipt.position)
            }
        }
    }

    @Test func `an idempotency key belongs to its workflow`() throws {
        try Store.run { store in
            try await store.config.push(
                ConfigWorld.order("1.0"), ConfigWorld.model, ConfigWorld.work,
                ConfigWorld.order("1.0", name: "other", process: "q"),
                ConfigService.File(path: "q.bpmn", content: Model.sequence("work", process: "q")))
            let one = try await store.starts.start(
                StartService.Request(
                    workflow: "order", input: try JSON(text: #"{"orderId": "A"}"#), idempotencyKey: "k"))
            let other = try await store.starts.start(
                StartService.Request(
                    workflow: "other", input: try JSON(text: #"{"orderId": "A"}"#), idempotencyKey: "k"))
            #expect(other.receipt.new && other.receipt.instance != one.receipt.instance)
            #expect(other.workflow == "other")
        }
    }

    @Test func `an idempotency key that was used for something else is refused, with its instance`() throws {
        try Store.run { store in
            let request = StartService.Request(
                workflow: "order", input: try JSON(text: #"{"orderId": "A"}"#), businessKey: "b", idempotencyKey: "k")
            let first = try await store.starts.start(request)
            var (input, businessKey, version) = (request, request, request)
            input.input = try JSON(text: #"{"orderId": "B"}"#)
            businessKey.businessKey = nil
            version.version = "2.0"
            for (changed, what) in [(input, "other input"), (businessKey, "another business key"), (version, "1.0")] {
                do {
                    _ = try await store.starts.start(changed)
                    Issue.record("a start with \(what) was answered")
                } catch let refusal as Rejection {
                    #expect(refusal.reason == .conflict)
                    #expect(refusal.message.contains(what), "\(refusal.message)")
                    #expect(refusal.message.contains(first.receipt.instance.text), "\(refusal.message)")
                }
            }
        }
    }

    @Test func `words that are empty or too long are refused, all of them at once`() throws {
        try Store.run { store in
            do {
                _ = try await store.starts.start(
                    StartService.Request(
                        workflow: "order", input: try JSON(text: #"{"orderId": "A"}"#),
                        businessKey: String(repeating: "b", count: 513), idempotencyKey: "",
                        metadata: [Variable(name: "note", value: .string(String(repeating: "x", count: 1025)))]))
                Issue.record("it was started")
            } catch let refusal as Rejection {
                #expect(refusal.reason == .invalid)
                for part in ["businessKey has 513 bytes", "idempotencyKey is empty", "metadata.note"] {
                    #expect(refusal.message.contains(part), "\(part) is not in: \(refusal.message)")
                }
            }
        }
    }
}
