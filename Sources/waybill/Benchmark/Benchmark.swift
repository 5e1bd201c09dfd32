import Delivery
import Foundation
import ProcessEngine
import RabbitMQBus
import Values

/// Measures this program as it is used: a server and agents in processes of their own, on a store and a bus that are durable,
/// beside what the same bus gives to a program that does nothing else.
///
/// Each round: instances are started while no agent is there; the raw round trips run at a window of 1,000; agents come and
/// the backlog drains; the raw round trips run at the window that the product had. The rounds are interleaved because a
/// machine's speed drifts: a ratio of neighbours means more than a rate.
struct Benchmark: Sendable {
    struct Options: Sendable {
        var instances: Int
        var rounds: Int
        var payload: Int
        var store: BenchStore
        var queueType: QueueType
        var prefetch: Int
        var rate: Int
        var seconds: Int
        /// Further arguments for the server.
        var serverArguments: [String]
        /// How the children are told where the bus is.
        var busArguments: [String]
        var address: RabbitMQAddress
        var scratch: String
    }

    let options: Options
    let say: @Sendable (String) -> Void
    private let names = BusNames(prefix: "bench-\(UInt32.random(in: 0...UInt32.max)).")

    init(_ options: Options, say: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.say = say
    }

    func run() async throws -> BenchReport {
        try await inScratch { folder in
            try await withServer("server", folder) { try await measure($0, folder, BenchReport(options)) }
        }
    }

    /// Runs `body` with a directory for its data; removes it afterwards, and what was made of store and bus.
    func inScratch<Answer>(_ body: (String) async throws -> Answer) async throws -> Answer {
        let folder = try ScratchFolder(in: options.scratch)
        defer { folder.remove() }
        let outcome: Result<Answer, any Error>
        do {
            outcome = .success(try await body(folder.path))
        } catch {
            outcome = .failure(error)
        }
        // After the server: it would declare them anew.
        let cleaned = Result {
            let starts = names.startTopology(
                workflows: [Workload.workflow] + TimerBench.workflows, queueType: options.queueType)
            try BusCheck.delete(
                queues: (queues + starts.queues).map(\.name), exchanges: exchanges + starts.exchanges.map(\.name),
                at: options.address)
        }
        let removed: Result<Void, any Error>
        do {
            removed = .success(try await options.store.remove())
        } catch {
            removed = .failure(error)
        }
        let answer = try outcome.get()
        try cleaned.get()
        try removed.get()
        return answer
    }

    /// Runs a server on the store of `folder` while `body` does; `name` is for its log.
    func withServer<Answer: Sendable>(
        _ name: String, _ folder: String, _ body: @Sendable (BenchServer) async throws -> Answer
    ) async throws -> Answer {
        try await BenchChild.run(name, try serverArguments(folder), folder: folder) { child in
            try await BenchServer.with(child) { try await body($0) }
        }.answer
    }

    /// How the server is run. The one place that knows.
    private func serverArguments(_ folder: String) throws -> [String] {
        try options.store.serverArguments(folder) + ["--listen", "127.0.0.1:0", "--bus-prefix", names.prefix]
            + ["--queue-type", options.queueType.rawValue] + options.busArguments + options.serverArguments
    }

    private var topology: Topology {
        names.brokerTopology(
            contracts: Workload.contracts.compactMap { ContractKey($0) }, queueType: options.queueType)
    }

    private var queues: [Topology.Queue] { topology.queues }

    private var exchanges: [String] { topology.exchanges.map(\.name) + [names.ownerExchange] }

    // MARK: - The measurements

    private func measure(_ server: BenchServer, _ folder: String, _ began: BenchReport) async throws -> BenchReport {
        var report = began
        try BusCheck.assertMayPublishToQueues(at: options.address)
        try await server.push(Workload.files)
        report.serverIdleBytes = ProcessUsage.residentBytes(of: server.process.id)
        try await checkDurability(server, &report)
        for number in 1...options.rounds {
            let round = try await measureRound(number, server, folder, &report)
            report.rounds.append(round)
            say(round.line(number: number, of: options.rounds))
        }
        if options.seconds > 0 {
            report.lowLoad = try await measureLowLoad(server, folder, &report)
        }
        return report
    }

