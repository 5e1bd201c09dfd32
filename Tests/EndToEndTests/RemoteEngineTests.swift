import Foundation
import Testing
import Values

/// A broker in one process, the engine in another, and between them a network that loses, cuts, delays and repeats.
@Suite(.serialized) struct RemoteEngineTests {
    private static let instances = 60

    @Test(.timeLimit(.minutes(10)))
    func `a broker loses nothing and applies nothing twice over a bad network to its engine`() async throws {
        let seed =
            ProcessInfo.processInfo.environment["WAYBILL_WIRE_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 1...9999)
        print("remote engine: seed \(seed)")
        // The engine and the broker have one store: its contracts are what the broker works by.
        let site = try Installation("remote", store: .postgres, servers: 2)
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.postgres("start")
        try site.startServer(["--roles", "engine,deployer,indexer,web"])
        try await site.waitUntilReady()
        let proxy = try FaultyProxy(port: Installation.freePort(), target: site.port, seed: seed)
        defer { proxy.tearDown() }
        let fixtures = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/kill").path
        try site.waybill("push", fixtures, "-m", "a bad network")
        try site.startServer(
            ["--roles", "broker", "--engine", "http://127.0.0.1:\(proxy.port)/engine-rest"], number: 1)
        let runs = site.directory.appending(path: "runs.log").path
        for agent in ["a", "b"] {
            try site.startAgent(
                agent, contract: "kill.step@1", exec: fixtures + "/step", prefetch: 8, arguments: [runs])
        }

        for number in 0..<Self.instances {
            try site.waybill("start", "kill.three-steps", "--set", "number=\(number)")
            try await Task.sleep(for: .milliseconds(200))
        }
        proxy.heal()
        try await site.waitForAll(seconds: 300)

        let rows = try await Verdict.read(site, expecting: Self.instances, runs: runs)
        let counts = proxy.counts
        print(
            """
            remote engine: \(counts.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", ")); \
            \(rows.tasks) tasks, \(rows.executions) executions, lost \(rows.lost), applied twice \(rows.twice)
            """)
        #expect(rows.lost == 0, "instances that did not complete, or with a wrong sum")
        #expect(rows.twice == 0, "tasks completed more than once")
        for fault in FaultyProxy.Fault.allCases { #expect(counts[fault, default: 0] > 0, "\(fault) never happened") }
    }
}
