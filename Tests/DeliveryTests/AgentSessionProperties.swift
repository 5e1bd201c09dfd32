import Delivery
import ProcessEngine
import Testing
import Values

/// An agent against a bus that does whatever a bus may do: loses connections, redelivers, answers publishes in any order and
/// way; and an engine that gives out new attempts and cancels.
struct AgentSessionProperties {
    @Test(arguments: 0..<150)
    func `no acknowledgement comes before its result, nothing runs twice at once, everything ends`(seed: UInt64) throws
    {
        var world = World(seed: seed)
        for _ in 0..<400 { world.step() }
        try world.heal()

        #expect(world.violations == [])
        #expect(world.queue.isEmpty && world.unacknowledged.isEmpty)
        #expect(world.session.nextWake == nil)
        #expect(world.runs.isEmpty)
    }

    /// The property above must not hold by doing nothing.
    @Test func `the random course meets every case`() throws {
        var seen: [String: Int] = [:]
        for seed in 1000..<1030 as Range<UInt64> {
            var world = World(seed: seed)
            for _ in 0..<400 { world.step() }
            try world.heal()
            seen.merge(world.seen) { $0 + $1 }
        }
        for name in [
            "run", "joined", "acked after confirm", "acked early", "acked as over", "stopped", "requeued",
            "dead-lettered", "connection lost",
            "republished",
        ] {
            #expect(seen[name, default: 0] > 3, "\(name): \(seen)")
        }
    }
}

private struct World {
    var random: SeededGenerator
    var session: AgentSession
    var now = Timestamp.start
    var epoch = 1
    var nextTag: UInt64 = 1
    var nextTask = 1
    var queue: [TaskMessage] = []
    /// By delivery: what was delivered and when, in this epoch.
    var unacknowledged: [(tag: AgentSession.Tag, task: TaskMessage, at: Timestamp)] = []
    var publishes: [(id: AgentSession.PublishID, message: BusMessage)] = []
    var runs: [AttemptID] = []
    var confirmedResults: Set<AttemptID> = []
    /// The newest sign of life that was answered, and whether it was confirmed.
    var signs: [AttemptID: (publish: Int, isConfirmed: Bool)] = [:]
    var canceled: Set<TaskID> = []
    var newest: [TaskID: Int] = [:]
    var violations: [String] = []
    var seen: [String: Int] = [:]
    static let prefetch = 3
    static let consumerTimeout = Duration.seconds(60)

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        session = AgentSession(
            configuration: .init(
                contract: transcode, prefetch: Self.prefetch, consumerTimeout: Self.consumerTimeout, memory: 10_000))
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    private mutating func saw(_ name: String) { seen[name, default: 0] += 1 }

    mutating func step() {
        now = now.advanced(by: .milliseconds(Int64(pick(3000))))
        switch pick(12) {
        case 0: enqueueNew()
        case 1: enqueueAgain()
        case 2, 3, 4: deliver()
        case 5, 6: answerPublish()
        case 7: finishRun()
        case 8: perform(session.tick(at: now))
        case 9 where pick(4) == 0: loseConnection()
        case 10 where pick(3) == 0: cancel()
        case 11: report()
        default: perform(session.tick(at: now))
        }
    }

    private mutating func enqueueNew() {
        queue.append(taskMessage(nextTask, timeout: .seconds(600), heartbeat: pick(2) == 0 ? .seconds(20) : nil))
        newest[queue[queue.count - 1].id.task] = 1
        nextTask += 1
    }

    /// The broker publishes a copy, or the engine gives out a new attempt.
    private mutating func enqueueAgain() {
        guard nextTask > 1 else { return }
        let number = max(1, nextTask - 1 - pick(4))
        let task = taskMessage(number).id.task
        let attempt = newest[task, default: 1] + pick(2)
        newest[task] = attempt
        queue.append(taskMessage(number, attempt: attempt, timeout: .seconds(600), heartbeat: .seconds(20)))
    }

    private mutating func deliver() {
        guard !queue.isEmpty, unacknowledged.count < Self.prefetch else { return }
        let task = queue.remove(at: pick(min(queue.count, 2)))
        let tag = AgentSession.Tag(epoch: epoch, number: nextTag)
        nextTag += 1
        unacknowledged.append((tag, task, now))
        if runs.contains(task.id) { saw("joined") }
        perform(session.deliveryReceived(task.onBus, tag: tag, at: now))
    }

    private mutating func answerPublish() {
        guard !publishes.isEmpty else { return }
        let (id, message) = publishes.remove(at: pick(publishes.count))
        let outcomes: [PublishOutcome] = [
            .confirmed, .confirmed, .confirmed, .unknown, .refused, .notSent, .returned(code: 312, text: ""),
        ]
        let outcome = outcomes[pick(outcomes.count)]
        answer(id, message, outcome)
    }

    private mutating func answer(_ id: AgentSession.PublishID, _ message: BusMessage, _ outcome: PublishOutcome) {
        guard case .report(let report, _)? = try? ResultMessage(decoding: message) else {
            violations.append("published what cannot be read")
            return
        }
        switch report.content {
        case .started, .progress:
            if id.number > signs[report.attemptID]?.publish ?? 0 {
                signs[report.attemptID] = (id.number, outcome == .confirmed)
            }
        case .completed, .failed, .error:
            if outcome == .confirmed { confirmedResults.insert(report.attemptID) } else { saw("republished") }
        case .event, .released, .expired, .unroutable: break
        }
        perform(session.published(id, outcome, at: now))
    }

