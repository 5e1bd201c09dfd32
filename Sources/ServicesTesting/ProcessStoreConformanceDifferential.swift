import Delivery
import ProcessEngine
package import Services
import Values

/// Gives two stores the same random work and requires the same answers. The seed decides the work, so that a failure
/// repeats.
///
/// The work is that of an engine and its brokers gone wild: right, stale, doubled and expired commands in any order.
package struct ProcessStoreDifferential {
    private let left: any ProcessStore
    private let right: any ProcessStore
    private let random: SeededRandom
    private let seed: UInt64

    private var now: Int64 = 0
    private var step = 0
    private var lastSeq: [Int: Int] = [:]
    private var lastTask: [Int: Int] = [:]
    /// Attempts ever given, newest last.
    private var attempts: [(task: TaskID, attempt: Int, token: String)] = []

    private static let instances = 6
    private static let contracts = (0..<3).map { ContractKey(name: "contract\($0)", major: 1) }

    package init(_ left: any ProcessStore, _ right: any ProcessStore, seed: UInt64) {
        self.left = left
        self.right = right
        self.seed = seed
        random = SeededRandom(seed: seed)
    }

    package mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            step += 1
            now += Int64(random.below(4))
            switch random.below(10) {
            case 0..<5: try await commit()
            case 5..<8: try await claim()
            default: try await removeFromOutbox()
            }
            try await compareReads()
        }
    }

    private func same<Answer: Equatable>(_ what: String, _ leftAnswer: Answer, _ rightAnswer: Answer) throws {
        guard leftAnswer != rightAnswer else { return }
        throw StoreConformanceFailure(
            description: "seed \(seed), step \(step), \(what): \(leftAnswer) and \(rightAnswer)")
    }

    // MARK: What is done

    private mutating func commit() async throws {
        let transitions = (0..<random.below(4)).map { _ in randomTransition() }
        let marks = (0..<random.below(4)).compactMap { _ in randomMark() }
        let leftReceipt = try await left.commit(transitions, marks: marks)
        let rightReceipt = try await right.commit(transitions, marks: marks)
        try same("marks \(marks)", leftReceipt.markOutcomes, rightReceipt.markOutcomes)
        try same(
            "transitions \(transitions)", leftReceipt.outcomes.map(withoutPosition),
            rightReceipt.outcomes.map(withoutPosition))
        for (transition, outcome) in zip(transitions, leftReceipt.outcomes) where outcome.isCommitted {
            guard let instance = Int(transition.instance.text) else { continue }
            lastSeq[instance] = transition.seq
            for case .create(let task) in transition.tasks {
                guard let lease = task.lease else { continue }
                attempts.append(
                    (TaskID(instance: transition.instance, number: task.number), lease.attempt, lease.token))
            }
        }
    }

    /// Stores may give positions as they like.
    private func withoutPosition(_ outcome: CommitReceipt.Outcome) -> CommitReceipt.Outcome {
        switch outcome {
        case .committed: .committed(position: 0)
        case .conflict, .fenceLost, .keyTaken, .uniqueKeyTaken, .consumed: outcome
        }
    }

    private mutating func randomTransition() -> Transition {
        let instance = random.below(Self.instances)
        let next = lastSeq[instance, default: 0] + 1
        var transition = Transition(
            instance: InstanceID("\(instance)"), seq: random.chance(90) ? next : random.below(next + 2), at: at(now),
            events: Array("[\(step),\(random.below(1_000))]".utf8))
        if random.chance(50), let held = randomAttempt() {
            transition.fences = [
                Fence(
                    task: held.task, attempt: held.attempt, token: held.token, mustBeOut: random.chance(40),
                    expiredAt: random.chance(30) ? at(now - Int64(random.below(5))) : nil)
            ]
        }
        for _ in 0..<random.below(4) { transition.tasks.append(randomChange(of: instance, transition.events.count)) }
        for _ in 0..<random.below(2) {
            let number = 1 + random.below(4)
            transition.timers.append(
                random.chance(60)
                    ? .schedule(number: number, dueAt: at(now + Int64(random.below(12)))) : .remove(number: number))
        }
        if random.chance(20) {
            transition.outbox = [
                OutboxMessage.Content(exchange: "e", routingKey: "\(step)", type: "t", body: transition.events)
            ]
        }
        if random.chance(15) { transition.pauses = random.chance(60) }
        if random.chance(10) { transition.startKey = "key\(random.below(8))" }
        return transition
    }

    private mutating func randomChange(of instance: Int, _ eventsCount: Int) -> TaskChange {
        let known = lastTask[instance, default: 0]
        if known == 0 || random.chance(50) {
            // A number is used once even if the transition that has it is refused.
            lastTask[instance] = known + 1
            let lease =
                random.chance(30)
                ? TaskLease(owner: "poll", attempt: 1, token: token(), until: at(now + Int64(random.below(8)))) : nil
            var new = NewTask(
                number: known + 1, element: ElementID("e\(random.below(9))"), contract: randomContract(),
                priority: random.below(3), retries: random.below(4), availableAt: at(now + Int64(random.below(6)) - 1),
                definition: DefinitionID(process: "p", version: 1), businessKey: random.chance(50) ? "k" : nil,
                inputRange: 0..<eventsCount, lease: lease)
            new.isPaused = random.chance(10)
            return .create(new)
        }
        let number = 1 + random.below(known)
        switch random.below(4) {
        case 0, 1: return .remove(number: number)
        case 2:
            return .reschedule(
                number: number, retries: random.below(4), dueAt: at(now + Int64(random.below(6))),
                error: random.chance(50) ? "failed" : nil, keepToken: random.chance(50))
        default: return .suspend(number: number, retries: 0, error: "stuck", keepToken: random.chance(50))
        }
    }

    private func randomMark() -> LeaseMark? {
        guard let held = randomAttempt() else { return nil }
        let until = at(now + Int64(random.below(10)) - 2)
        let change: LeaseMark.Change =
            switch random.below(4) {
            case 0: .queued(until: until)
            case 1: .started(at: at(now), until: until)
            case 2:
                .heartbeat(
                    until: until, progress: random.chance(50) ? Double(random.below(5)) / 4 : nil,
                    message: random.chance(50) ? "m\(step)" : nil)
            default: .released(dueAt: until)
            }
        return LeaseMark(
            task: held.task, attempt: held.attempt + (random.chance(5) ? 1 : 0),
            token: random.chance(95) ? held.token : "wrong",
            change: change)
    }

    private mutating func claim() async throws {
        let limit = random.below(6)
        let credits = Self.contracts.filter { _ in random.chance(70) }.map { contract in
            ClaimRequest.Credit(
                contract: contract, count: random.below(5), concurrency: random.chance(40) ? random.below(5) : nil)
        }
        let request = ClaimRequest(
            credits: credits, limit: limit, owner: "broker", now: at(now),
            leaseUntil: at(now + 1 + Int64(random.below(8))),
            tokens: (0..<limit).map { _ in token() })
        let leased = try await left.claim(request)
        try same("claim \(request)", leased, try await right.claim(request))
        attempts += leased.map { ($0.id, $0.lease.attempt, $0.lease.token) }
    }

    private func removeFromOutbox() async throws {
        let count = random.below(3)
        for store in [left, right] { try await store.removeFromOutbox(store.outbox(limit: count).map(\.id)) }
    }

    // MARK: What is asked

    private func compareReads() async throws {
        let time = at(now)
        try same(
            "overdue", try await left.overdueTasks(at: time, limit: 5), try await right.overdueTasks(at: time, limit: 5)
        )
        try same("timers", try await left.dueTimers(at: time, limit: 5), try await right.dueTimers(at: time, limit: 5))
        try same("next due", try await left.nextDue(), try await right.nextDue())
        try same("backlog", try await left.backlog(at: time), try await right.backlog(at: time))
        try same(
            "outbox", try await left.outbox(limit: 9).map(\.content), try await right.outbox(limit: 9).map(\.content))
        let key = "key\(random.below(8))"
        try same("start key", try await left.instance(startedWith: key), try await right.instance(startedWith: key))
        let instance = random.below(Self.instances)
        let tasks = (0...lastTask[instance, default: 0]).map { TaskID(instance: InstanceID("\(instance)"), number: $0) }
        try same("tasks", try await left.tasks(tasks), try await right.tasks(tasks))
        let seq = random.below(4)
        let leftRows = try await left.journal(of: InstanceID("\(instance)"), after: seq)
        let rightRows = try await right.journal(of: InstanceID("\(instance)"), after: seq)
        try same("journal", leftRows.map(\.seq), rightRows.map(\.seq))
        try same("events", leftRows.map(\.events), rightRows.map(\.events))
        try same(
            "all rows", try await left.journal(after: 0, limit: 50).map(\.events),
            try await right.journal(after: 0, limit: 50).map(\.events))
    }

    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }

    private func token() -> String { "\(random.next().0)" }

    private func randomContract() -> ContractKey { Self.contracts[random.below(Self.contracts.count)] }

    /// Mostly a young one, so that many still hold their task.
    private func randomAttempt() -> (task: TaskID, attempt: Int, token: String)? {
        guard !attempts.isEmpty else { return nil }
        let recent = random.chance(80) ? min(attempts.count, 12) : attempts.count
        return attempts[attempts.count - 1 - random.below(recent)]
    }
}
