package import Contracts
import Delivery
import Logging
import ProcessEngine
package import Services
import Values

/// That `StoreVerification` finds a damage in a store, and finds nothing in one that was only worked with.
package enum StoreVerificationConformance {
    package typealias Rest = DeploymentStore & ConfigStore & IndexStore

    /// Something that nobody but a damage does to a store.
    package struct Damage: Sendable, CustomStringConvertible {
        package var name: String
        /// Statements that both stores take.
        package var statements: [String]
        /// What it violates, and nothing else.
        package var rules: Set<StoreRule>

        package var description: String { name }

        init(_ name: String, _ rules: Set<StoreRule>, _ statements: String...) {
            self.name = name
            self.rules = rules
            self.statements = statements
        }
    }

    private static let ended = "(SELECT id FROM index_instance WHERE state = 'Completed')"

    package static let damages: [Damage] = [
        Damage(
            "a row of the journal is lost", [.journal],
            "DELETE FROM journal WHERE seq = 1 AND instance IN (SELECT instance FROM timer)"),
        Damage(
            "the last row of the journal is lost", [.tasks, .index],
            "DELETE FROM journal WHERE seq > 1 AND instance IN \(ended)"),
        Damage("a row is left of an instance that is not there", [.journal], "INSERT INTO timer VALUES ('zz', 1, 5)"),
        Damage(
            "a result is applied twice", [.journal, .appliedOnce],
            """
            INSERT INTO journal (position, instance, seq, at, events)
            SELECT position + 1000000000, instance, seq + 1, at, events FROM journal WHERE seq = 2 AND instance IN \(ended)
            """),
        Damage("a definition is lost", [.definition], "DELETE FROM definition WHERE process = 'p'"),
        Damage("a task is lost", [.tasks], "DELETE FROM task"),
        Damage("a task is another", [.tasks], "UPDATE task SET number = number + 50"),
        Damage("a task has other retries", [.tasks], "UPDATE task SET retries = retries + 1"),
        Damage("a task has another contract", [.tasks], "UPDATE task SET contract = 'other@1'"),
        Damage("a task is paused and its instance is not", [.tasks], "UPDATE task SET paused = 1"),
        Damage("a waiting task has a lease", [.leases], "UPDATE task SET phase = 0, lease_until = 1"),
        Damage("a task that is out has no lease", [.leases], "UPDATE task SET phase = 3, lease_until = NULL"),
        Damage(
            "a task stands still without an incident", [.leases],
            "UPDATE task SET phase = 4, lease_until = NULL, token = NULL"),
        Damage("an input is elsewhere", [.inputs], "UPDATE task SET input_offset = input_offset + 1"),
        Damage("an input is outside of its row", [.inputs], "UPDATE task SET input_length = 1000000"),
        Damage("a timer is lost", [.timers], "DELETE FROM timer"),
        Damage("a timer is due at another time", [.timers], "UPDATE timer SET due_at = due_at + 1"),
        Damage("a subscription is lost", [.subscriptions], "DELETE FROM subscription"),
        Damage("a subscription waits for something else", [.subscriptions], "UPDATE subscription SET name = 'other'"),
        Damage(
            "a unique key is free while its instance runs", [.startKeys], "DELETE FROM start_key WHERE key = '=unique'"),
        Damage(
            "a call has made nothing", [.calls], "DELETE FROM start_key WHERE key NOT IN ('=unique', 'one', 'two')",
            "DELETE FROM inbox"),
        Damage(
            "an instance is not in the index", [.index], "DELETE FROM index_instance WHERE state = 'Completed'",
            "UPDATE index_count SET instances = 0 WHERE state = 'Completed'"),
        Damage(
            "the index has another count of tasks", [.index],
            "UPDATE index_instance SET tasks_done = 7 WHERE state = 'Completed'"),
        Damage("the index shows a task in another state", [.index], "UPDATE index_task SET state = 'Incident'"),
        Damage("the index shows another assignee", [.index], "UPDATE index_user_task SET assignee = 'eve'"),
        Damage(
            "the index is ahead of the journal", [.indexPosition],
            "UPDATE index_position SET position = position + 1000"),
        Damage("the index counts wrong", [.indexCounts], "UPDATE index_count SET instances = instances + 1"),
        Damage("a deployed source is another", [.contents], "UPDATE definition SET hash = 'other' WHERE process = 'q'"),
        Damage(
            "an artifact is another", [.contents],
            "UPDATE artifact_content SET content = (SELECT source FROM definition WHERE process = 'q')"),
        Damage("a revision has lost its parent", [.revisions], "UPDATE revision SET parent = NULL"),
    ]

    /// Works with a store as a server does: instances that run, wait, call and have ended, in the index too, and two revisions.
    package static func fill(
        _ store: some ProcessStore, _ rest: some Rest, readModel: @escaping DefinitionRegistry.ModelReader,
        readTree: @escaping DecisionFiles.TreeReader, contract: Contract, hash: StoreVerification.Hash
    ) async throws {
        let clock = TestClock()
        try await deploy(to: rest, contract, hash, at: clock.now)
        let registry = DefinitionRegistry(store: rest, readModel: readModel, readTree: readTree)
        try await registry.refresh()
        let engine = EngineService(
            store: store, registry: registry, time: clock, random: SeededRandom(seed: 1),
            configuration: EngineConfiguration(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            try await work(engine, store, clock)
            group.cancelAll()
        }
        let projector = ProjectorService(
            journal: store, index: rest, time: clock, committed: Signal(), progress: ProjectorProgress(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        while try await projector.projectBatch() {}
    }

    private static func work(_ engine: EngineService, _ store: some ProcessStore, _ clock: TestClock) async throws {
        let short = DefinitionID(process: "q", version: 1)
        _ = try await engine.start(Command.Start(definition: short), key: "one")
        let leased = try await engine.fetch(
            FetchRequest(
                owner: "test", credits: [(ContractKey(name: "work", major: 1), 1)], limit: 1, wait: .zero,
                dispatchLease: .seconds(30)))
        for task in leased {
            _ = try await engine.apply([
                TaskReport(
                    task: task.id, attempt: task.lease.attempt, token: task.lease.token,
                    content: .completed(output: try JSON(validating: "{}")))
            ])
        }
        let long = Command.Start(
            definition: DefinitionID(process: "p", version: 1), businessKey: "b", uniqueKey: "=unique")
        _ = try await engine.start(long, key: "two")
        // The called instance is made by the engine's own loop.
        while try await !store.inbox(at: clock.now.advanced(by: .seconds(3600)), limit: 1).isEmpty {
            clock.advance(to: clock.now.advanced(by: .seconds(1)))
            await Task.yield()
        }
    }

    private static func deploy(
        to store: some Rest, _ contract: Contract, _ hash: StoreVerification.Hash, at now: Timestamp
    ) async throws {
        let processes = [("p", long), ("q", short)].map { name, source in
            Deployment.Process(
                process: name, source: Array(source.utf8), hash: hash(Array(source.utf8)), workflow: nil,
                workflowVersion: nil)
        }
        let deployed = DeployedContract(
            kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
            content: contract.canonical)
        _ = try await store.deploy(Deployment(processes: processes, contracts: [deployed]), at: now)
        for (parent, text) in [(nil, "first"), (1, "second")] {
            let bytes = Array(text.utf8)
            let entry = ArtifactEntry(kind: "task", name: "work", version: "1.0", hash: hash(bytes))
            _ = try await store.push(
                NewRevision(
                    parent: parent, author: "test", message: text, entries: [entry], contents: [(hash(bytes), bytes)]),
                at: now)
        }
    }

    /// start -> fork -> work (a boundary timer), a message, a user task, a call of q -> join -> end
    private static let long = bpmn(
        process: "p",
        """
        <startEvent id="s"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="e"/>
        <serviceTask id="work" waybill:contract="work"/>
        <boundaryEvent id="late" attachedToRef="work">
          <timerEventDefinition><timeDuration>PT10H</timeDuration></timerEventDefinition></boundaryEvent>
        <endEvent id="over"/>
        <intermediateCatchEvent id="paid"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
        <userTask id="look"/>
        <callActivity id="call" calledElement="q"/>
        """,
        [
            ("s", "fork"), ("fork", "work"), ("fork", "paid"), ("fork", "look"), ("fork", "call"), ("work", "join"),
            ("paid", "join"), ("look", "join"), ("call", "join"), ("join", "e"), ("late", "over"),
        ])

    /// start -> work -> end
    private static let short = bpmn(
        process: "q",
        "<startEvent id=\"s\"/><serviceTask id=\"work\" waybill:contract=\"work\"/><endEvent id=\"e\"/>",
        [("s", "work"), ("work", "e")])

    private static func bpmn(process: String, _ body: String, _ flows: [(String, String)]) -> String {
        let flows = flows.map {
            "<sequenceFlow id=\"\($0)-\($1)\" sourceRef=\"\($0)\" targetRef=\"\($1)\"/>"
        }.joined(separator: "\n")
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
              xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t">
            <message id="m" name="paid"/>
            <process id="\(process)" isExecutable="true">
            \(body)
            \(flows)
            </process>
            </definitions>
            """
    }
}