    private mutating func finishRun() {
        guard !runs.isEmpty else { return }
        let id = runs.remove(at: pick(runs.count))
        let outcomes: [AgentSession.RunOutcome] = [
            .completed(output: .emptyObject), .failed(TaskFailure(message: "x")), .error(BPMNError(code: "X")),
            .stopped,
        ]
        perform(session.runFinished(id, outcomes[pick(outcomes.count)], at: now))
    }

    private mutating func report() {
        guard !runs.isEmpty else { return }
        let id = runs[pick(runs.count)]
        if pick(2) == 0 {
            perform(session.progressMade(id, 0.5, message: nil, at: now))
        } else if let (_, actions) = try? session.eventRaised(id, name: "e", payload: .null, at: now) {
            perform(actions)
        }
    }

    private mutating func loseConnection() {
        saw("connection lost")
        epoch += 1
        queue.insert(contentsOf: unacknowledged.map(\.task), at: 0)
        unacknowledged = []
    }

    private mutating func cancel() {
        guard nextTask > 1 else { return }
        let task = taskMessage(max(1, nextTask - 1 - pick(4))).id.task
        canceled.insert(task)
        perform(session.cancelReceived(CancelMessage(task: task), at: now))
    }

    private mutating func perform(_ actions: [AgentSession.Action]) {
        for action in actions {
            switch action {
            case .run(let task):
                saw("run")
                if runs.contains(where: { $0.task == task.id.task }) {
                    violations.append("\(task.id) runs beside another attempt")
                }
                if confirmedResults.contains(task.id) {
                    violations.append("\(task.id) runs after its result was confirmed")
                }
                runs.append(task.id)
                if runs.count > Self.prefetch { violations.append("\(runs.count) run at once") }
            case .stopRun(let id, _):
                saw("stopped")
                if !runs.contains(id) { violations.append("\(id) was stopped and does not run") }
            case .publish(let id, let message, timeout: _): publishes.append((id, message))
            case .ack(let tags): for tag in tags { acknowledged(tag) }
            case .reject(let tags, let requeue): for tag in tags { rejected(tag, requeue: requeue) }
            case .eventConfirmed, .warn: break
            case .stopConsuming: violations.append("nobody asked it to drain")
            }
        }
    }

    private mutating func take(_ tag: AgentSession.Tag) -> (task: TaskMessage, at: Timestamp)? {
        if tag.epoch < epoch { return nil }
        guard let index = unacknowledged.firstIndex(where: { $0.tag == tag }) else {
            violations.append("tag \(tag.number) was acknowledged twice")
            return nil
        }
        let delivery = unacknowledged.remove(at: index)
        return (delivery.task, delivery.at)
    }

    private mutating func acknowledged(_ tag: AgentSession.Tag) {
        guard let (task, deliveredAt) = take(tag) else { return }
        let isOver = canceled.contains(task.id.task) || newest[task.id.task, default: 0] > task.id.attempt
        let isOld = now >= deliveredAt.advanced(by: Self.consumerTimeout * 4 / 5)
        if confirmedResults.contains(task.id) {
            saw("acked after confirm")
        } else if isOver, !runs.contains(task.id) {
            saw("acked as over")
        } else if isOld, runs.contains(task.id), signs[task.id]?.isConfirmed == true {
            saw("acked early")
        } else {
            violations.append("\(task.id) was acknowledged without a confirmed result")
        }
    }

    private mutating func rejected(_ tag: AgentSession.Tag, requeue: Bool) {
        guard let (task, _) = take(tag) else { return }
        if requeue {
            saw("requeued")
            queue.append(task)
        } else {
            saw("dead-lettered")
            violations.append("\(task.id) was thrown away")
        }
    }

    /// No more faults: everything must come to its end in bounded time.
    mutating func heal() throws {
        for _ in 0..<2000 {
            now = now.advanced(by: .milliseconds(500))
            while let (id, message) = publishes.popLast() { answer(id, message, .confirmed) }
            while let id = runs.popLast() {
                perform(session.runFinished(id, .completed(output: .emptyObject), at: now))
            }
            while !queue.isEmpty, unacknowledged.count < Self.prefetch { deliver() }
            perform(session.tick(at: now))
            // A malformed message among them goes to the dead letters and nowhere else.
            let tag = AgentSession.Tag(epoch: epoch, number: nextTag)
            nextTag += 1
            if session.deliveryReceived(taskMessage(1).onBus.with(body: "?"), tag: tag, at: now).last
                == .reject([tag], requeue: false)
            {
                saw("dead-lettered")
            }
            if queue.isEmpty, unacknowledged.isEmpty, runs.isEmpty, publishes.isEmpty, session.nextWake == nil {
                return
            }
        }
        try #require(
            Bool(false), "it did not come to an end: \(queue.count) queued, \(unacknowledged.count) unacknowledged")
    }
}