    /// Nothing is measured on settings that could lose work.
    private func checkDurability(_ server: BenchServer, _ report: inout BenchReport) async throws {
        guard let store = try await server.metrics()["waybill_store_durable"].first else {
            throw CommandError("the server does not say whether its store is durable")
        }
        report.store = store.labels
        guard store.value == 1 else {
            throw CommandError("the store is not durable: \(store.labels.sorted { $0.key < $1.key })")
        }
        for attempt in 0... {
            do {
                return try BusCheck.assertDurable(queues, at: options.address)
            } catch let error as AMQPTrouble where error.code == 404 && attempt < 100 {
                // The broker declares the queues of contracts that are just deployed.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func measureRound(
        _ number: Int, _ server: BenchServer, _ folder: String, _ report: inout BenchReport
    ) async throws -> BenchReport.Round {
        let key = "round-\(number)"
        var round = BenchReport.Round()
        say("round \(number): starting \(options.instances) instances")
        let began = ContinuousClock.now
        try await server.start(options.instances, businessKey: key, payload: options.payload, concurrency: 32)
        round.startsPerSecond = Double(options.instances) / (ContinuousClock.now - began).seconds
        try await waitForIndex(server, key)
        let taskBytes = try await sampleTask(&report)
        say("round \(number): raw round trips at window 1000")
        round.rawAt1000 = try await raw(taskBytes, window: 1000)
        say("round \(number): draining \(options.instances * Workload.tasks.count) tasks")
        try await drain(server, key, folder, &round, &report)
        say("round \(number): raw round trips at window \(round.window)")
        round.rawAtWindow = try await raw(taskBytes, window: round.window)
        return round
    }

    private func raw(_ taskBytes: Int, window: Int) async throws -> Double {
        try await RawRoundTrips(
            address: options.address, queueType: options.queueType.rawValue, prefix: names.prefix, taskBytes: taskBytes,
            resultBytes: Workload.resultBytes(taskBytes: taskBytes), window: window,
            count: options.instances * Workload.tasks.count
        ).run()
    }

    /// The projector's work of the starts is not the drain's.
    private func waitForIndex(_ server: BenchServer, _ key: String) async throws {
        for _ in 0..<1200 {
            let metrics = try await server.metrics()
            if metrics.sum("waybill_projector_lag_seconds") == 0, try await server.has("Running") {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError("the index does not catch up")
    }

    /// The first tasks are on the bus already: their size, and that they are persistent.
    private func sampleTask(_ report: inout BenchReport) async throws -> Int {
        let queue = names.prefix + "task.\(Workload.tasks[0]).v1"
        for _ in 0..<100 {
            if let sample = try BusCheck.sample(of: queue, at: options.address) {
                guard sample.isPersistent else { throw CommandError("task messages are not persistent") }
                report.taskBytes = sample.bodyBytes
                return sample.bodyBytes
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError("no task came to \(queue)")
    }

    /// Runs agents while `body` does; answers what they counted too.
    private func withAgents<Answer: Sendable>(
        _ name: String, _ folder: String, body: @Sendable (BenchChild) async throws -> Answer
    ) async throws -> (answer: Answer, count: BenchCount) {
        let arguments = ["bench-agent", "--bus-prefix", names.prefix, "--prefetch", String(options.prefetch)]
        let (answer, output) = try await BenchChild.run(
            name, arguments + options.busArguments + Workload.contracts, folder: folder, body: body)
        guard let count = BenchCount(output) else {
            throw CommandError("the agents did not say what they did: \(output)")
        }
        return (answer, count)
    }

    // MARK: - Draining

    private func drain(
        _ server: BenchServer, _ key: String, _ folder: String, _ round: inout BenchReport.Round,
        _ report: inout BenchReport
    ) async throws {
        let processes = BenchProcesses(server: server.process.id, options)
        let before = processes.seconds()
        let (usage, count) = try await withAgents("agents-\(key)", folder) { agents in
            var usage = DrainUsage()
            repeat {
                try await Task.sleep(for: .milliseconds(100))
                try await usage.observe(server)
            } while try await server.has("Running")
            usage.cpu = processes.seconds().since(before)
            usage.cpu.agents = ProcessUsage.seconds(of: agents.id)
            return usage
        }
        let verdict = try await Verdict(server, key, instances: options.instances, count: count)
        report.lost += verdict.lost
        report.twice += verdict.twice
        let tasks = options.instances * Workload.tasks.count
        let seconds = Double(max(verdict.lastEnd - (count.firstAt ?? verdict.lastEnd), 1)) / 1000
        round.tasksPerSecond = Double(tasks) / seconds
        round.instancesPerSecond = Double(options.instances) / seconds
        round.window = max(usage.window, 1)
        round.cpu = usage.cpu.perTask(tasks)
        report.serverLoadBytes = max(report.serverLoadBytes ?? 0, usage.serverBytes)
    }

    // MARK: - Low load

    private func measureLowLoad(
        _ server: BenchServer, _ folder: String, _ report: inout BenchReport
    ) async throws -> BenchReport.LowLoad {
        say("low load: \(options.rate) instances a second for \(options.seconds) s")
        let key = "low-load"
        let (result, count) = try await withAgents("agents-low-load", folder) { _ in
            let listener = try BusCheck.listen(
                to: names.resultsExchange, key: names.resultsKey(partition: 0), queue: names.prefix + "sample",
                at: options.address)
            try await startSteadily(server, options.rate, businessKey: "warm-up")
            let sample = try listener.largest(of: names.prefix + "sample")
            try await startSteadily(server, options.rate * options.seconds, businessKey: key)
            try await waitForEnd(server, key)
            return sample
        }
        guard result?.isPersistent == true else { throw CommandError("result messages are not persistent") }
        report.resultBytes = result?.bodyBytes
        let instances = try await server.rows("instances", businessKey: key)
        let tasks = try await server.rows("tasks", businessKey: key)
        let expected = options.rate * options.seconds
        let finished = instances.count { $0["state"]?.stringValue == "Completed" }
        report.lost += expected - finished
        report.twice += count.repeated
        return BenchReport.LowLoad(
            rate: options.rate, seconds: options.seconds, instances: finished,
            instanceTimes: Latencies(milliseconds: instances.compactMap { $0.time("startedAt", "endedAt") }),
            hopTimes: Latencies(milliseconds: tasks.compactMap { $0.time("createdAt", "endedAt") }))
    }

    /// Starts instances at the rate, whether or not the ones before are answered.
    private func startSteadily(_ server: BenchServer, _ count: Int, businessKey: String) async throws {
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                try await Task.sleep(until: began + .seconds(Double(number) / Double(options.rate)))
                group.addTask { try await server.startOne(businessKey: businessKey, payload: options.payload) }
            }
            try await group.waitForAll()
        }
    }

    private func waitForEnd(_ server: BenchServer, _ key: String) async throws {
        try await waitForLag(server)
        for _ in 0..<600 {
            if try await !server.has("Running") { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError("instances of \(key) do not end")
    }

    private func waitForLag(_ server: BenchServer) async throws {
        for _ in 0..<600 {
            if try await server.metrics().sum("waybill_projector_lag_seconds") == 0 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension JSON {
    /// Milliseconds between two times of a row; nil if one is missing.
    fileprivate func time(_ from: String, _ to: String) -> Double? {
        guard let from = self[from]?.stringValue.flatMap({ Timestamp(iso8601: $0) }),
            let to = self[to]?.stringValue.flatMap({ Timestamp(iso8601: $0) })
        else { return nil }
        return Double(to.millisecondsSinceEpoch - from.millisecondsSinceEpoch)
    }
}
