import Delivery
import Foundation
import Values

/// What the bench found, for people and as JSON.
struct BenchReport: Sendable {
    struct Round: Sendable {
        var startsPerSecond = 0.0
        var rawAt1000 = 0.0
        var rawAtWindow = 0.0
        var tasksPerSecond = 0.0
        var instancesPerSecond = 0.0
        /// The most attempts that were out at once.
        var window = 0
        /// Microseconds a task.
        var cpu = CPUSeconds()

        /// Tasks for each raw round trip at a window of 1,000.
        var ratio: Double { rawAt1000 > 0 ? tasksPerSecond / rawAt1000 : 0 }

        func line(number: Int, of rounds: Int) -> String {
            "round \(number) of \(rounds): \(tasksPerSecond.whole) tasks/s, \(ratio.percent) of \(rawAt1000.whole) raw round trips/s"
        }
    }

    struct LowLoad: Sendable {
        var rate: Int
        var seconds: Int
        var instances: Int
        var instanceTimes: Latencies
        var hopTimes: Latencies
    }

    let options: Benchmark.Options
    let loadBefore = ProcessUsage.loadAverage
    /// The store's own words for how durable it is.
    var store: [String: String] = [:]
    var taskBytes: Int?
    var resultBytes: Int?
    var rounds: [Round] = []
    var lowLoad: LowLoad?
    var serverIdleBytes: Int?
    var serverLoadBytes: Int?
    var lost = 0
    var twice = 0

    init(_ options: Benchmark.Options) {
        self.options = options
    }

    #if DEBUG
        static let isRelease = false
    #else
        static let isRelease = true
    #endif

    /// What is wrong with the run; nil if nothing is.
    var failure: String? {
        lost == 0 && twice == 0 ? nil : "\(lost) tasks or instances were lost and \(twice) tasks were done twice"
    }

    private func spread(_ member: KeyPath<Round, Double>) -> Spread {
        Spread(rounds.map { $0[keyPath: member] })
    }

    private func cpu(_ member: KeyPath<CPUSeconds, Double?>) -> Double? {
        let values = rounds.compactMap { $0.cpu[keyPath: member] }
        return values.isEmpty ? nil : Spread(values).median
    }

    private var window: Int { rounds.map(\.window).max() ?? 0 }
}

// MARK: - For people

extension BenchReport {
    var text: String {
        var table = Table("", "MEDIAN", "RANGE")
        for (title, member, unit) in rates {
            let spread = spread(member)
            table.add([title, "\(spread.median.whole) \(unit)", "\(spread.minimum.whole) to \(spread.maximum.whole)"])
        }
        let ratio = spread(\.ratio)
        table.add([
            "share of raw at 1000", ratio.median.percent, "\(ratio.minimum.percent) to \(ratio.maximum.percent)",
        ])
        var lines = [table.text, ""]
        if let lowLoad {
            lines.append(
                "At \(lowLoad.rate) instances a second: an instance of three tasks takes \(Self.times(lowLoad.instanceTimes)), "
                    + "a task \(Self.times(lowLoad.hopTimes)),")
            lines.append("by the journal's clock, from one decision of the engine to the next.")
        }
        lines.append(
            "CPU a task: server \(Self.microseconds(cpu(\.server))), agents \(Self.microseconds(cpu(\.agents))), "
                + "RabbitMQ \(Self.microseconds(cpu(\.bus)))\(cpu(\.database).map { ", PostgreSQL \(Self.microseconds($0))" } ?? "")."
        )
        lines.append(
            "Memory of the server: \(Self.megabytes(serverIdleBytes)) idle, \(Self.megabytes(serverLoadBytes)) at most."
        )
        lines.append("Lost \(lost), twice \(twice), of \(options.instances * rounds.count) instances.")
        lines.append("")
        let settings = store.filter { $0.key != "store" }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        lines.append(
            "Durable, as read back: \(store["store"] ?? "store") \(settings.joined(separator: ", ")); "
                + "\(options.queueType.rawValue) queues; persistent and confirmed both ways.")
        lines.append(
            "Messages of \(taskBytes ?? 0) and \(resultBytes.map { String($0) } ?? "-") bytes; at most \(window) tasks were out at once "
                + "(prefetch \(options.prefetch)).")
        lines.append(Self.circumstances(loadBefore))
        return lines.joined(separator: "\n")
    }

    private var rates: [(title: String, member: KeyPath<Round, Double>, unit: String)] {
        [
            ("raw bus, window 1000", \.rawAt1000, "round trips/s"),
            ("raw bus, window \(window)", \.rawAtWindow, "round trips/s"),
            ("Waybill, backlog drains", \.tasksPerSecond, "tasks/s"), ("", \.instancesPerSecond, "instances/s"),
            ("starts over REST", \.startsPerSecond, "instances/s"),
        ]
    }

