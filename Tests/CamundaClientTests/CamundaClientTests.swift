import CamundaClient
import Contracts
import Delivery
import Logging
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values
import WebServerTesting
import YAMLReader

/// start -> t (media.probe@1) -> end, with a client that works for it over HTTP.
@Suite struct CamundaClientTests {
    private struct World: Sendable {
        let server: TestServer
        let transport: FaultyTransport
        let client: CamundaClient

        static let probe = ContractKey(name: "media.probe", major: 1)

        @discardableResult
        func start(
            variables: [Variable] = [Variable(name: "uri", value: .string("s3://a"))]
        ) async throws -> InstanceID {
            try await server.engine.start(
                Command.Start(
                    definition: DefinitionID(process: "p", version: 1), variables: variables, businessKey: "k"),
                key: nil
            ).instance
        }

        func fetch(wait: Duration = .seconds(60), lease: Duration = .seconds(60)) async throws -> [LeasedTask] {
            try await client.fetch(
                FetchRequest(
                    owner: "broker.0", credits: [(Self.probe, 5)], limit: 10, wait: wait, dispatchLease: lease))
        }

        func take(lease: Duration = .seconds(60)) async throws -> LeasedTask {
            try #require(try await fetch(lease: lease).first)
        }

        func give(_ task: LeasedTask, _ content: TaskReport.Content) async throws -> ReportOutcome {
            try #require(try await client.apply([TaskReport(task.attemptID, content)]).first)
        }

