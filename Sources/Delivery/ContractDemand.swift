import OrderedCollections
import Values

/// How much of one contract may be out: its credit, and what holds it back.
struct ContractDemand: Sendable {
    /// How many attempts of the contract may be out over all brokers; nil = no limit.
    var concurrency: Int?
    /// Nothing is fetched before the contract's queue is there.
    var isDeclared = false
    private var consumers = 0
    private var agents: OrderedDictionary<String, (prefetch: Int, heardAt: Timestamp)> = [:]

    /// Attempts that the engine counted as out, and what changed since it counted.
    private var countedOut = 0
    private var fetchedSince = 0
    private var endedSince = 0

    /// After a refusal: less credit, which grows by one with each confirm, and a pause that doubles.
    private var reducedLimit: Int?
    private var refusals = 0
    private var pausedUntil: Timestamp?

    init(concurrency: Int?) {
        self.concurrency = concurrency
    }

    private var outstanding: Int { max(0, countedOut + fetchedSince - endedSince) }

    private func limit(_ configuration: DeliveryMachine.Configuration) -> Int {
        let prefetch = agents.values.map(\.prefetch).max() ?? configuration.assumedPrefetch
        let (product, overflow) = (consumers * configuration.creditFactor).multipliedReportingOverflow(by: prefetch)
        var limit = max(configuration.minimumCredit, overflow ? .max : product)
        if let concurrency { limit = min(limit, concurrency) }
        return limit
    }

    func credit(_ configuration: DeliveryMachine.Configuration, at now: Timestamp) -> Int {
        guard isDeclared else { return 0 }
        if let pausedUntil, now < pausedUntil { return 0 }
        let limit = limit(configuration)
        return max(0, min(limit, reducedLimit ?? limit) - outstanding)
    }

    mutating func counted(out: Int) {
        countedOut = out
        fetchedSince = 0
        endedSince = 0
    }

    mutating func fetched() { fetchedSince += 1 }
    mutating func ended() { endedSince += 1 }

    mutating func observed(consumers: Int) {
        self.consumers = max(0, consumers)
    }

    mutating func heard(_ hello: AgentHello, at now: Timestamp, _ configuration: DeliveryMachine.Configuration) {
        // It consumes: work goes out before the next inspection counts.
        consumers = max(consumers, 1)
        agents[hello.agent] = (hello.prefetch, now)
        let oldest = now.advanced(by: .zero - configuration.helloLifetime)
        agents.removeAll { $0.value.heardAt < oldest }
        // Whoever can publish results can say hello under many names.
        while agents.count > 1000 { agents.removeFirst() }
    }

    mutating func confirmed(_ configuration: DeliveryMachine.Configuration) {
        refusals = 0
        guard let reduced = reducedLimit else { return }
        reducedLimit = reduced + 1 >= limit(configuration) ? nil : reduced + 1
    }

    /// How long a refused task is to wait. Refusals that come together count as one.
    mutating func refused(_ configuration: DeliveryMachine.Configuration, at now: Timestamp) -> Duration {
        if let pausedUntil, now < pausedUntil { return pausedUntil.duration(since: now) }
        refusals += 1
        let factor = 1 << min(refusals - 1, 16)
        let pause = min(configuration.firstPause * factor, configuration.longestPause)
        pausedUntil = now.advanced(by: pause)
        let limit = limit(configuration)
        reducedLimit = max(1, min(limit, reducedLimit ?? limit) / 2)
        return pause
    }
}
