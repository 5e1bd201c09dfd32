import OrderedCollections
package import ProcessEngine
package import Values

/// The broker's side of delivery: which tasks to ask for, what to publish, what each answer of the bus means, and what the
/// messages of agents say. It decides; its shell does.
///
/// An attempt here: fetched → published → confirmed (a mark) | returned (a report: unroutable) | refused (a report: released) |
/// unknown or not sent → published again, the same attempt and token, while its dispatch lease lasts → abandoned (the engine's
/// lease runs out and offers it again). It is forgotten at the end of each of these paths, so nothing here grows.
package struct DeliveryMachine: Sendable {
    package struct Configuration: Sendable {
        package var names: BusNames
        package var queueType: QueueType
        package var partition: Int
        package var partitions: Int
        package var minimumCredit: Int
        package var creditFactor: Int
        /// The prefetch of agents that have not said hello.
        package var assumedPrefetch: Int
        package var queueLease: Duration
        /// The queue lease outlives the message by this much: an attempt taken in its last moment has time to say `started`.
        package var queueLeaseMargin: Duration
        package var publishTimeout: Duration
        package var firstPause: Duration
        package var longestPause: Duration
        package var helloLifetime: Duration
        package var limits: EnvelopeLimits
        /// Where agents fetch claimed inputs, without a slash at the end; nil: nothing is claimed, and the bus takes all it can.
        package var claimBase: String?

        package init(
            names: BusNames = BusNames(), queueType: QueueType = .quorum, partition: Int = 0, partitions: Int = 1,
            minimumCredit: Int = 20, creditFactor: Int = 3, assumedPrefetch: Int = 10,
            queueLease: Duration = .seconds(300),
            queueLeaseMargin: Duration = .seconds(5), publishTimeout: Duration = .seconds(10),
            firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(60),
            helloLifetime: Duration = .seconds(600), limits: EnvelopeLimits = .standard, claimBase: String? = nil
        ) {
            self.names = names
            self.queueType = queueType
            self.partition = partition
            self.partitions = partitions
            self.minimumCredit = minimumCredit
            self.creditFactor = creditFactor
            self.assumedPrefetch = assumedPrefetch
            self.queueLease = queueLease
            self.queueLeaseMargin = queueLeaseMargin
            self.publishTimeout = publishTimeout
            self.firstPause = firstPause
            self.longestPause = longestPause
            self.helloLifetime = helloLifetime
            self.limits = limits
            self.claimBase = claimBase
        }
    }

    /// What the shell must do. It does the actions in order, and those that an answer leads to as well.
    package enum Action: Sendable, Hashable {
        /// Declare it, then tell `declared(_:)` the contracts.
        case declare(Topology, contracts: [ContractKey])
        /// After the pause, publish all of them, then tell `publishAnswered`.
        case publish([Dispatch], after: Duration, timeout: Duration)
        case mark([LeaseMark])
        /// Give them to the engine, then tell `reportAnswered` for each.
        case report([Report])
    }

    package struct Dispatch: Sendable, Hashable {
        package var id: AttemptID
        package var message: BusMessage
    }

    /// A report with the contract that its credit goes back to, as far as known.
    package struct Report: Sendable, Hashable {
        package var report: TaskReport
        package var contract: ContractKey?

        package init(report: TaskReport, contract: ContractKey?) {
            self.report = report
            self.contract = contract
        }
    }

    /// What is to be done with a message that came in.
    package enum Intake: Sendable, Hashable {
        /// Give it to the engine; acknowledge the message after its commit.
        case report(Report)
        /// The same with all of them: what was sent as one message is acknowledged as one.
        case reports([Report], problems: [EnvelopeError])
        /// Acknowledge now. `problem`: for the log, if the message could not be read.
        case settled(problem: EnvelopeError?)
    }

    /// The engine's answer to a report.
    package enum Verdict: Sendable, Hashable { case applied, stale, gone, refused }

    package private(set) var counters = DeliveryCounters()
    package let configuration: Configuration
    private var contracts: OrderedDictionary<ContractKey, ContractDemand> = [:]
    private var policies: OrderedDictionary<ContractKey, TaskPolicy> = [:]
    private var bus = BusState.disconnected(reason: "not yet connected")
    private var pending: [AttemptID: PendingPublish] = [:]
    private var memory = ContractMemory(capacity: 50_000)

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Whether every publish has found its end.
    package var isIdle: Bool { pending.isEmpty }
    package var inFlight: Int { pending.count }

    /// The deployed contracts, in order.
    package var contractKeys: [ContractKey] { Array(contracts.keys) }

    // MARK: What is deployed, and how the bus is.

    /// The deployed contracts changed. The queues of those that went stay: tasks may still be in them.
    package mutating func contractsChanged(_ deployed: [ContractKey: TaskPolicy]) -> [Action] {
        let keys = deployed.keys.sorted()
        var next: OrderedDictionary<ContractKey, ContractDemand> = [:]
        policies = [:]
        for key in keys {
            guard let policy = deployed[key] else { continue }
            policies[key] = policy
            var demand = contracts[key] ?? ContractDemand(concurrency: policy.concurrency)
            demand.concurrency = policy.concurrency
            next[key] = demand
        }
        contracts = next
        let missing = keys.filter { contracts[$0]?.isDeclared != true }
        return missing.isEmpty ? [] : [declaration(of: missing)]
    }

    /// The topology that this broker needs whether or not there are contracts: its own queues and the exchanges.
    package var baseTopology: Topology { topology(of: []) }

    /// What one contract needs on the bus.
    package func topology(of contract: ContractKey) -> Topology { topology(of: [contract]) }

    /// Contracts whose queues the bus does not have yet, as far as is known: nothing is fetched for them.
    package var undeclared: [ContractKey] { contracts.filter { !$0.value.isDeclared }.map(\.key) }

    package mutating func declared(_ keys: [ContractKey]) {
        for key in keys { contracts[key]?.isDeclared = true }
    }

    package mutating func busStateChanged(_ state: BusState) {
        bus = state
    }

    /// What a passive declare told; nil: there is no such queue, so it is declared again and nothing is fetched until then.
    package mutating func inspected(_ contract: ContractKey, _ status: QueueStatus?) -> [Action] {
        guard contracts[contract] != nil else { return [] }
        guard let status else {
            contracts[contract]?.isDeclared = false
            return [declaration(of: [contract])]
        }
        contracts[contract]?.observed(consumers: status.consumers)
        return []
    }

    /// How many attempts of each contract the engine counts as out; contracts that are left out have none.
    package mutating func backlogCounted(_ out: [(contract: ContractKey, out: Int)]) {
        for key in contracts.keys { contracts[key]?.counted(out: 0) }
        for entry in out { contracts[entry.contract]?.counted(out: entry.out) }
    }

    // MARK: What to ask for.

    /// What puller number `puller` of `pullers` may fetch now; empty while the bus cannot take anything.
    ///
    /// Each contract belongs to a few pullers, so that a busy one does not starve the others; they divide its credit. `asked` is
    /// what the polls of the others hold and may still get.
    package func demand(
        puller: Int, of pullers: Int, asked: [ContractKey: Int] = [:], at now: Timestamp
    ) -> [(contract: ContractKey, count: Int)] {
        guard case .connected = bus, pullers > 0, !contracts.isEmpty else { return [] }
        var demand: [(contract: ContractKey, count: Int)] = []
        for (index, entry) in contracts.enumerated() {
            guard let share = Self.share(ofContract: index, of: contracts.count, puller: puller, of: pullers) else {
                continue
            }
            let credit = entry.value.credit(configuration, at: now)
            let part = credit / share.sharers + (share.place < credit % share.sharers ? 1 : 0)
            let count = min(part, credit - asked[entry.key, default: 0])
            if count > 0 { demand.append((contract: entry.key, count: count)) }
        }
        return demand
    }

    // MARK: Tasks going out.

    /// - Parameter settings: of the installation, by name: tasks get those that their contracts name. One that is not there is an
    ///   incident, so that no attempt is spent on it.
    package mutating func tasksFetched(
        _ tasks: [LeasedTask], settings: DeliverySettings = [:], at now: Timestamp
    ) -> [Action] {
        var batch: [Dispatch] = []
        var reports: [Report] = []
        for task in tasks {
            counters.fetched += 1
            contracts[task.contract]?.fetched()
            memory.remember(task.id, task.contract)
            guard task.lease.until > now else {
                counters.abandoned += 1
                continue
            }
            if let problem = settings.problem(
                with: policies[task.contract]?.settings ?? [], of: task.contract.description)
            {
                reports.append(
                    Report(report: TaskReport(task.attemptID, .unroutable(message: problem)), contract: task.contract))
                continue
            }
            let entry = PendingPublish(
                message: message(of: task, settings), leaseUntil: task.lease.until,
                expiresAt: now.advanced(by: configuration.queueLease))
            let dispatch = entry.dispatch(names: configuration.names, at: now)
            guard dispatch.message.body.count <= configuration.limits.bodyBytes else {
                let problem =
                    "the input has \(dispatch.message.body.count) bytes; the bus takes \(configuration.limits.bodyBytes)"
                reports.append(
                    Report(report: TaskReport(dispatch.id, .unroutable(message: problem)), contract: task.contract))
                continue
            }
            pending[dispatch.id] = entry
            batch.append(dispatch)
        }
        counters.published += batch.count
        return publishing(batch, after: .zero, at: now) + (reports.isEmpty ? [] : [.report(reports)])
    }

    private func message(of task: LeasedTask, _ settings: DeliverySettings) -> TaskMessage {
        let policy = policies[task.contract] ?? TaskPolicy(version: "\(task.contract.major).0")
        var message = TaskMessage(
            task, policy: policy, replyTo: configuration.names.resultsKey(partition: configuration.partition))
        if !policy.settings.isEmpty {
            message.settings = .object(policy.settings.compactMap { name in settings[name: name].map { (name, $0) } })
        }
        guard let base = configuration.claimBase else { return message }
        return message.claimingLargeInputs(base: base, limits: configuration.limits)
    }

    /// What became of publishes. Every dispatch of a `publish` action must be answered once.
    package mutating func publishAnswered(
        _ answers: [(id: AttemptID, outcome: PublishOutcome)], at now: Timestamp
    ) -> [Action] {
        var marks: [LeaseMark] = []
        var reports: [Report] = []
        var again: [Dispatch] = []
        var tries = 0
        for (id, outcome) in answers {
            guard var entry = pending[id] else { continue }
            let contract = entry.message.contract
            switch outcome {
            case .confirmed:
                counters.confirmed += 1
                contracts[contract]?.confirmed(configuration)
                if !entry.isAnswered { marks.append(queuedMark(of: id, entry)) }
                pending[id] = nil
            case .returned(let code, let text):
                counters.returned += 1
                let queue = configuration.names.taskQueue(of: contract)
                let problem = "no queue takes tasks of \(contract) (\(queue)): \(code) \(text)"
                if !entry.isAnswered {
                    reports.append(Report(report: TaskReport(id, .unroutable(message: problem)), contract: contract))
                }
                pending[id] = nil
            case .refused:
                counters.refused += 1
                let pause = contracts[contract]?.refused(configuration, at: now) ?? configuration.firstPause
                if !entry.isAnswered {
                    reports.append(Report(report: TaskReport(id, .released(pause: pause)), contract: contract))
                }
                pending[id] = nil
            case .unknown, .notSent:
                if outcome == .unknown { counters.unknown += 1 } else { counters.notSent += 1 }
                entry.tries += 1
                let isWorthIt = !entry.isAnswered && now < entry.leaseUntil
                if isWorthIt {
                    tries = max(tries, entry.tries)
                    again.append(entry.dispatch(names: configuration.names, at: now))
                } else {
                    counters.abandoned += entry.isAnswered ? 0 : 1
                }
                pending[id] = isWorthIt ? entry : nil
            }
        }
        counters.republished += again.count
        return (marks.isEmpty ? [] : [.mark(marks)]) + (reports.isEmpty ? [] : [.report(reports)])
            + publishing(again, after: PendingPublish.pause(beforeTry: tries), at: now)
    }

    // MARK: Messages coming in.

    package mutating func resultReceived(_ message: BusMessage, redelivered: Bool, at now: Timestamp) -> Intake {
        if redelivered { counters.redelivered += 1 }
        do {
            return take(try ResultMessage(decoding: message, limits: configuration.limits), at: now)
        } catch {
            return malformed(error)
        }
    }

    package mutating func deadLetterReceived(_ message: BusMessage, redelivered: Bool, at now: Timestamp) -> Intake {
        if redelivered { counters.redelivered += 1 }
        do {
            switch try DeadLetter(decoding: message, limits: configuration.limits) {
            case .result(let result):
                return take(result, at: now)
            case .task(let report, let contract):
                if case .expired = report.content { counters.expired += 1 } else { counters.deadLettered += 1 }
                return .report(Report(report: report, contract: contract))
            }
        } catch {
            return malformed(error)
        }
    }

    /// What the engine said to a report, its commit included.
    package mutating func reportAnswered(_ report: Report, _ verdict: Verdict) {
        switch verdict {
        case .applied:
            counters.applied += 1
            guard report.report.isTerminal else { return }
            let contract = memory[report.report.task] ?? report.contract
            memory.forget(report.report.task)
            if let contract { contracts[contract]?.ended() }
        case .stale: counters.stale += 1
        case .gone: counters.gone += 1
        case .refused: counters.rejected += 1
        }
    }
}