        /// The engine's row, whatever the client calls the task.
        func row(_ task: LeasedTask) async throws -> TaskRow? {
            let own =
                task.id.instance.text.hasPrefix("c7.") ? TaskID(String(task.id.instance.text.dropFirst(3))) : task.id
            return try await server.process.tasks([#require(own)]).first
        }

        func isOver(_ instance: InstanceID) async throws -> Bool {
            try await server.engine.instance(instance)?.isEnded ?? false
        }
    }

    private struct Contracts: ContractSource {
        var catalog = ContractCatalog()
        var policies: [ContractKey: TaskPolicy] {
            [World.probe: TaskPolicy(version: "1.0", maxAttempts: 3, backoff: .seconds(100), heartbeat: .seconds(100))]
        }
        func policyChanges() async -> AsyncStream<[ContractKey: TaskPolicy]> { AsyncStream { $0.yield(policies) } }
    }

    private static let model = Array(
        """
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
          xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">
        <process id="p" isExecutable="true"><startEvent id="s"/>
        <serviceTask id="t" camunda:type="external" camunda:topic="media.probe"><extensionElements><camunda:properties>
        <camunda:property name="team" value="ingest"/></camunda:properties></extensionElements></serviceTask><endEvent id="e"/>
        <sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t" targetRef="e"/>
        </process></definitions>
        """.utf8)

    private static func run(
        posesAsCamunda: Bool = false, catalog: ContractCatalog = ContractCatalog(),
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        try await TestServer.run { server in
            try await server.deploy(model)
            let transport = FaultyTransport(
                CamundaHTTP(url: "http://127.0.0.1:\(server.port)/engine-rest/"), posesAsCamunda: posesAsCamunda)
            let client = CamundaClient(
                transport: transport, contracts: Contracts(catalog: catalog), time: server.time,
                random: SeededRandom(seed: UInt64(server.port)),
                log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await body(World(server: server, transport: transport, client: client))
        }
    }

    @Test(arguments: [false, true])
    func `fetches, completes, and the instance ends`(posesAsCamunda: Bool) async throws {
        try await Self.run(posesAsCamunda: posesAsCamunda) { world in
            let instance = try await world.start()
            let task = try await world.take()
            #expect(task.input.text == #"{"uri":"s3://a"}"#)
            #expect(task.contract == World.probe)
            #expect(task.headers == [Variable(name: "team", value: .string("ingest"))])
            #expect(task.businessKey == "k")
            #expect(task.lease.owner == "broker.0")
            #expect(task.lease.token.hasPrefix("waybill:"))
            let output = try JSON(validating: #"{"n":1,"o":{"a":[1,2.5]},"s":"x","b":true,"z":null}"#)
            #expect(try await world.give(task, .completed(output: output)) == .applied)
            #expect(try await world.isOver(instance))
            let variables = try #require(try await world.server.engine.instance(instance)?.rootVariables)
            #expect(JSON.object(variables.map { ($0.name, $0.value) })["o"]?.text == #"{"a":[1,2.5]}"#)
        }
    }

    /// A real Camunda has neither.
    @Test(arguments: [false, true])
    func `on whose behalf a task is done, and what it belongs to, comes along from a Waybill`(
        posesAsCamunda: Bool
    ) async throws {
        try await Self.run(posesAsCamunda: posesAsCamunda) { world in
            let start = Command.Start(
                definition: DefinitionID(process: "p", version: 1),
                labels: InstanceLabels(runAs: "ada", correlationID: "order-42"))
            _ = try await world.server.engine.start(start, key: nil)
            let task = try await world.take()
            #expect(task.correlationID == (posesAsCamunda ? nil : "order-42"))
            #expect(task.runAs == (posesAsCamunda ? nil : "ada"))
        }
    }

    // MARK: - Contracts

    private static func catalog(_ input: String) throws -> ContractCatalog {
        let text = "kind: task\nname: media.probe\nversion: \"1.1\"\ninput: \(input)\n"
        return try ContractCatalog([Contract(YAMLReader.read(Array(text.utf8), file: "media.probe.yaml"))])
    }

    /// What the engine passes along beside it belongs to others: a task without mappings sees all variables.
    @Test(arguments: [false, true])
    func `an agent gets the inputs of the contract, with its defaults`(posesAsCamunda: Bool) async throws {
        let catalog = try Self.catalog(
            "{type: object, properties: {uri: {type: string}, depth: {type: integer, default: 3}}}")
        try await Self.run(posesAsCamunda: posesAsCamunda, catalog: catalog) { world in
            try await world.start(
                variables: [
                    Variable(name: "uri", value: .string("s3://a")), Variable(name: "other", value: .number(1)),
                ])
            let task = try await world.take()
            #expect(task.input.text == #"{"uri":"s3://a","depth":3}"#)
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
        }
    }

    @Test(arguments: [false, true])
    func `input that does not fit the contract is an incident that says all of it, and no attempt is spent`(
        posesAsCamunda: Bool
    ) async throws {
        let catalog = try Self.catalog(
            "{type: object, required: [uri, size], properties: {uri: {type: integer}, size: {type: integer}}}")
        try await Self.run(posesAsCamunda: posesAsCamunda, catalog: catalog) { world in
            let instance = try await world.start()
            #expect(try await world.fetch(wait: .zero).isEmpty)
            let incidents = try #require(try await world.server.engine.instance(instance)?.openIncidents)
            let message = try #require(incidents.first?.message)
            #expect(incidents.count == 1)
            #expect(message.contains("the input does not fit contract media.probe@1"))
            #expect(message.contains(#"input.uri must be a whole number, not "s3://a""#), "\(message)")
            #expect(message.contains(#"input requires "size""#), "\(message)")
            #expect(world.transport.requests.count { $0.path.hasSuffix("/failure") } == 1)
        }
    }

    @Test func `a date of a Camunda is a date-time of a contract`() async throws {
        let catalog = try Self.catalog("{type: object, properties: {at: {type: string, format: date-time}}}")
        try await Self.run(posesAsCamunda: true, catalog: catalog) { world in
            let tasks = try JSON(
                validating: """
                    [{"id":"1","topicName":"media.probe","activityId":"t","lockExpirationTime":"2026-01-31T12:00:00.000+0000",
                      "variables":{"at":{"type":"Date","value":"2026-01-31T12:00:00.000+0100"}}}]
                    """)
            world.transport.next("fetchAndLock", .answered(CamundaReply(status: 200, isWaybill: false, body: tasks)))
            let task = try await world.take()
            #expect(task.input.text == #"{"at":"2026-01-31T12:00:00.000+01:00"}"#)
        }
    }

    @Test func `an engine that was not told of unfit input gives it again, and is told then`() async throws {
        let catalog = try Self.catalog("{type: object, properties: {uri: {type: integer}}}")
        try await Self.run(catalog: catalog) { world in
            let instance = try await world.start()
            world.transport.next("failure", .lostRequest)
            #expect(try await world.fetch(wait: .zero, lease: .milliseconds(1)).isEmpty)
            // Nothing comes until its lock is over; then it is refused.
            while try await world.server.engine.instance(instance)?.openIncidents.isEmpty ?? false {
                #expect(try await world.fetch(wait: .zero).isEmpty)
            }
            #expect(try await world.server.engine.instance(instance)?.openIncidents.count == 1)
        }
    }

    @Test func `each fetch has a worker id of its own`() async throws {
        try await Self.run { world in
            try await world.start()
            try await world.start()
            let tokens = try await [world.fetch(), world.fetch()].flatMap { $0.map(\.lease.token) }
            let asked = world.transport.requests.compactMap { $0.body?["workerId"]?.stringValue }
            #expect(Set(asked).count == asked.count)
            #expect(Set(tokens).isSubset(of: Set(asked)))
        }
    }

    @Test func `a long poll gets what comes, and ends when its owner leaves`() async throws {
        try await Self.run { world in
            async let polled = world.fetch()
            try await world.start()
            #expect(try await polled.count == 1)
            async let left = world.fetch(wait: .seconds(600))
            // Whether it has begun by then or not, one of these ends it.
            var isOver = false
            while !isOver {
                await world.client.cancelFetches(owner: "broker.0")
                isOver = world.transport.requests.count >= 2
                await Task.yield()
            }
            await world.client.cancelFetches(owner: "broker.0")
            #expect(try await left.isEmpty)
        }
    }

    @Test func `tasks of a fetch whose answer was lost come again when their locks run out`() async throws {
        try await Self.run { world in
            let instance = try await world.start()
            world.transport.next("fetchAndLock", .lostReply)
            await #expect(throws: FaultyTransport.ConnectionLost.self) {
                try await world.fetch(wait: .zero, lease: .milliseconds(1))
            }
            let task = try await world.take()
            #expect(task.retries == 1 || task.retries == 3)
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
            #expect(try await world.isOver(instance))
        }
    }

    @Test(arguments: ["complete", "bpmnError"])
    func `an answer that was lost counts when it is given again`(action: String) async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            let content: TaskReport.Content =
                action == "complete" ? .completed(output: .emptyObject) : .error(BPMNError(code: "X"))
            world.transport.next(action, .lostReply)
            await #expect(throws: FaultyTransport.ConnectionLost.self) { try await world.give(task, content) }
            #expect(try await world.give(task, content) == .applied)
        }
    }

