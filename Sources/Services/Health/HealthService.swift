package import Delivery
import ProcessEngine
import Values

/// Tells the truth about the parts of this process: whether they are ready, and their numbers in Prometheus' text format.
package struct HealthService: Sendable {
    /// One part: nil = ready, else why not.
    package typealias Check = @Sendable () async -> String?

    package struct Part: Sendable {
        package var name: String
        package var reason: String?
        package var ready: Bool { reason == nil }
    }

    private let checks: [(name: String, check: Check)]
    private let engine: EngineService?
    private let broker: BrokerService?
    private let store: (any ProcessStore)?
    private let index: (any IndexStore)?
    private let progress: ProjectorProgress
    private let bus: (any MessageBus)?
    private let names: BusNames
    private let time: any TimeSource
    private let durability: (any DurabilityReporting)?

    /// Without an engine, a store or an index of its own (a broker that serves another engine) it leaves their numbers out.
    package init(
        checks: [(name: String, check: Check)], engine: EngineService?, broker: BrokerService?,
        store: (any ProcessStore)?, index: (any IndexStore)?, progress: ProjectorProgress, bus: (any MessageBus)?,
        names: BusNames,
        time: any TimeSource, durability: (any DurabilityReporting)? = nil
    ) {
        self.checks = checks
        self.engine = engine
        self.broker = broker
        self.store = store
        self.index = index
        self.progress = progress
        self.bus = bus
        self.names = names
        self.time = time
        self.durability = durability
    }

    package func parts() async -> [Part] {
        var parts: [Part] = []
        for (name, check) in checks { parts.append(Part(name: name, reason: await check())) }
        return parts
    }

    /// The numbers of the moment. What cannot be read now is left out rather than shown as zero.
    package func metrics() async -> String {
        var page = MetricsPage()
        await engineMetrics(&page)
        await brokerMetrics(&page)
        if let durability = try? await durability?.reportedDurability() {
            page.family("waybill_store_durable", "gauge", "Whether a commit survives a crash of the machine.")
            page.sample(
                "waybill_store_durable", labels: durability.settings.map { ($0.name, $0.value) },
                durability.isDurable ? 1 : 0)
        }
        if let counts = try? await index?.instanceCounts() {
            page.family("waybill_instances", "gauge", "Workflow instances in the index, by state.")
            for state in InstanceState.allCases {
                page.sample("waybill_instances", ["state": state.rawValue], Double(counts[state] ?? 0))
            }
        }
        await backlogMetrics(&page)
        await indexMetrics(&page)
        await queueMetrics(&page)
        return page.text
    }

    private func indexMetrics(_ page: inout MetricsPage) async {
        guard let store, index != nil else { return }
        page.histogram("waybill_instance_seconds", "From the start of an instance to its end.", progress.instanceTimes)
        page.family("waybill_index_position", "gauge", "The journal position that the index shows.")
        page.sample("waybill_index_position", [:], Double(progress.current))
        if let missing = try? await store.journal(after: progress.current, limit: 1) {
            let lag = missing.first.map { time.now.duration(since: $0.at) } ?? .zero
            page.family(
                "waybill_projector_lag_seconds", "gauge", "The age of the oldest journal row that the index misses.")
            page.sample("waybill_projector_lag_seconds", [:], Double(lag.milliseconds) / 1000)
        }
    }

    private func engineMetrics(_ page: inout MetricsPage) async {
        guard let engine else { return }
        let counters = engine.counters
        for (name, help, counter) in [
            ("waybill_engine_commits_total", "Transactions of the engine.", counters.commits),
            (
                "waybill_engine_conflicts_total", "Decisions that lost to another process and were made again.",
                counters.conflicts
            ),
            ("waybill_instances_started_total", "Instances started by this process.", counters.started),
            ("waybill_leases_lost_total", "Running attempts that went silent.", counters.leasesLost),
        ] {
            page.family(name, "counter", help)
            page.sample(name, [:], Double(counter.count))
        }
        page.histogram(
            "waybill_engine_commit_seconds", "How long a transaction of the store takes.", counters.commitTimes)
    }

    private func backlogMetrics(_ page: inout MetricsPage) async {
        guard let backlog = try? await store?.backlog(at: time.now) else { return }
        page.family("waybill_tasks_due", "gauge", "Tasks that wait for an agent, by contract.")
        for entry in backlog {
            page.sample("waybill_tasks_due", ["contract": entry.contract.description], Double(entry.due))
        }
        page.family("waybill_tasks_out", "gauge", "Attempts that are dispatched, queued or running, by contract.")
        for entry in backlog {
            page.sample("waybill_tasks_out", ["contract": entry.contract.description], Double(entry.out))
        }
    }

    /// Last of all, and not while the bus is away: each question would wait for it, and all the other numbers with it.
    private func queueMetrics(_ page: inout MetricsPage) async {
        guard let bus, await broker?.trouble == nil, let backlog = try? await store?.backlog(at: time.now) else {
            return
        }
        page.family("waybill_queue_messages", "gauge", "Messages ready in the queue of a contract.")
        for entry in backlog {
            do {
                guard let status = try await bus.inspect(queue: names.taskQueue(of: entry.contract)) else { continue }
                page.sample("waybill_queue_messages", ["contract": entry.contract.description], Double(status.messages))
            } catch {
                return
            }
        }
    }

    private func brokerMetrics(_ page: inout MetricsPage) async {
        guard let broker else { return }
        let counters = await broker.counters
        page.family("waybill_broker_in_flight", "gauge", "Publishes whose confirm has not come.")
        page.sample("waybill_broker_in_flight", [:], Double(await broker.inFlight))
        page.histogram(
            "waybill_publish_seconds", "From handing a batch to the bus to its last confirm.", broker.publishTimes)
        page.family("waybill_publishes_total", "counter", "Task messages, by what became of them.")
        for (outcome, count) in [
            ("confirmed", counters.confirmed), ("returned", counters.returned), ("refused", counters.refused),
            ("unknown", counters.unknown), ("not_sent", counters.notSent), ("abandoned", counters.abandoned),
            ("republished", counters.republished),
        ] { page.sample("waybill_publishes_total", ["outcome": outcome], Double(count)) }
        page.family("waybill_results_total", "counter", "Messages of agents, by type.")
        for (type, count) in [
            ("started", counters.started), ("progress", counters.progress), ("event", counters.events),
            ("completed", counters.completed), ("failed", counters.failed), ("error", counters.errors),
            ("hello", counters.hellos), ("malformed", counters.malformed), ("expired", counters.expired),
            ("dead_lettered", counters.deadLettered),
        ] { page.sample("waybill_results_total", ["type": type], Double(count)) }
        page.family(
            "waybill_result_outcomes_total", "counter",
            "Reports, by what the engine said; stale and gone change nothing.")
        for (outcome, count) in [
            ("applied", counters.applied), ("stale", counters.stale), ("gone", counters.gone),
            ("refused", counters.rejected),
        ] { page.sample("waybill_result_outcomes_total", ["outcome": outcome], Double(count)) }
        page.family("waybill_redelivered_total", "counter", "Messages that the bus delivered again.")
        page.sample("waybill_redelivered_total", [:], Double(counters.redelivered))
    }
}

/// Text in the Prometheus exposition format 0.0.4.
struct MetricsPage {
    private(set) var text = ""

    mutating func family(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double) {
        sample(name, labels: labels.map { ($0.key, $0.value) }, value)
    }

    mutating func sample(_ name: String, labels: [(name: String, value: String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",") + "}"
        }
        let isWhole = value == value.rounded() && abs(value) < 9e15
        text += " " + (isWhole ? String(Int64(value)) : String(value)) + "\n"
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        family(name, "histogram", help)
        let content = histogram.content
        for (bound, count) in zip(Histogram.bounds, content.counts) {
            sample(name + "_bucket", ["le": String(Double(bound) / 1000)], Double(count))
        }
        sample(name + "_bucket", ["le": "+Inf"], Double(content.count))
        sample(name + "_sum", [:], Double(content.milliseconds) / 1000)
        sample(name + "_count", [:], Double(content.count))
    }

    private static func escape(_ value: String) -> String {
        var escaped = ""
        for character in value {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