extension DeliveryMachine {
    private mutating func take(_ result: ResultMessage, at now: Timestamp) -> Intake {
        switch result {
        case .hello(let hello):
            counters.hellos += 1
            contracts[hello.contract]?.heard(hello, at: now, configuration)
            return .settled(problem: nil)
        case .report(let report, let contract):
            counters.count(report.content)
            pending[report.attemptID]?.isAnswered = true
            return .report(Report(report: report, contract: contract))
        case .reports(let reports, let contract, let problems):
            return take(reports, contract, problems)
        }
    }

    private mutating func take(
        _ reports: [TaskReport], _ contract: ContractKey?, _ problems: [EnvelopeError]
    ) -> Intake {
        for report in reports {
            counters.count(report.content)
            pending[report.attemptID]?.isAnswered = true
        }
        counters.malformed += problems.count
        let all = (reports + problems.compactMap(\.report)).map { Report(report: $0, contract: contract) }
        return .reports(all, problems: problems.filter { $0.report == nil })
    }

    private mutating func malformed(_ problem: EnvelopeError) -> Intake {
        counters.malformed += 1
        guard let report = problem.report else { return .settled(problem: problem) }
        return .report(Report(report: report, contract: nil))
    }

    /// How many pullers share a contract and which of them this one is; nil if it is not its contract. At least two, if there are
    /// two: while one brings its tasks away, the other waits for more.
    private static func share(
        ofContract index: Int, of count: Int, puller: Int, of pullers: Int
    ) -> (sharers: Int, place: Int)? {
        let sharers = max(min(2, pullers), (pullers + count - 1) / count)
        let first = index * sharers % pullers
        let place = (puller - first + pullers) % pullers
        return place < sharers ? (sharers, place) : nil
    }

    private func topology(of keys: [ContractKey]) -> Topology {
        configuration.names.brokerTopology(
            contracts: keys, queueType: configuration.queueType, partition: configuration.partition,
            partitions: configuration.partitions)
    }

    private func declaration(of keys: [ContractKey]) -> Action {
        .declare(topology(of: keys), contracts: keys)
    }

    private func publishing(_ batch: [Dispatch], after pause: Duration, at now: Timestamp) -> [Action] {
        batch.isEmpty ? [] : [.publish(batch, after: pause, timeout: configuration.publishTimeout)]
    }

    private func queuedMark(of id: AttemptID, _ entry: PendingPublish) -> LeaseMark {
        LeaseMark(
            task: id.task, attempt: id.attempt, token: id.token,
            change: .queued(until: entry.expiresAt.advanced(by: configuration.queueLeaseMargin)))
    }
}