    private static func circumstances(_ load: Double?) -> String {
        let build = isRelease ? "Release build" : "DEBUG BUILD: measure with `swift build $(deploy/release-flags)`"
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard let load else { return "\(build); \(cores) cores." }
        let busy = load > Double(cores) / 4 ? ": other programs were busy, so that only the shares mean something" : ""
        return "\(build); \(cores) cores; load \(String(format: "%.1f", load)) before\(busy)."
    }

    private static func times(_ times: Latencies) -> String {
        guard let middle = times.percentile(0.5), let late = times.percentile(0.99) else { return "-" }
        return "\(middle.whole) ms (p99 \(late.whole))"
    }

    private static func microseconds(_ value: Double?) -> String { value.map { "\($0.whole) µs" } ?? "unknown" }

    private static func megabytes(_ bytes: Int?) -> String { bytes.map { "\($0 >> 20) MB" } ?? "unknown" }
}

// MARK: - For programs

extension BenchReport {
    var json: JSON {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("release", .bool(Self.isRelease))
        writer.member("cores", .number(ProcessInfo.processInfo.activeProcessorCount))
        writer.member("loadBefore", .double(loadBefore))
        writer.member("instances", .number(options.instances))
        writer.member("tasksPerInstance", .number(Workload.tasks.count))
        writer.member("queueType", .string(options.queueType.rawValue))
        writer.member("prefetch", .number(options.prefetch))
        writer.member("window", .number(window))
        writer.member("payloadBytes", .number(options.payload))
        writer.member("taskMessageBytes", taskBytes.map { .number($0) } ?? .null)
        writer.member("resultMessageBytes", resultBytes.map { .number($0) } ?? .null)
        writer.member(
            "durable", .object(store.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) }))
        writer.member("rawRoundTripsPerSecondAt1000", .spread(spread(\.rawAt1000)))
        writer.member("rawRoundTripsPerSecondAtWindow", .spread(spread(\.rawAtWindow)))
        writer.member("tasksPerSecond", .spread(spread(\.tasksPerSecond)))
        writer.member("instancesPerSecond", .spread(spread(\.instancesPerSecond)))
        writer.member("startsPerSecond", .spread(spread(\.startsPerSecond)))
        writer.member("shareOfRawAt1000", .spread(spread(\.ratio)))
        writer.member(
            "cpuMicrosecondsPerTask",
            .object([
                ("server", .double(cpu(\.server))), ("agents", .double(cpu(\.agents))), ("bus", .double(cpu(\.bus))),
                ("database", .double(cpu(\.database))),
            ]))
        writer.member(
            "serverMemoryBytes",
            .object([
                ("idle", serverIdleBytes.map { .number($0) } ?? .null),
                ("load", serverLoadBytes.map { .number($0) } ?? .null),
            ]))
        writer.member("lowLoad", lowLoad?.json ?? .null)
        writer.member("lost", .number(lost))
        writer.member("twice", .number(twice))
        writer.endObject()
        return writer.finish()
    }
}

extension BenchReport.LowLoad {
    fileprivate var json: JSON {
        .object([
            ("instancesPerSecond", .number(rate)), ("seconds", .number(seconds)), ("instances", .number(instances)),
            ("instanceMilliseconds", .percentiles(instanceTimes)), ("taskMilliseconds", .percentiles(hopTimes)),
        ])
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: JSON) {
        key(name)
        raw(value)
    }
}

extension JSON {
    fileprivate static func double(_ value: Double?) -> JSON {
        guard let value else { return .null }
        var writer = JSONWriter()
        writer.double((value * 10_000).rounded() / 10_000)
        return writer.finish()
    }

    fileprivate static func spread(_ spread: Spread) -> JSON {
        .object([
            ("median", .double(spread.median)), ("minimum", .double(spread.minimum)),
            ("maximum", .double(spread.maximum)), ("rounds", .array(spread.values.map { .double($0) })),
        ])
    }

    fileprivate static func percentiles(_ times: Latencies) -> JSON {
        .object([("p50", .double(times.percentile(0.5))), ("p99", .double(times.percentile(0.99)))])
    }
}

extension Double {
    /// Without a fraction, in groups of three.
    var whole: String {
        var digits = String(Int(rounded()))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return ([Substring(digits)] + groups).joined(separator: ",")
    }

    var percent: String { "\(Int((self * 100).rounded())) %" }
}
