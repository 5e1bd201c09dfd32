import Foundation
import Testing
import Values

/// The promise of the whole thing, on the real parts: processes are killed at random moments while a thousand instances run.
///
/// start -> one -> two -> three -> end, each step adds one.
@Suite(.serialized) struct KillTests {
    private static let instances = 1000

    /// A run counts only if what it is about did happen: redeliveries, new attempts, and results that came twice or too late.
    @Test(.timeLimit(.minutes(20)))
    func `nothing is lost and nothing is applied twice while everything is killed in turn`() async throws {
        try await run(Installation("kill"))
    }

    /// Every role twice, and PostgreSQL is killed as well.
    @Test(.timeLimit(.minutes(20)))
    func `nor on PostgreSQL, with two servers that share it`() async throws {
        try await run(Installation("kill-postgres", store: .postgres, servers: 2))
    }

    private func run(_ site: Installation) async throws {
        let seed =
            ProcessInfo.processInfo.environment["WAYBILL_KILL_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 1...9999)
        print("kill test: seed \(seed)")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        if site.store == .postgres { try site.postgres("start") }
        for number in site.ports.indices { try site.startServer(number: number) }
        for number in site.ports.indices { try await site.waitUntilReady(server: number) }
        let fixtures = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/kill").path
        try site.waybill("push", fixtures, "-m", "kill test")
        let runs = site.directory.appending(path: "runs.log").path
        for agent in ["a", "b", "c"] { try start(agent, of: site, fixtures, runs) }

        var chaos = Chaos(site: site, seed: seed, restartAgent: { try self.start($0, of: site, fixtures, runs) })
        let ports = site.ports
        async let starting: Void = Self.startAll(ports: ports)
        try await chaos.run(rounds: 24)
        try await starting
        try await site.waitForAll(seconds: 600)
        for number in site.ports.indices { await chaos.collectCounters(of: number) }

        let rows = try await Verdict.read(site, expecting: Self.instances, runs: runs)
        let verified = try site.verify()
        print("kill test: \(verified)")
        let counters = chaos.counters
        print(
            """
            kill test: \(site.ports.count) server(s); \(chaos.rounds.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")) kills; \
            \(rows.tasks) tasks, \(rows.executions) executions, \(rows.releases) re-leases, \
            \(counters.redelivered) redeliveries, \(counters.stale) stale or duplicate results; lost \(rows.lost), applied twice \(rows.twice)
            """)
        #expect(rows.lost == 0, "instances that did not complete, or with a wrong sum")
        #expect(rows.twice == 0, "tasks completed more than once")
        #expect(counters.redelivered > 0, "the bus delivered something again")
        #expect(rows.releases > 0, "some task had a second attempt")
        #expect(counters.stale > 0, "some result came twice or too late")
    }

    private func start(_ name: String, of site: Installation, _ fixtures: String, _ runs: String) throws {
        try site.startAgent(name, contract: "kill.step@1", exec: fixtures + "/step", prefetch: 8, arguments: [runs])
    }

    /// Starts every instance exactly once, however often the server is away: the key makes a repetition harmless.
    private static func startAll(ports: [Int]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for number in stride(from: lane, to: Self.instances, by: 8) {
                        try await startOne(number, ports: ports)
                        // Spread over the whole of the chaos, so that every kill meets work on its way.
                        try await Task.sleep(for: .milliseconds(450))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func startOne(_ number: Int, ports: [Int]) async throws {
        let body = JSON.object([
            (name: "input", value: .object([(name: "number", value: .number(number))])),
            (name: "idempotencyKey", value: .string("kill-\(number)")),
        ])
        let deadline = Date().addingTimeInterval(300)
        var turn = number
        while Date() < deadline {
            turn += 1
            if let answer = try? await HTTP(port: ports[turn % ports.count]).request(
                "POST", "/v1/workflows/kill.three-steps/start", body)
            {
                if answer.status == 201 || answer.status == 200 { return }
                if answer.status < 500 {
                    throw Installation.Failure("start \(number): \(answer.status) \(answer.body.text)")
                }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Installation.Failure("instance \(number) could not be started in 300 s")
    }
}

/// Kills and restarts parts at random moments, and keeps the counters that die with a server.
private struct Chaos {
    struct Counters {
        var redelivered = 0
        var stale = 0
    }

    let site: Installation
    let restartAgent: (String) throws -> Void
    private(set) var counters = Counters()
    private(set) var rounds: [String: Int] = [:]
    private var random: SplitMix

    init(site: Installation, seed: UInt64, restartAgent: @escaping (String) throws -> Void) {
        self.site = site
        self.restartAgent = restartAgent
        random = SplitMix(state: seed)
    }

    /// Each round kills one part with SIGKILL and starts it again. RabbitMQ, which takes seconds to come back, every eighth.
    mutating func run(rounds count: Int) async throws {
        for round in 0..<count {
            try await Task.sleep(for: .milliseconds(Int.random(in: 300...2000, using: &random)))
            if round % 8 == 4 {
                try site.rabbitMQ("kill")
                try site.rabbitMQ("start")
                rounds["RabbitMQ", default: 0] += 1
            } else if round % 8 == 6, site.store == .postgres {
                try site.postgres("kill")
                try site.postgres("start")
                rounds["PostgreSQL", default: 0] += 1
            } else if round % 2 == 0 {
                let number = Int.random(in: site.ports.indices, using: &random)
                await collectCounters(of: number)
                site.killServer(number)
                try site.startServer(number: number)
                rounds["waybill", default: 0] += 1
            } else {
                let victim = ["a", "b", "c"].randomElement(using: &random) ?? "a"
                site.killAgent(victim)
                try restartAgent(victim)
                rounds["agent", default: 0] += 1
            }
        }
    }

    /// Adds what the server has counted since it started.
    mutating func collectCounters(of server: Int) async {
        guard let text = try? await HTTP(port: site.ports[server]).text("/metrics") else { return }
        counters.redelivered += Self.value("waybill_redelivered_total", in: text)
        counters.stale += Self.value("waybill_result_outcomes_total{outcome=\"stale\"}", in: text)
        counters.stale += Self.value("waybill_result_outcomes_total{outcome=\"gone\"}", in: text)
    }

    private static func value(_ name: String, in text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") {
            return Int(line.dropFirst(name.count + 1)) ?? 0
        }
        return 0
    }
}