    @Test(arguments: [true, false])
    func `what a kept connection that ended took with it is asked again at once, and counts once`(isDone: Bool)
        async throws
    {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            // The question before a failure is answered; the connection ends after it.
            world.transport.next("failure", .closedConnection(done: isDone))
            let failure = TaskReport.Content.failed(TaskFailure(message: "broken"))
            #expect(try await world.give(task, failure) == .applied)
            #expect(world.transport.requests.count { $0.path.hasSuffix("failure") } == 2)
        }
    }

    @Test func `what was done already, and by another, is gone`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
            // Another delivery of the same result, long after.
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .gone)
        }
    }

    @Test func `a request that never arrived is unknown, and given again it counts once`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            world.transport.next("complete", .lostRequest)
            await #expect(throws: FaultyTransport.ConnectionLost.self) {
                try await world.give(task, .completed(output: .emptyObject))
            }
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
        }
    }

    @Test(arguments: [false, true])
    func `a result of an older attempt is stale`(isFailure: Bool) async throws {
        try await Self.run { world in
            try await world.start()
            let old = try await world.take(lease: .milliseconds(1))
            let new = try await world.take()
            #expect(new.id == old.id)
            #expect(new.lease.attempt > old.lease.attempt)
            let content: TaskReport.Content =
                isFailure ? .failed(TaskFailure(message: "x")) : .completed(output: .emptyObject)
            #expect(try await world.give(old, content) == .stale)
            #expect(try await world.row(new)?.token != nil)
            #expect(try await world.give(new, .completed(output: .emptyObject)) == .applied)
        }
    }

    @Test func `a batch of which one is unknown is answered whole when it is given again`() async throws {
        try await Self.run { world in
            for _ in 1...5 { try await world.start() }
            var tasks: [LeasedTask] = []
            while tasks.count < 5 { tasks += try await world.fetch() }
            let reports = tasks.map { TaskReport($0.attemptID, .completed(output: .emptyObject)) }
            world.transport.next("complete", .lostRequest)
            world.transport.next("complete", .lostReply)
            await #expect(throws: FaultyTransport.ConnectionLost.self) { try await world.client.apply(reports) }
            #expect(try await world.client.apply(reports) == Array(repeating: .applied, count: 5))
        }
    }

    @Test func `a request that the network doubled counts once`() async throws {
        try await Self.run { world in
            let instance = try await world.start()
            let task = try await world.take()
            world.transport.next("complete", .duplicated)
            // The answer to the second copy says that the task is over.
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .gone)
            #expect(try await world.isOver(instance))
        }
    }

    // MARK: - Failures

    @Test func `a Waybill counts the retries of a failure itself`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            #expect(try await world.give(task, .failed(TaskFailure(message: "no disk"))) == .applied)
            let body = try #require(world.transport.requests.last?.body)
            #expect(body["retries"] == nil)
            #expect(try await world.row(task)?.retries == 2)
        }
    }

    @Test func `for a Camunda the policy is computed here`() async throws {
        try await Self.run(posesAsCamunda: true) { world in
            try await world.start()
            let task = try await world.take()
            #expect(try await world.give(task, .failed(TaskFailure(message: "no disk", details: "d"))) == .applied)
            let body = try #require(world.transport.requests.last?.body)
            #expect(body["retries"]?.intValue == 2)
            #expect(body["retryTimeout"]?.intValue == 100_000)
            #expect(body["errorDetails"]?.stringValue == "d")
        }
    }

    @Test(arguments: [Int.min, -1, 0, 1, Int.max])
    func `an engine may say any number of retries`(retries: Int) async throws {
        try await Self.run(posesAsCamunda: true) { world in
            try await world.start()
            let task = try await world.take()
            let row = JSON.object([("topicName", .string("media.probe")), ("retries", .number(retries))])
            world.transport.next(
                "/external-task/\(task.id.instance.text.dropFirst(3))",
                .answered(CamundaReply(status: 200, isWaybill: false, body: row)))
            _ = try? await world.give(task, .failed(TaskFailure(message: "no disk")))
            let failure = try #require(world.transport.requests.first { $0.path.hasSuffix("/failure") })
            #expect(failure.body?["retries"]?.intValue == max(retries, 1) - 1)
        }
    }

    @Test func `a failure that was lost on its way back spends one retry, not two`() async throws {
        try await Self.run(posesAsCamunda: true) { world in
            try await world.start()
            let task = try await world.take()
            world.transport.next("failure", .lostReply)
            let content = TaskReport.Content.failed(TaskFailure(message: "no disk"))
            await #expect(throws: FaultyTransport.ConnectionLost.self) { try await world.give(task, content) }
            #expect(try await world.give(task, content) == .applied)
            #expect(try await world.row(task)?.retries == 2)
        }
    }

    @Test(arguments: [false, true])
    func `a failure that is for good is an incident, and so is what no queue takes`(isUnroutable: Bool) async throws {
        try await Self.run { world in
            let instance = try await world.start()
            let task = try await world.take()
            let content: TaskReport.Content =
                isUnroutable
                ? .unroutable(message: "no queue") : .failed(TaskFailure(message: "broken", retry: false))
            #expect(try await world.give(task, content) == .applied)
            #expect(try await world.server.engine.instance(instance)?.openIncidents.count == 1)
        }
    }

    @Test func `a process that breaks on its result is told so at last, and not asked for ever`() async throws {
        try await Self.run(posesAsCamunda: true) { world in
            try await world.start()
            let task = try await world.take()
            let broken = try CamundaReply(
                status: 500, isWaybill: false,
                body: JSON(validating: #"{"message":"Unknown property used in expression"}"#))
            var outcome: ReportOutcome?
            var tries = 0
            while outcome == nil, tries < 100 {
                tries += 1
                world.transport.next("complete", .answered(broken))
                outcome = try? await world.give(task, .completed(output: .emptyObject))
            }
            #expect(tries == 5)
            guard case .refused(let reason)? = outcome else {
                Issue.record("\(String(describing: outcome))")
                return
            }
            #expect(reason.contains("Unknown property"))
            #expect(try await world.row(task)?.retries == 2)
        }
    }

    @Test(arguments: [401, 403, 429, 502, 503])
    func `an answer that is none is unknown`(status: Int) async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            world.transport.next("complete", .answered(CamundaReply(status: status, isWaybill: false, body: .null)))
            await #expect(throws: CamundaFailure.self) { try await world.give(task, .completed(output: .emptyObject)) }
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
        }
    }

    // MARK: - Locks

    @Test func `a lock is extended by signs of life, and given back with its fence`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take(lease: .seconds(20))
            #expect(try await world.give(task, .started) == .applied)
            let running = try #require(try await world.row(task)?.leaseUntil)
            #expect(running > task.lease.until)
            #expect(try await world.give(task, .progress(0.5, message: nil)) == .applied)
            #expect(try await world.give(task, .released(pause: .zero)) == .applied)
            let again = try await world.take(lease: .milliseconds(1))
            #expect(again.lease.token != task.lease.token)
            #expect(try await world.give(task, .started) == .stale)
        }
    }

    @Test func `an extension that is refused is stale or gone, and the result may still count`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            let expired = try CamundaReply(
                status: 400, isWaybill: false,
                body: JSON(validating: #"{"message":"Cannot extend a lock that expired"}"#))
            world.transport.next("extendLock", .answered(expired))
            #expect(try await world.give(task, .started) == .stale)
            #expect(try await world.give(task, .completed(output: .emptyObject)) == .applied)
            #expect(try await world.give(task, .progress(nil, message: nil)) == .gone)
        }
    }

    @Test func `a mark that is lost hurts nobody`() async throws {
        try await Self.run { world in
            try await world.start()
            let task = try await world.take()
            world.transport.next("extendLock", .lostRequest)
            let until = world.server.time.now.advanced(by: .seconds(600))
            let mark = LeaseMark(
                task: task.id, attempt: task.lease.attempt, token: task.lease.token, change: .queued(until: until))
            await world.client.mark([mark])
            await world.client.mark([mark])
            let lease = try #require(try await world.row(task)?.leaseUntil)
            #expect(lease > task.lease.until)
        }
    }

    @Test func `counts what is due and what is out`() async throws {
        try await Self.run { world in
            for _ in 1...3 { try await world.start() }
            let out = try await world.fetch().count
            #expect(
                try await world.client.backlog() == [ContractBacklog(contract: World.probe, due: 3 - out, out: out)])
        }
    }
}
