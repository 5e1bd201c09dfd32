import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// What the engine does with commands and reports.
@Suite struct EngineServiceTests {
    /// start -> first -> second -> end
    private static let twoTasks = Model.sequence("first", "second")

    private func run(_ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void) throws {
        let (first, second) = (try Model.contract("first"), try Model.contract("second"))
        try Workshop.run(Self.twoTasks, first, second, body: body)
    }

    @Test func `a start makes the first task, and completing each in turn ends the instance`() throws {
        try run { shop, engine in
            let start = try await engine.begin()
            #expect(start.new && start.position > 0)
            let first = try await engine.take("first")
            #expect(try await engine.poll("second").isEmpty)
            #expect(try await engine.report(first, .done) == .applied)
            #expect(try await engine.report(try await engine.take("second"), .done) == .applied)
            #expect(try await shop.end(of: start.instance) == .completed)
            #expect(try await engine.instance(start.instance)?.isEnded == true)
            #expect(try await shop.store.nextDue() == nil)
        }
    }

    @Test func `commands that wait together are committed together`() throws {
        try run { shop, engine in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { _ = try await engine.begin() } }
                try await group.waitForAll()
            }
            let counts = shop.store.transitionCounts
            #expect(counts.reduce(0, +) == 100)
            #expect(counts.count < 10)
            let reports = try await engine.poll("first", credit: 100, limit: 100).map {
                TaskReport($0.attemptID, .done)
            }
            let before = engine.counters.commits.count
            #expect(try await engine.apply(reports) == Array(repeating: .applied, count: 100))
            #expect(engine.counters.commits.count == before + 1)
        }
    }

    @Test func `answers reports in the order in which they were given`() throws {
        try run { _, engine in
            _ = try await engine.begin()
            let task = try await engine.take("first")
            var stranger = task.attemptID
            stranger.task = TaskID(instance: InstanceID("nobody"), number: 1)
            let reports = [
                TaskReport(stranger, .done), TaskReport(task.attemptID, .progress(0.5, message: nil)),
                TaskReport(task.attemptID, .event(name: "warning", payload: .null)),
                TaskReport(task.attemptID, .done), TaskReport(task.attemptID, .done),
            ]
            // Marks come after the transitions of their commit: the task is over by then.
            #expect(try await engine.apply(reports) == [.gone, .stale, .applied, .applied, .gone])
            #expect(try await engine.apply([]) == [])
        }
    }

    @Test func `a result without the fence of its attempt is stale`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            var task = try await engine.take("first")
            let token = task.lease.token
            task.lease.token = "guessed"
            #expect(try await engine.report(task, .done) == .stale)
            (task.lease.token, task.lease.attempt) = (token, 2)
            for content in [TaskReport.Content.done, .broken, .error(BPMNError(code: "E")), .started] {
                #expect(try await engine.report(task, content) == .stale)
            }
            #expect(try await shop.tally(of: instance) == (0, 0))
            task.lease.attempt = 1
            #expect(try await engine.report(task, .done) == .applied)
        }
    }

    @Test func `a result of a task that is over, or never was, is of no task`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let first = try await engine.take("first")
            #expect(try await engine.report(first, .done) == .applied)
            #expect(try await engine.report(first, .done) == .gone)
            let second = try await engine.take("second")
            _ = try await engine.cancel(instance, reason: "not wanted")
            for content in [TaskReport.Content.done, .broken, .error(BPMNError(code: "E"))] {
                #expect(try await engine.report(second, content) == .gone)
            }
            #expect(try await shop.tally(of: instance) == (1, 0))
        }
    }

    @Test func `a failure that is told twice spends one retry`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            let report = TaskReport(task.attemptID, .broken)
            #expect(try await engine.apply([report, report, report]) == [.applied, .stale, .stale])
            #expect(try await engine.apply([report]) == [.stale])
            #expect(try await shop.tally(of: instance) == (0, 1))
            #expect(try await shop.row(task.id)?.retries == 2)
        }
    }

    @Test func `an output that does not fit its contract spends one retry, however often it is told`() throws {
        let strict = try Model.contract("first", "output: {type: object, required: [size]}")
        try Workshop.run(Self.twoTasks, strict, try Model.contract("second")) { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            let report = TaskReport(task.attemptID, .done)
            #expect(try await engine.apply([report, report]) == [.applied, .stale])
            #expect(try await shop.tally(of: instance) == (0, 1))
            #expect(try await shop.row(task.id)?.error?.contains("size") == true)
        }
    }

    @Test func `of the results of two attempts that come together the newer counts`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let old = try await engine.take("first")
            await shop.simulation.pass(.seconds(31))
            let new = try await engine.take("first")
            #expect((old.lease.attempt, new.lease.attempt) == (1, 2))
            let reports = [old, new, new].map { TaskReport($0.attemptID, .done) }
            #expect(try await engine.apply(reports) == [.stale, .applied, .gone])
            #expect(try await shop.tally(of: instance) == (1, 0))
        }
    }

    @Test func `a failure voids what its attempt says later, in the same commit too`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            let reports = [TaskReport(task.attemptID, .broken), TaskReport(task.attemptID, .done)]
            #expect(try await engine.apply(reports) == [.applied, .stale])
            #expect(try await shop.tally(of: instance) == (0, 1))
        }
    }

    @Test func `events of a running attempt are recorded`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            let payload = try JSON(text: #"{"text":"slow"}"#)
            #expect(try await engine.report(task, .event(name: "warning", payload: payload)) == .applied)
            let recorded = try await shop.events(of: instance).last
            #expect(recorded == .taskEventRecorded(task: 1, name: "warning", payload: payload))
            #expect(try await engine.report(task, .done) == .applied)
        }
    }

    @Test func `an idempotency key makes one instance, however often it is used`() throws {
        try run { shop, engine in
            let first = try await engine.begin(key: "order-1")
            let again = try await engine.begin(key: "order-1")
            #expect(again.instance == first.instance && !again.new)
            async let one = engine.begin(key: "order-2")
            async let two = engine.begin(key: "order-2")
            async let three = engine.begin(key: "order-3")
            let (a, b, c) = try await (one, two, three)
            #expect(a.instance == b.instance && a.new != b.new && c.new)
            #expect(try await engine.poll("first", credit: 10).count == 3)
            #expect(engine.counters.started.count == 3)
        }
    }

    @Test func `a cancel tells the agents of every open task, and leaves nothing behind`() throws {
        let (left, right) = (try Model.contract("left"), try Model.contract("right"))
        try Workshop.run(Model.parallel("left", "right"), left, right) { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("left")
            let position = try await engine.cancel(instance, reason: "not wanted")
            #expect(position > 0)
            let messages = try await shop.store.outbox(limit: 10).map(\.content)
            #expect(messages.map(\.routingKey) == ["cancel.left", "cancel.right"])
            #expect(messages.allSatisfy { $0.exchange == "waybill.control" && $0.type == "cancel" })
            #expect(messages[0].body == JSON.object([("task", .string(task.id.description))]).bytes)
            #expect(try await shop.end(of: instance) == .canceled(reason: "not wanted"))
            #expect(try await shop.store.nextDue() == nil)
            let rejection = await #expect(throws: Rejection.self) { try await engine.cancel(instance, reason: "again") }
            #expect(rejection?.reason == .gone)
        }
    }

    @Test func `attempts used up make an incident, and its retry makes the task due again`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("first")
            #expect(try await engine.report(task, .failed(TaskFailure(message: "no disk", retry: false))) == .applied)
            #expect(try await shop.row(task.id)?.phase == .suspended)
            let incident = try #require(try await engine.instance(instance)?.openIncidents.first)
            #expect(incident.kind == .taskFailed && incident.message == "no disk")
            #expect(try await engine.poll("first").isEmpty)
            _ = try await engine.retry(instance, incident: nil, retries: 5)
            let again = try await engine.take("first")
            #expect(again.lease.attempt == 2 && again.retries == 5)
            #expect(try await engine.report(again, .done) == .applied)
            let rejection = await #expect(throws: Rejection.self) {
                try await engine.retry(instance, incident: nil, retries: nil)
            }
            #expect(rejection?.reason == .conflict)
        }
    }

    @Test func `what is not there is refused with what is missing`() throws {
        try run { _, engine in
            let nobody = InstanceID("nobody")
            let rejections = [
                await #expect(throws: Rejection.self) { try await engine.begin("q") },
                await #expect(throws: Rejection.self) { try await engine.cancel(nobody, reason: "") },
                await #expect(throws: Rejection.self) { try await engine.retry(nobody, incident: nil, retries: nil) },
                await #expect(throws: Rejection.self) { try await engine.setVariables([], of: nobody) },
            ]
            #expect(rejections.map { $0?.reason } == Array(repeating: .gone, count: 4))
            #expect(rejections[0]?.message == "the process q:1 is not deployed")
            #expect(rejections[1]?.message == "there is no instance nobody")
            let state = try await engine.instance(nobody)
            #expect(state == nil)
        }
    }

    @Test func `variables can be set from outside`() throws {
        try run { _, engine in
            let instance = try await engine.begin().instance
            _ = try await engine.setVariables([Variable(name: "size", value: .number(7))], of: instance)
            #expect(try await engine.instance(instance)?.rootVariable("size") == .number(7))
        }
    }
}
