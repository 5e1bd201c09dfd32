package import Delivery
package import Logging
import ProcessEngine
import Values

/// The broker: pulls due tasks from the engine, publishes each to the queue of its contract, and applies what agents answer.
///
/// What to do is decided by `DeliveryMachine`; this shell talks to engine and bus. Several pullers run side by side, split by
/// contract, and share the machine through this actor.
package actor BrokerService {
    private let engine: any TaskEngine
    private let bus: any MessageBus
    private let time: any TimeSource
    private let log: Logger
    private let configuration: BrokerConfiguration
    private let settings: SettingsService?
    private let owner: String
    private let pullers: [Signal]
    /// From handing a batch to the bus to the confirm of its last message.
    package nonisolated let publishTimes = Histogram()
    private var machine: DeliveryMachine
    /// What the long poll of each puller asks for, while it waits.
    private var polling: [Int: [ContractKey: Int]] = [:]
    /// How many tasks the next poll of each puller asks for.
    private var pollSizes: [PollSize]
    private var isBusUp = false
    private var isDeclared = false
    /// Contracts whose queues the bus refused, with its reason as it was logged.
    private var refused: [ContractKey: String] = [:]

    package init(
        engine: any TaskEngine, bus: any MessageBus, time: any TimeSource, random: any RandomSource,
        configuration: BrokerConfiguration = BrokerConfiguration(), settings: SettingsService? = nil, log: Logger
    ) {
        self.settings = settings
        self.engine = engine
        self.bus = bus
        self.time = time
        self.configuration = configuration
        self.log = log
        owner = "broker-" + Hex.text(random.next().0)
        pullers = (0..<configuration.pullers).map { _ in Signal() }
        pollSizes = pullers.map { _ in PollSize(least: configuration.pollLimit) }
        machine = DeliveryMachine(configuration: configuration.delivery)
    }

    package var counters: DeliveryCounters { machine.counters }
    package var inFlight: Int { machine.inFlight }
    /// Whether tasks can go out and results come in; else the reason why not.
    package var trouble: String? {
        isBusUp ? (isDeclared ? nil : "exchanges and queues are not declared yet") : "the bus is not connected"
    }

    /// Serves until cancelled; then lets go of its long polls and finishes the batches that are on their way.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.followBus() }
            try await claimBus()
            // The queues it consumes come first: there may be none yet.
            await perform([.declare(machine.baseTopology, contracts: [])])
            group.addTask { await self.followContracts() }
            group.addTask { await self.inspectQueues() }
            group.addTask { try await self.consume(self.configuration.delivery.names.unroutableQueue, dead: false) }
            group.addTask { try await self.consume(self.configuration.delivery.names.deadQueue, dead: true) }
            group.addTask {
                let names = self.configuration.delivery.names
                try await self.consume(
                    names.resultsQueue(partition: self.configuration.delivery.partition), dead: false)
            }
            for number in pullers.indices { group.addTask { await self.pull(number) } }
            group.addTask {
                // The engine holds the long polls: only it can end them.
                while !Task.isCancelled { try? await self.time.sleep(for: .seconds(3600)) }
                for number in self.pullers.indices { await self.engine.cancelFetches(owner: self.owner(of: number)) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: - What the broker watches

    private func followBus() async {
        for await state in bus.states() {
            machine.busStateChanged(state)
            switch state {
            case .connected:
                isBusUp = true
                log.info("the bus is connected")
            case .disconnected(let reason):
                // At the start it has not come yet, which is no news.
                log.log(level: isBusUp ? .warning : .info, "the bus is away: \(reason)")
                isBusUp = false
            case .blocked(let reason): log.warning("the bus is blocked, pulling stops: \(reason)")
            }
            await wakePullers()
        }
    }

    private func followContracts() async {
        for await policies in await engine.contracts() {
            await perform(machine.contractsChanged(policies))
            await wakePullers()
            await inspectOnce()
        }
    }

    private func inspectQueues() async {
        while !Task.isCancelled {
            await inspectOnce()
            try? await time.sleep(for: configuration.inspection)
        }
    }

    /// Consumers of each queue and attempts that are out: what credit is made of.
    private func inspectOnce() async {
        guard isBusUp, isDeclared else { return }
        let undeclared = machine.undeclared
        if !undeclared.isEmpty { await declareEach(undeclared) }
        do {
            for contract in machine.contractKeys {
                let status = try await bus.inspect(queue: configuration.delivery.names.taskQueue(of: contract))
                await perform(machine.inspected(contract, status))
            }
            machine.backlogCounted(try await engine.backlog().map { ($0.contract, $0.out) })
        } catch {
            log.debug("inspecting queues failed: \(error)")
        }
        await wakePullers()
    }

    /// The demand may be another: those who wait look again. A long poll that asks for less is begun anew, and one that may ask
    /// for nothing any more ends: a parked poll gets new tasks, and while the bus is away nobody could publish them.
    private func wakePullers() async {
        for number in pullers.indices {
            pullers[number].fire()
            guard let asked = polling[number] else { continue }
            let demand = demand(of: number)
            if demand.isEmpty || demand.contains(where: { asked[$0.contract] == nil }) {
                await engine.cancelFetches(owner: owner(of: number))
            }
        }
    }

    /// What a puller may ask for: what the others ask for already is not asked for twice.
    private func demand(of puller: Int) -> [(contract: ContractKey, count: Int)] {
        var asked: [ContractKey: Int] = [:]
        for (other, poll) in polling where other != puller { asked.merge(poll) { $0 + $1 } }
        return machine.demand(puller: puller, of: pullers.count, asked: asked, at: time.now)
    }

    private func owner(of puller: Int) -> String { "\(owner).\(puller)" }

    // MARK: - Engine to bus

    /// Asks for tasks and hands them on. The next poll does not wait until the bus has confirmed them: credit bounds what is
    /// out, and a bus that takes its time would otherwise hold up the engine's hand-over.
    private func pull(_ number: Int) async {
        await withDiscardingTaskGroup { publishing in
            while !Task.isCancelled {
                let demand = isDeclared ? demand(of: number) : []
                guard !demand.isEmpty else {
                    _ = await pullers[number].wait()
                    continue
                }
                do {
                    let tasks = try await poll(number, for: demand)
                    let values = await settings?.values() ?? [:]
                    let actions = machine.tasksFetched(tasks, settings: values, at: time.now)
                    if !actions.isEmpty { publishing.addTask { await self.perform(actions) } }
                } catch {
                    log.error("fetching tasks failed: \(error)")
                    try? await time.sleep(for: .seconds(1))
                }
            }
        }
    }

    private func poll(
        _ number: Int, for demand: [(contract: ContractKey, count: Int)]
    ) async throws -> [LeasedTask] {
        let limit = pollSizes[number].current
        polling[number] = Dictionary(demand.map { ($0.contract, min($0.count, limit)) }) { $0 + $1 }
        defer { polling[number] = nil }
        let tasks = try await engine.fetch(
            FetchRequest(
                owner: owner(of: number), credits: demand, limit: limit, wait: configuration.pollWait,
                dispatchLease: configuration.dispatchLease))
        pollSizes[number].answered(tasks.count)
        return tasks
    }

    /// Does what the machine says, and what the answers lead to. Returns when each publish has found its end, or when cancelled
    /// and nothing but repetitions is left: their leases run out.
    private func perform(_ actions: [DeliveryMachine.Action]) async {
        var queue = actions
        var isRepetition = false
        while !queue.isEmpty {
            var next: [DeliveryMachine.Action] = []
            for action in queue {
                switch action {
                case .declare(let topology, let contracts): await declare(topology, contracts)
                case .publish(let batch, let pause, let timeout):
                    if pause > .zero { try? await time.sleep(for: pause) }
                    if isRepetition, Task.isCancelled { continue }
                    let published = time.now
                    let outcomes = await bus.publish(batch.map(\.message), timeout: timeout)
                    publishTimes.add(time.now.duration(since: published))
                    next += machine.publishAnswered(zip(batch, outcomes).map { ($0.id, $1) }, at: time.now)
                case .mark(let marks): await engine.mark(marks)
                case .report(let reports):
                    await report(reports)
                }
            }
            queue = next
            isRepetition = true
        }
    }

    /// Makes sure that no other store works over this bus. Throws `BusOwnershipError` if one does.
    private func claimBus() async throws {
        guard let store = configuration.store else { return }
        let names = configuration.delivery.names
        var pause: Duration = .milliseconds(200)
        while !Task.isCancelled {
            do {
                return try await bus.declare(names.ownership(of: store))
            } catch BusError.refused(code: 406, let text) {
                throw BusOwnershipError(exchange: names.ownerExchange, answer: text)
            } catch {
                // Of a process that ends, it is no reason.
                if !Task.isCancelled { log.error("the bus cannot be used yet: \(error)") }
                try? await time.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            }
        }
    }

    private func declare(_ topology: Topology, _ contracts: [ContractKey]) async {
        var pause: Duration = .milliseconds(200)
        while !Task.isCancelled {
            do {
                try await bus.declare(topology)
                machine.declared(contracts)
                isDeclared = true
                await wakePullers()
                return
            } catch BusError.refused where !contracts.isEmpty {
                return await declareEach(contracts)
            } catch {
                log.error("declaring exchanges and queues failed: \(error)")
                try? await time.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            }
        }
    }

    /// Declares each contract alone: one that the bus refuses (its queue exists with other arguments) holds up no other. It is
    /// tried again with every inspection.
    private func declareEach(_ contracts: [ContractKey]) async {
        for contract in contracts {
            do {
                try await bus.declare(machine.topology(of: contract))
                machine.declared([contract])
                refused[contract] = nil
            } catch {
                let reason = "\(error)"
                guard refused.updateValue(reason, forKey: contract) != reason else { continue }
                log.error("no task of \(contract) can go out, its queue cannot be declared: \(reason)")
            }
        }
        await wakePullers()
    }

    // MARK: - Bus to engine

    /// Takes results, or dead letters, in batches and acks each batch after the engine's commit. While one is committed the
    /// next one gathers: the busier, the larger.
    private func consume(_ queue: String, dead: Bool) async throws {
        let subscription = try await bus.subscribe(Subscription(queue: queue, prefetch: configuration.resultPrefetch))
        let inbox = Inbox<ReadBatch>()
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Read as they come, while those before them are committed.
                for await batch in subscription.deliveries {
                    inbox.add([await self.read(batch, from: queue, dead: dead)])
                }
                inbox.close()
            }
            while let batches = await inbox.next() {
                // An agent that says hello may raise the credit.
                if batches.contains(where: \.isAboutAgents) { await wakePullers() }
                // What is not committed is not acked: the bus keeps it for whoever comes next.
                if await report(batches.flatMap(\.reports)) { await subscription.ack(batches.flatMap(\.tags)) }
            }
        }
        await subscription.cancel()
    }

    /// Deliveries that came together, and what they report.
    private struct ReadBatch: Sendable {
        var tags: [BusDelivery.Tag]
        var reports: [DeliveryMachine.Report] = []
        /// Some were about no task.
        var isAboutAgents = false
    }

    private func read(_ batch: [BusDelivery], from queue: String, dead: Bool) -> ReadBatch {
        var read = ReadBatch(tags: batch.map(\.tag))
        for delivery in batch {
            let intake =
                dead
                ? machine.deadLetterReceived(delivery.message, redelivered: delivery.redelivered, at: time.now)
                : machine.resultReceived(delivery.message, redelivered: delivery.redelivered, at: time.now)
            switch intake {
            case .report(let report): read.reports.append(report)
            case .reports(let reports, let problems):
                read.reports += reports
                for problem in problems { warn(problem, queue) }
            case .settled(let problem):
                read.isAboutAgents = true
                if let problem { warn(problem, queue) }
            }
        }
        return read
    }

    private func warn(_ problem: EnvelopeError, _ queue: String) {
        log.warning("a message on \(queue) cannot be read: \(problem)")
    }

    /// Gives reports to the engine until it has answered: the fence makes a repetition harmless. False when cancelled before.
    @discardableResult
    private func report(_ reports: [DeliveryMachine.Report]) async -> Bool {
        guard !reports.isEmpty else { return true }
        let secrets = await settings?.values().secretTexts ?? []
        let told = reports.map { secrets.isEmpty ? $0.report : $0.report.masking(secrets) }
        var pause: Duration = .milliseconds(100)
        while !Task.isCancelled {
            do {
                let outcomes = try await engine.apply(told)
                precondition(outcomes.count == told.count, "an engine answers every report")
                for (report, outcome) in zip(reports, outcomes) {
                    if case .refused(let reason) = outcome {
                        log.warning("a report of task \(report.report.task) was refused: \(reason)")
                    }
                    machine.reportAnswered(report, outcome.verdict)
                }
                await wakePullers()
                return true
            } catch {
                log.error("results wait for the engine: \(error)")
                try? await time.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
        return false
    }
}

extension ReportOutcome {
    fileprivate var verdict: DeliveryMachine.Verdict {
        switch self {
        case .applied: .applied
        case .stale: .stale
        case .gone: .gone
        case .refused: .refused
        }
    }
}

/// The bus belongs to another store: its tasks, results and dead letters are not ours to take.
package struct BusOwnershipError: Error, Sendable, CustomStringConvertible {
    package var exchange: String
    /// What the bus said.
    package var answer: String

    package var description: String {
        """
        this bus already serves another Waybill store (the exchange \(exchange) says so): two stores on one bus would take each \
        other's results. Give this one a virtual host of its own, or a prefix with --bus-prefix. If the other store is gone for \
        good, delete that exchange, or start with --adopt-bus. The bus said: \(answer)
        """
    }
}

package struct BrokerConfiguration: Sendable {
    /// The id of the store behind the engine, which alone may use the bus; nil: nobody is asked.
    package var store: String?
    package var delivery = DeliveryMachine.Configuration()
    /// Tasks in one long poll, at most; where they wait in a backlog, more (`PollSize`).
    package var pollLimit = 10
    package var pollWait: Duration = .seconds(20)
    /// Long polls side by side, split by contract.
    package var pullers = 8
    package var dispatchLease: Duration = .seconds(30)
    package var inspection: Duration = .seconds(1)
    package var resultPrefetch = 500
    package init() {}
}
