import Delivery
import ProcessEngine
import Testing
import Values

struct DeliveryMachineTests {
    private let policy = TaskPolicy(version: "2.1")

    private func connected(_ contracts: [ContractKey] = [transcode]) -> DeliveryMachine {
        var machine = DeliveryMachine()
        machine.busStateChanged(.connected)
        _ = machine.contractsChanged(Dictionary(uniqueKeysWithValues: contracts.map { ($0, policy) }))
        machine.declared(contracts)
        return machine
    }

    private func credit(_ machine: DeliveryMachine, at now: Timestamp = .start) -> Int {
        machine.demand(puller: 0, of: 1, at: now).reduce(0) { $0 + $1.count }
    }

    // MARK: Demand.

    @Test func `nothing is asked for before the queue is there`() {
        var machine = DeliveryMachine()
        machine.busStateChanged(.connected)

        let actions = machine.contractsChanged([transcode: policy])

        #expect(actions == [.declare(BusNames().brokerTopology(contracts: [transcode]), contracts: [transcode])])
        #expect(credit(machine) == 0)
        machine.declared([transcode])
        #expect(credit(machine) == 20)
    }

    @Test(arguments: [BusState.disconnected(reason: ""), .blocked(reason: "memory")])
    func `nothing is asked for while the bus takes nothing`(state: BusState) {
        var machine = connected()

        machine.busStateChanged(state)

        #expect(credit(machine) == 0)
    }

    @Test func `credit is three times what the consumers take at once, at least twenty, less what is out`() {
        var machine = connected()

        _ = machine.inspected(transcode, QueueStatus(messages: 0, consumers: 4))
        #expect(credit(machine) == 3 * 4 * 10)

        _ = machine.resultReceived(
            AgentHello(agent: "a", contract: transcode, prefetch: 2).encoded(names: BusNames()), redelivered: false,
            at: .start)
        #expect(credit(machine) == 3 * 4 * 2)

        machine.backlogCounted([(transcode, 10)])
        #expect(credit(machine) == 14)

        _ = machine.tasksFetched((1...5).map { leasedTask($0) }, at: .start)
        #expect(credit(machine) == 9)
    }

    @Test func `an agent that says hello gets work before the next inspection counts it`() {
        var machine = connected()

        _ = machine.resultReceived(
            AgentHello(agent: "a", contract: transcode, prefetch: 100).encoded(names: BusNames()), redelivered: false,
            at: .start)

        #expect(credit(machine) == 3 * 100)
        _ = machine.inspected(transcode, QueueStatus(messages: 0, consumers: 0))
        #expect(credit(machine) == 20)
    }

    @Test func `an ended attempt gives its credit back, a stale one does not`() {
        var machine = connected()
        _ = machine.tasksFetched([leasedTask(1), leasedTask(2)], at: .start)
        let done = TaskReport(leasedTask(1).attemptID, .completed(output: .emptyObject))

        machine.reportAnswered(.init(report: done, contract: nil), .applied)
        machine.reportAnswered(.init(report: done, contract: nil), .stale)

        #expect(credit(machine) == 19)
        #expect(machine.counters.applied == 1)
        #expect(machine.counters.stale == 1)
    }

    @Test func `a contract's concurrency limits its credit`() {
        var machine = DeliveryMachine()
        machine.busStateChanged(.connected)
        _ = machine.contractsChanged([transcode: TaskPolicy(version: "2.1", concurrency: 3)])
        machine.declared([transcode])

        #expect(credit(machine) == 3)
    }

    @Test func `a queue that is gone is declared again, and nothing is asked for until then`() {
        var machine = connected()

        let actions = machine.inspected(transcode, nil)

        #expect(actions == [.declare(BusNames().brokerTopology(contracts: [transcode]), contracts: [transcode])])
        #expect(credit(machine) == 0)
    }

    @Test(arguments: 1...6, 1...5)
    func `pullers share the contracts, and all credit is asked for exactly once`(pullers: Int, contracts: Int) {
        let keys = (1...contracts).map { ContractKey(name: "c\($0)", major: 1) }
        let machine = connected(keys)

        let demands = (0..<pullers).map { machine.demand(puller: $0, of: pullers, at: .start) }

        #expect(demands.allSatisfy { !$0.isEmpty })
        for key in keys {
            #expect(demands.joined().filter { $0.contract == key }.reduce(0) { $0 + $1.count } == 20)
        }
    }

    // MARK: Publishing.

    @Test func `a fetched task is published with what is left of its queue lease`() throws {
        var machine = connected()

        let actions = machine.tasksFetched([leasedTask(1)], at: .start)

        guard case .publish(let batch, after: .zero, timeout: _) = actions.first else {
            Issue.record("expected a publish, got \(actions)")
            return
        }
        #expect(batch.map(\.message.expirationMilliseconds) == [300_000])
        #expect(batch.map(\.message.type) == ["media.transcode@2.1"])
        #expect(machine.inFlight == 1)
    }

