import Foundation
import Values

/// A storm of timers: many instances wait for the same moment, which passes while no server runs.
struct TimerBench: Sendable {
    struct Result: Sendable {
        let instances: Int
        /// From the server's start until the last instance had ended.
        let seconds: Double
        /// Of instances without a timer, started all the while: how long their start took.
        let others: Latencies
        /// Those that did not end, and those that there are too many of.
        let lost: Int
        let twice: Int
        let serverBytes: Int
    }

    let bench: Benchmark
    private let key = "storm"

    init(_ bench: Benchmark) {
        self.bench = bench
    }

    func run() async throws -> Result {
        let count = bench.options.instances
        return try await bench.inScratch { folder in
            let due = try await bench.withServer("server", folder) { server in
                try await server.push(Self.files)
                // Time enough for all starts on a slow machine; the storm waits until it has passed.
                let due = Date.now.addingTimeInterval(5 + Double(count) / 400)
                bench.say("starting \(count) instances with a timer that is due at \(due.formatted(.iso8601))")
                let body = Self.start(due: due, businessKey: key)
                try await server.start(count, of: "bench.timer", concurrency: 32) { body }
                guard Date.now < due else {
                    throw CommandError("starting \(count) instances took so long that timers are due already")
                }
                return due
            }
            bench.say("the server has ended; waiting until \(due.formatted(.iso8601))")
            try await Task.sleep(for: .seconds(max(0, due.timeIntervalSinceNow) + 0.1))
            let began = Date.now
            return try await bench.withServer("server-again", folder) { try await watch($0, began) }
        }
    }

    private func watch(_ server: BenchServer, _ began: Date) async throws -> Result {
        bench.say("the server runs again, and all timers are due")
        var starts: [Double] = []
        var bytes = 0
        repeat {
            let asked = ContinuousClock.now
            _ = try await server.client.post(
                "/v1/workflows/bench.plain/start", .object([("input", .object([]))]), with: "id")
            starts.append((ContinuousClock.now - asked).seconds * 1000)
            bytes = max(bytes, ProcessUsage.residentBytes(of: server.process.id) ?? 0)
            try await Task.sleep(for: .milliseconds(50))
            guard Date.now.timeIntervalSince(began) < 3600 else { throw CommandError("the storm lasts for an hour") }
        } while try await server.has("Running")
        let rows = try await server.rows("instances", businessKey: key)
        let ends = rows.compactMap { row in
            row["state"]?.stringValue == "Completed"
                ? row["endedAt"]?.stringValue.flatMap { Timestamp(iso8601: $0) } : nil
        }
        let last = ends.map(\.millisecondsSinceEpoch).max() ?? 0
        return Result(
            instances: bench.options.instances, seconds: Double(last) / 1000 - began.timeIntervalSince1970,
            others: Latencies(milliseconds: starts), lost: max(bench.options.instances - ends.count, 0),
            twice: max(rows.count - bench.options.instances, 0), serverBytes: bytes)
    }

    // MARK: - What waits

    static let workflows = ["bench.timer", "bench.plain"]

    private static func start(due: Date, businessKey: String) -> JSON {
        .object([
            ("input", .object([("due", .string(due.formatted(.iso8601)))])), ("businessKey", .string(businessKey)),
        ])
    }

    private static let files = [
        (path: "timer.yaml", content: contract("timer", "{due: {type: string, format: date-time}}")),
        (path: "plain.yaml", content: contract("plain", "{}")),
        (
            path: "timer.bpmn",
            content: model(
                "timer",
                """
                <bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition><bpmn:timeDate>${due}</bpmn:timeDate>
                </bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
                <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="wait"/>
                <bpmn:sequenceFlow id="f2" sourceRef="wait" targetRef="end"/>
                """)
        ),
        (
            path: "plain.bpmn",
            content: model("plain", #"<bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="end"/>"#)
        ),
    ]

    private static func contract(_ name: String, _ properties: String) -> String {
        """
        kind: workflow
        name: bench.\(name)
        version: "1.0"
        process: bench-\(name)
        input: {type: object, properties: \(properties)}

        """
    }

    private static func model(_ name: String, _ body: String) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://waybill.dev/bench">
          <bpmn:process id="bench-\(name)" isExecutable="true">
            <bpmn:startEvent id="start"/><bpmn:endEvent id="end"/>
            \(body)
          </bpmn:process>
        </bpmn:definitions>

        """
    }
}
