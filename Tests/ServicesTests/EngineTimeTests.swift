import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// What falls due by itself: leases, back-offs and timers.
@Suite struct EngineTimeTests {
    /// Runs `work@1` alone in a process: heartbeat 10 s, so a running lease of 30 s; back-off 10 s, then 20 s.
    private func run(_ body: @escaping @Sendable (Workshop, EngineService) async throws -> Void) throws {
        try Workshop.run(Model.sequence("work"), try Model.contract("work", "heartbeat: PT10S"), body: body)
    }

    @Test func `a running attempt that goes silent is a failed one, with a retry after the back-off`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            #expect(try await engine.report(task, .started) == .applied)
            await shop.simulation.pass(.seconds(29))
            #expect(try await shop.tally(of: instance) == (0, 0))
            await shop.simulation.pass(.seconds(2))
            #expect(try await shop.tally(of: instance) == (0, 1))
            #expect(engine.counters.leasesLost.count == 1)
            let row = try #require(try await shop.row(task.id))
            #expect(row.phase == .waiting && row.retries == 2)
            #expect(row.error?.contains("went silent") == true)
            await shop.simulation.pass(.seconds(8))
            #expect(try await engine.poll("work").isEmpty)
            await shop.simulation.pass(.seconds(2))
            #expect(try await engine.take("work").lease.attempt == 2)
        }
    }

    @Test func `signs of life keep a running attempt, up to the timeout of its contract`() throws {
        let contract = try Model.contract("work", "heartbeat: PT10S\ntimeout: PT1M")
        try Workshop.run(Model.sequence("work"), contract) { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            #expect(try await engine.report(task, .started) == .applied)
            for beat in 1...2 {
                await shop.simulation.pass(.seconds(20))
                let progress = TaskReport.Content.progress(Double(beat) / 4, message: "step \(beat)")
                #expect(try await engine.report(task, progress) == .applied)
            }
            let row = try #require(try await shop.row(task.id))
            #expect(row.phase == .running && row.progress == 0.5 && row.progressMessage == "step 2")
            #expect(row.startedAt.map { row.leaseUntil?.duration(since: $0) } == .seconds(60))
            await shop.simulation.pass(.seconds(18))
            #expect(try await shop.tally(of: instance) == (0, 0))
            await shop.simulation.pass(.seconds(4))
            #expect(try await shop.tally(of: instance) == (0, 1))
        }
    }

    @Test func `a late result of a lost attempt counts until the next one begins`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            _ = try await engine.report(task, .started)
            await shop.simulation.pass(.seconds(31))
            // The failure was counted already.
            #expect(try await engine.report(task, .broken) == .stale)
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await shop.tally(of: instance) == (1, 1))
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `a late result of a lost attempt is stale once the next one has begun`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let lost = try await engine.take("work")
            _ = try await engine.report(lost, .started)
            await shop.simulation.pass(.seconds(41))
            let next = try await engine.take("work")
            #expect(try await engine.report(lost, .done) == .stale)
            #expect(try await engine.report(lost, .progress(nil, message: nil)) == .stale)
            #expect(try await engine.report(next, .done) == .applied)
            #expect(try await shop.tally(of: instance) == (1, 1))
        }
    }

    @Test func `a late result solves the incident of its task`() throws {
        let contract = try Model.contract("work", "heartbeat: PT10S\nretry: {maxAttempts: 1}")
        try Workshop.run(Model.sequence("work"), contract) { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            _ = try await engine.report(task, .started)
            await shop.simulation.pass(.seconds(31))
            #expect(try await engine.instance(instance)?.openIncidents.count == 1)
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `a sign of life that comes with the end of the lease keeps the attempt, and its result counts`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            _ = try await engine.report(task, .started)
            let lease = try #require(try await shop.row(task.id)?.leaseUntil)
            // Between the look of the reaper and its commit the agent speaks, and finishes.
            shop.store.beforeNextCommit {
                let mark = LeaseMark(
                    task: task.id, attempt: 1, token: task.lease.token,
                    change: .heartbeat(until: lease.advanced(by: .seconds(30)), progress: nil, message: nil))
                _ = try await shop.store.inner.commit([], marks: [mark])
            }
            await shop.simulation.pass(.seconds(31))
            #expect(try await shop.tally(of: instance) == (0, 0))
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await shop.tally(of: instance) == (1, 0))
        }
    }

    @Test func `a task that nobody could be given is due again, and no retry is spent`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let dispatched = try await engine.take("work")
            await shop.simulation.pass(.seconds(29))
            #expect(try await engine.poll("work").isEmpty)
            await shop.simulation.pass(.seconds(2))
            let queued = try await engine.take("work")
            await engine.mark([queuedMark(of: queued, at: shop.simulation.clock.now)])
            await shop.simulation.pass(.seconds(299))
            #expect(try await engine.poll("work").isEmpty)
            await shop.simulation.pass(.seconds(2))
            let third = try await engine.take("work")
            #expect(third.lease.attempt == 3 && third.retries == 3)
            #expect(try await engine.report(dispatched, .done) == .stale)
            #expect(try await engine.report(queued, .done) == .stale)
            #expect(try await engine.report(third, .done) == .applied)
            #expect(try await shop.tally(of: instance) == (1, 0))
        }
    }

    @Test func `an expired lease alone does not reject a result`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            await shop.simulation.pass(.seconds(600))
            #expect(try await engine.report(task, .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `attempts that are lost one after the other end in an incident`() throws {
        try run { shop, engine in
            let instance = try await engine.begin().instance
            for attempt in 1...3 {
                let task = try await engine.take("work")
                #expect(task.lease.attempt == attempt && task.retries == 4 - attempt)
                _ = try await engine.report(task, .started)
                await shop.simulation.pass(.seconds(61))
            }
            let state = try #require(try await engine.instance(instance))
            #expect(state.openIncidents.map(\.kind) == [.taskFailed])
            #expect(try await shop.tally(of: instance) == (0, 3))
            #expect(try await engine.poll("work").isEmpty)
            _ = try await engine.retry(instance, incident: nil, retries: nil)
            #expect(try await engine.take("work").retries == 3)
        }
    }

    @Test func `an agent may ask for more time than the back-off`() throws {
        try run { shop, engine in
            _ = try await engine.begin()
            let task = try await engine.take("work")
            _ = try await engine.report(task, .failed(TaskFailure(message: "busy", retryAfter: .seconds(60))))
            await shop.simulation.pass(.seconds(59))
            #expect(try await engine.poll("work").isEmpty)
            await shop.simulation.pass(.seconds(2))
            #expect(try await engine.take("work").lease.attempt == 2)
        }
    }

    @Test func `a task that the bus gave back is due after its pause, without a retry spent, and its fence is void`()
        throws
    {
        try run { shop, engine in
            _ = try await engine.begin()
            let task = try await engine.take("work")
            #expect(try await engine.report(task, .released(pause: .seconds(5))) == .applied)
            #expect(try await engine.report(task, .done) == .stale)
            async let poll = engine.poll("work", wait: .seconds(20))
            await shop.simulation.pass(.milliseconds(5100))
            let again = try await poll
            #expect(again.first?.lease.attempt == 2 && again.first?.retries == 3)
        }
    }

    @Test func `confirm marks that are no longer young ride with a commit, at latest when their time has come`() throws
    {
        try run { shop, engine in
            _ = try await engine.begin()
            let task = try await engine.take("work")
            await engine.mark([queuedMark(of: task, at: shop.simulation.clock.now)])
            await shop.simulation.pass(.seconds(4))
            #expect(try await shop.row(task.id)?.phase == .dispatched)
            await shop.simulation.pass(.seconds(1))
            #expect(try await shop.row(task.id)?.phase == .queued)

            let second = try await engine.begin().instance
            let other = try await engine.take("work")
            await engine.mark([queuedMark(of: other, at: shop.simulation.clock.now)])
            _ = try await engine.setVariables([Variable(name: "a", value: .null)], of: second)
            #expect(try await shop.row(other.id)?.phase == .dispatched)
            await shop.simulation.pass(.milliseconds(2500))
            _ = try await engine.setVariables([Variable(name: "a", value: .null)], of: second)
            #expect(try await shop.row(other.id)?.phase == .queued)
        }
    }

    @Test func `a confirm mark is not needed when the result came first, but that of a newer attempt is`() throws {
        try run { shop, engine in
            _ = try await engine.begin()
            let old = try await engine.take("work")
            await shop.simulation.pass(.seconds(31))
            let new = try await engine.take("work")
            await engine.mark([queuedMark(of: new, at: shop.simulation.clock.now)])
            #expect(try await engine.report(old, .done) == .stale)
            await shop.simulation.pass(.milliseconds(5100))
            #expect(try await shop.row(new.id)?.phase == .queued)

            _ = try await engine.begin()
            let quick = try await engine.take("work")
            await engine.mark([queuedMark(of: quick, at: shop.simulation.clock.now)])
            #expect(try await engine.report(quick, .done) == .applied)
            await shop.simulation.pass(.seconds(10))
            #expect(shop.store.marks.map(\.task) == [new.id])
        }
    }

    @Test func `an engine without work comes to rest`() throws {
        try run { shop, _ in
            let before = shop.store.lookCount
            await shop.simulation.pass(.seconds(600))
            // Once a second, for the work of other processes.
            #expect((600...601).contains(shop.store.lookCount - before))
            #expect(shop.store.claimCount == 0)
            #expect(shop.store.transitionCounts.isEmpty)
            // What falls due, and the inbox.
            #expect(shop.simulation.clock.sleeperCount == 2)
        }
    }

    @Test func `a backlog that nobody asks for does not keep the engine busy`() throws {
        try run { shop, engine in
            for _ in 0..<5 { _ = try await engine.begin() }
            await shop.simulation.settle()
            let before = shop.store.lookCount
            async let poll = engine.poll("other", wait: .seconds(50))
            await shop.simulation.pass(.seconds(60))
            #expect(try await poll.isEmpty)
            #expect(shop.store.lookCount - before <= 62)
            #expect(shop.store.claimCount <= 62)
        }
    }

    @Test func `a back-off ends on time whatever else is due`() throws {
        try run { shop, engine in
            for _ in 0..<5 { _ = try await engine.begin() }
            let task = try await engine.take("work")
            await shop.simulation.pass(.milliseconds(300))
            _ = try await engine.report(task, .failed(TaskFailure(message: "busy", retryAfter: .milliseconds(12_345))))
            #expect(try await engine.poll("work").count == 4)
            async let poll = engine.poll("work", wait: .seconds(60))
            await shop.simulation.pass(.milliseconds(12_344))
            #expect(try await shop.row(task.id)?.phase == .waiting)
            await shop.simulation.pass(.milliseconds(1))
            #expect(try await shop.row(task.id)?.phase == .dispatched)
            #expect(try await poll.first?.id == task.id)
        }
    }

    private func queuedMark(of task: LeasedTask, at now: Timestamp) -> LeaseMark {
        LeaseMark(
            task: task.id, attempt: task.lease.attempt, token: task.lease.token,
            change: .queued(until: now.advanced(by: .seconds(300))))
    }
}