    static let outcomes: [(PublishOutcome, String)] = [
        (.confirmed, "queued"), (.returned(code: 312, text: "NO_ROUTE"), "unroutable"), (.refused, "released"),
        (.unknown, "again"), (.notSent, "again"),
    ]

    @Test(arguments: outcomes.indices)
    func `each answer of the bus has its meaning`(index: Int) {
        let (outcome, expected) = Self.outcomes[index]
        var machine = connected()
        let first = machine.tasksFetched([leasedTask(1)], at: .start)
        let id = leasedTask(1).attemptID

        let actions = machine.publishAnswered([(id, outcome)], at: .at(.seconds(1)))

        #expect(actions.count == 1)
        switch actions.first {
        case .mark(let marks):
            #expect(expected == "queued")
            #expect(marks.map(\.change) == [.queued(until: .at(.seconds(305)))])
        case .report(let reports):
            switch reports.first?.report.content {
            case .released(let pause): #expect(expected == "released" && pause == .seconds(1))
            case .unroutable(let message): #expect(expected == "unroutable" && message.contains("312 NO_ROUTE"))
            default: Issue.record("unexpected \(reports)")
            }
        case .publish(let batch, _, _):
            #expect(expected == "again")
            guard case .publish(let before, _, _) = first.first else { return }
            #expect(batch.map(\.id) == before.map(\.id))
            #expect(batch.map(\.message.body) == before.map(\.message.body))
            #expect(batch.map(\.message.expirationMilliseconds) == [299_000])
        case .declare, nil: Issue.record("unexpected \(actions)")
        }
    }

    @Test func `an unknown outcome is not repeated after the dispatch lease`() {
        var machine = connected()
        _ = machine.tasksFetched([leasedTask(1)], at: .start)

        let actions = machine.publishAnswered([(leasedTask(1).attemptID, .unknown)], at: .at(.seconds(30)))

        #expect(actions.isEmpty)
        #expect(machine.isIdle)
        #expect(machine.counters.abandoned == 1)
    }

    @Test func `a task that came after its lease is not published`() {
        var machine = connected()

        #expect(machine.tasksFetched([leasedTask(1)], at: .at(.seconds(31))).isEmpty)
        #expect(machine.isIdle)
    }

    @Test func `a confirm after the result marks nothing, and an unknown is not repeated`() {
        var machine = connected()
        _ = machine.tasksFetched([leasedTask(1), leasedTask(2)], at: .start)
        for number in [1, 2] {
            let done = TaskReport(leasedTask(number).attemptID, .completed(output: .emptyObject))
            _ = machine.resultReceived(
                done.encoded(for: taskMessage(number), names: BusNames()), redelivered: false, at: .start)
        }

        let actions = machine.publishAnswered(
            [(leasedTask(1).attemptID, .confirmed), (leasedTask(2).attemptID, .unknown)], at: .at(.seconds(1)))

        #expect(actions.isEmpty)
        #expect(machine.isIdle)
    }

    @Test func `refusals halve the credit and double the pause, confirms bring the credit back`() {
        var machine = connected()
        _ = machine.tasksFetched([leasedTask(1), leasedTask(2)], at: .start)
        _ = machine.publishAnswered([1, 2].map { (leasedTask($0).attemptID, .refused) }, at: .start)
        machine.backlogCounted([])

        #expect(credit(machine, at: .at(.milliseconds(999))) == 0)
        #expect(credit(machine, at: .at(.seconds(1))) == 10)

        _ = machine.tasksFetched([leasedTask(3)], at: .at(.seconds(1)))
        let actions = machine.publishAnswered([(leasedTask(3).attemptID, .refused)], at: .at(.seconds(1)))
        let released = TaskReport(leasedTask(3).attemptID, .released(pause: .seconds(2)))
        #expect(actions == [.report([.init(report: released, contract: transcode)])])
        machine.backlogCounted([])
        #expect(credit(machine, at: .at(.seconds(3))) == 5)

        let tasks = (10..<30).map { leasedTask($0) }
        _ = machine.tasksFetched(tasks, at: .at(.seconds(3)))
        _ = machine.publishAnswered(tasks.map { ($0.attemptID, .confirmed) }, at: .at(.seconds(3)))
        machine.backlogCounted([])
        #expect(credit(machine, at: .at(.seconds(3))) == 20)
    }

