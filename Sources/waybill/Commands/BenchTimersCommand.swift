import ArgumentParser
import Delivery
import Foundation
import RabbitMQBus
import Values

struct BenchTimersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timers",
        abstract: "Measure a storm of timers: many instances wait for one moment, which passes while no server runs.",
        discussion: """
            Starts a server of its own, as `waybill bench` does, and many instances of a workflow that waits for a timer; ends the
            server, waits until the timers are due, and starts it again. Told are how long it took until all instances had ended,
            and how long the start of other instances took meanwhile. A run in which one did not end, or ended twice, fails.

            Examples:
              deploy/rabbitmq start .waybill/rabbitmq
              waybill bench timers --amqp-url-file .waybill/rabbitmq/amqp.url
              waybill bench timers --instances 20000 --json
            """)

    @Option(help: "Instances that wait.")
    var instances = 100_000
    @OptionGroup var common: BenchOptions

    func run() async throws {
        try Settings.check()
        guard (1...1_000_000).contains(instances) else {
            throw CommandError("--instances is a number from 1 to 1000000, not \(instances)")
        }
        let options = Benchmark.Options(
            instances: instances, rounds: 1, payload: 16, store: try common.store(), queueType: .quorum, prefetch: 1,
            rate: 1, seconds: 0, serverArguments: [], busArguments: common.bus.arguments, address: try common.address(),
            scratch: common.scratch)
        let result = try await common.run(options) { try await TimerBench($0).run() }
        print(common.output.json ? result.json.text : result.text)
        guard result.lost == 0, result.twice == 0 else {
            throw CommandError("\(result.lost) instances did not end, \(result.twice) are too many")
        }
    }
}

extension TimerBench.Result {
    fileprivate var text: String {
        """
        \(instances) timers due at once: all instances ended \(seconds.formatted(.number.precision(.fractionLength(1)))) s \
        after the server's start
        \(Int(Double(instances) / max(seconds, 0.001))) timers a second; lost \(lost), twice \(twice)
        starts of others meanwhile: p50 \(milliseconds(0.5)) ms, p99 \(milliseconds(0.99)) ms
        memory of the server at most \(serverBytes >> 20) MB
        """
    }

    private func milliseconds(_ share: Double) -> String {
        (others.percentile(share) ?? 0).formatted(.number.precision(.fractionLength(1)))
    }

    fileprivate var json: JSON {
        func microseconds(_ share: Double) -> JSON { .number(Int((others.percentile(share) ?? 0) * 1000)) }
        return .object([
            ("instances", .number(instances)), ("milliseconds", .number(Int(seconds * 1000))), ("lost", .number(lost)),
            ("twice", .number(twice)), ("startMicrosecondsP50", microseconds(0.5)),
            ("startMicrosecondsP99", microseconds(0.99)), ("serverBytes", .number(serverBytes)),
        ])
    }
}