/// Timers of the model.
@Suite struct EngineTimerTests {
    private static func timer(_ duration: String) -> String {
        "<timerEventDefinition><timeDuration>\(duration)</timeDuration></timerEventDefinition>"
    }

    /// start -> work -> end
    ///          (12.345 s) -> end
    @Test func `a timer fires on time whatever else is due`() throws {
        let model = Model.bpmn(
            "<startEvent id=\"start\"/>" + Model.task("t", "work")
                + "<boundaryEvent id=\"limit\" attachedToRef=\"t\">\(Self.timer("PT12.345S"))</boundaryEvent>"
                + "<endEvent id=\"end\"/>" + Model.chain("start", "t", "end") + Model.chain("limit", "end"))
        try Workshop.run(model, try Model.contract("work")) { shop, engine in
            let instance = try await engine.begin().instance
            await shop.simulation.pass(.milliseconds(12_344))
            #expect(try await shop.end(of: instance) == nil)
            await shop.simulation.pass(.milliseconds(1))
            let end = try await shop.end(of: instance)
            #expect(end == .completed)
        }
    }

    /// start -> wait 10 s -> work -> end
    @Test func `an intermediate timer holds its token until it is due`() throws {
        let model = Model.bpmn(
            "<startEvent id=\"start\"/><intermediateCatchEvent id=\"wait\">\(Self.timer("PT10S"))</intermediateCatchEvent>"
                + Model.task("t", "work") + "<endEvent id=\"end\"/>" + Model.chain("start", "wait", "t", "end"))
        try Workshop.run(model, try Model.contract("work")) { shop, engine in
            _ = try await engine.begin()
            async let poll = engine.poll("work", wait: .seconds(60))
            await shop.simulation.pass(.seconds(9))
            #expect(try await shop.store.backlog(at: shop.simulation.clock.now).isEmpty)
            await shop.simulation.pass(.seconds(1))
            // The commit of the timer gave the task to the poll that waits.
            #expect(try await shop.store.backlog(at: shop.simulation.clock.now).first?.out == 1)
            #expect(try await poll.count == 1)
            #expect(try await shop.store.dueTimers(at: .init(millisecondsSinceEpoch: .max), limit: 10).isEmpty)
        }
    }