    @Test func `an input over the cap is an incident, not a message that breaks the connection`() throws {
        var configuration = DeliveryMachine.Configuration()
        configuration.limits.bodyBytes = 50
        var machine = DeliveryMachine(configuration: configuration)
        let input = try json("{\"a\":\"\(String(repeating: "x", count: 50))\"}")

        let actions = machine.tasksFetched([leasedTask(1, input: input)], at: .start)

        guard case .report(let reports) = actions.first, case .unroutable = reports.first?.report.content else {
            Issue.record("unexpected \(actions)")
            return
        }
        #expect(machine.isIdle)
    }

    // MARK: Messages.

    @Test func `a result that cannot be read fails its attempt, or is settled with its problem`() {
        var machine = connected()
        let readable = TaskReport(leasedTask(1).attemptID, .completed(output: .emptyObject))
            .encoded(for: taskMessage(1), names: BusNames()).with(body: "{")

        guard case .report(let report) = machine.resultReceived(readable, redelivered: false, at: .start),
            case .failed = report.report.content
        else {
            Issue.record("expected a failed attempt")
            return
        }
        let nameless = readable.with(header: "waybill-task", nil)
        guard case .settled(let problem?) = machine.resultReceived(nameless, redelivered: true, at: .start) else {
            Issue.record("expected a problem")
            return
        }
        #expect(problem.reason == .missingID)
        #expect(machine.counters.malformed == 2)
        #expect(machine.counters.redelivered == 1)
    }

    @Test func `messages are counted by what they are`() {
        var machine = connected()
        let contents: [TaskReport.Content] = [
            .started, .progress(nil, message: nil), .event(name: "e", payload: .null), .completed(output: .emptyObject),
            .failed(TaskFailure(message: "")), .error(BPMNError(code: "X")),
        ]
        for content in contents {
            let message = TaskReport(leasedTask(1).attemptID, content).encoded(for: taskMessage(1), names: BusNames())
            _ = machine.resultReceived(message, redelivered: false, at: .start)
        }
        let expired = taskMessage(1).onBus.with(
            header: "x-death", .array([.table([.init(name: "reason", value: .string("expired"))])]))
        _ = machine.deadLetterReceived(expired, redelivered: false, at: .start)

        let counters = machine.counters
        #expect([counters.started, counters.progress, counters.events] == [1, 1, 1])
        #expect([counters.completed, counters.failed, counters.errors, counters.expired] == [1, 1, 1, 1])
    }

    // MARK: Properties.

    /// Whatever the bus answers and whenever: every attempt ends in exactly one way, is only published while its lease lasts, and
    /// nothing stays behind.
    @Test(arguments: 0..<100)
    func `every fetched attempt finds one end`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = connected([transcode, probe])
        var now = Timestamp.start
        var open: [DeliveryMachine.Dispatch] = []
        var leases: [AttemptID: Timestamp] = [:]
        var ends: [AttemptID: Int] = [:]
        var next = 1
        let outcomes: [PublishOutcome] = [.confirmed, .returned(code: 312, text: ""), .refused, .unknown, .notSent]

        func perform(_ actions: [DeliveryMachine.Action]) {
            for action in actions {
                switch action {
                case .publish(let batch, after: _, timeout: _):
                    for dispatch in batch where now >= leases[dispatch.id] ?? .start {
                        Issue.record("\(dispatch.id) after its lease")
                    }
                    open += batch
                case .mark(let marks):
                    for mark in marks {
                        ends[AttemptID(task: mark.task, attempt: mark.attempt, token: mark.token), default: 0] += 1
                    }
                case .report(let reports):
                    for report in reports { ends[report.report.attemptID, default: 0] += 1 }
                case .declare: break
                }
            }
        }

        for step in 0..<400 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0..<2000, using: &random)))
            if step < 300, Int.random(in: 0..<3, using: &random) == 0 {
                let tasks = (0..<Int.random(in: 1...10, using: &random)).map { offset in
                    leasedTask(
                        next + offset, contract: offset % 2 == 0 ? transcode : probe,
                        leaseUntil: now.advanced(by: .seconds(30)))
                }
                next += tasks.count
                for task in tasks { leases[task.attemptID] = task.lease.until }
                perform(machine.tasksFetched(tasks, at: now))
            } else if !open.isEmpty {
                let answered = open.remove(at: Int.random(in: 0..<open.count, using: &random))
                let outcome = outcomes[Int.random(in: 0..<outcomes.count, using: &random)]
                perform(machine.publishAnswered([(answered.id, outcome)], at: now))
            }
            if machine.inFlight != open.count { Issue.record("\(machine.inFlight) in flight, \(open.count) open") }
        }
        while let answered = open.popLast() { perform(machine.publishAnswered([(answered.id, .confirmed)], at: now)) }

        #expect(machine.isIdle)
        #expect(ends.values.allSatisfy { $0 == 1 })
        #expect(ends.count + machine.counters.abandoned == leases.count)
        machine.backlogCounted([])
        #expect(credit(machine, at: now.advanced(by: .seconds(3600))) > 0)
    }
}
