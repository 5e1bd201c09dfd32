import Foundation
import Testing
import Values

/// `waybill bench`, small.
@Suite(.serialized) struct BenchTests {
    @Test func `measures, loses nothing, and leaves nothing behind`() throws {
        let site = try Installation("bench")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        let url = site.directory.appending(path: "rabbitmq/amqp.url").path

        let text = try site.waybill(
            "bench", "--instances", "50", "--rounds", "1", "--seconds", "2", "--json", "--amqp-url-file", url,
            "--scratch", site.directory.path)

        let report = try JSON(validating: text)
        #expect(report["lost"]?.intValue == 0 && report["twice"]?.intValue == 0, "\(text)")
        for rate in [
            "rawRoundTripsPerSecondAt1000", "rawRoundTripsPerSecondAtWindow", "tasksPerSecond", "startsPerSecond",
            "shareOfRawAt1000",
        ] {
            #expect(report[rate]?["median"].flatMap { Double($0.text) }.map { $0 > 0 } == true, "\(rate): \(text)")
            #expect(report[rate]?["rounds"]?.elements()?.count == 1, "\(rate): \(text)")
        }
        #expect(report["durable"]?["synchronous"]?.stringValue == "full", "\(text)")
        #expect(report["durable"]?["journal_mode"]?.stringValue == "wal", "\(text)")
        #expect(report["taskMessageBytes"]?.intValue.map { $0 > 512 } == true, "\(text)")
        #expect(report["cpuMicrosecondsPerTask"]?["bus"]?.isNull == false, "\(text)")
        #expect(report["lowLoad"]?["instances"]?.intValue == 40, "\(text)")
        #expect(report["lowLoad"]?["instanceMilliseconds"]?["p99"]?.isNull == false, "\(text)")
        let left = try FileManager.default.contentsOfDirectory(atPath: site.directory.path)
        #expect(!left.contains { $0.hasPrefix("waybill-bench") }, "\(left)")
        #expect(
            try names(site, "list_queues") == [] && names(site, "list_exchanges").allSatisfy { !$0.contains("bench") })
    }

    @Test func `a storm of timers that passed while no server ran ends each instance once`() throws {
        let site = try Installation("bench-timers")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        let url = site.directory.appending(path: "rabbitmq/amqp.url").path

        let text = try site.waybill(
            "bench", "timers", "--instances", "300", "--json", "--amqp-url-file", url, "--scratch", site.directory.path)

        let report = try JSON(validating: text)
        #expect(report["lost"]?.intValue == 0 && report["twice"]?.intValue == 0, "\(text)")
        #expect(report["milliseconds"]?.intValue.map { $0 > 0 } == true, "\(text)")
    }

    @Test func `says what is wrong with how it is run`() throws {
        let site = try Installation("bench-options")
        defer { site.tearDown() }
        let memory = "/dev/shm"
        for (arguments, problem) in [
            (["--rounds", "0"], "--rounds"), (["--queue-type", "fast"], "quorum or classic"),
            (["--scratch", memory], "in memory"), (["--scratch", "/nonexistent"], "/nonexistent"),
        ] {
            let outcome = try Installation.outcome(
                of: Installation.program, ["bench"] + arguments,
                environment: ["WAYBILL_AMQP_URL": "amqp://127.0.0.1:1/none"])
            #expect(outcome.status != 0 && outcome.text.contains(problem), "\(outcome.text)")
        }
    }

    /// What the node lists, by name.
    private func names(_ site: Installation, _ list: String) throws -> [String] {
        let script = """
            eval "$("$1" env "$2")"
            exec /usr/lib/rabbitmq/bin/rabbitmqctl -q --no-table-headers \(list) -p waybill name
            """
        let text = try Installation.run(
            "/bin/bash",
            [
                "-c", script, "bash", Installation.root.appending(path: "deploy/rabbitmq").path,
                site.directory.appending(path: "rabbitmq").path,
            ])
        return text.split(separator: "\n").map(String.init)
    }
}