    /// start -> work -> end
    ///          (10 s) -> late -> end
    @Test func `a boundary timer takes the task away, and its result is of no task`() throws {
        let model = Model.bpmn(
            "<startEvent id=\"start\"/>" + Model.task("t", "work") + Model.task("u", "late")
                + "<boundaryEvent id=\"limit\" attachedToRef=\"t\">\(Self.timer("PT10S"))</boundaryEvent>"
                + "<endEvent id=\"end\"/>" + Model.chain("start", "t", "end") + Model.chain("limit", "u", "end"))
        try Workshop.run(model, try Model.contract("work"), try Model.contract("late")) { shop, engine in
            let instance = try await engine.begin().instance
            let task = try await engine.take("work")
            await shop.simulation.pass(.seconds(11))
            #expect(try await engine.report(task, .done) == .gone)
            #expect(try await shop.store.outbox(limit: 10).map(\.content.routingKey) == ["cancel.work"])
            #expect(try await engine.report(try await engine.take("late"), .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
        }
    }

    @Test func `a task that ends in time takes its boundary timer with it`() throws {
        let model = Model.bpmn(
            "<startEvent id=\"start\"/>" + Model.task("t", "work")
                + "<boundaryEvent id=\"limit\" attachedToRef=\"t\">\(Self.timer("PT10S"))</boundaryEvent>"
                + "<endEvent id=\"end\"/><endEvent id=\"late\"/>" + Model.chain("start", "t", "end")
                + Model.chain("limit", "late"))
        try Workshop.run(model, try Model.contract("work")) { shop, engine in
            let instance = try await engine.begin().instance
            #expect(try await shop.store.nextDue() != nil)
            #expect(try await engine.report(try await engine.take("work"), .done) == .applied)
            #expect(try await shop.end(of: instance) == .completed)
            #expect(try await shop.store.nextDue() == nil)
        }
    }
}
