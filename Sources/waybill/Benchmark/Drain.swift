import Foundation
import RabbitMQBus
import Values

/// What is seen of the server while a backlog drains.
struct DrainUsage: Sendable {
    /// The most attempts that were out at once: the window that the product works with.
    private(set) var window = 0
    private(set) var serverBytes = 0
    var cpu = CPUSeconds()
    private var observations = 0
    private var lastProgress = (results: 0.0, at: ContinuousClock.now)

    /// Called ten times a second; looks at the metrics, which cost the server something, once a second.
    ///
    /// Throws if nothing has happened for a minute.
    mutating func observe(_ server: BenchServer) async throws {
        serverBytes = max(serverBytes, ProcessUsage.residentBytes(of: server.process.id) ?? 0)
        observations += 1
        guard observations % 10 == 5 else { return }
        let metrics = try await server.metrics()
        window = max(window, Int(metrics.sum("waybill_tasks_out")))
        let results = metrics.sum("waybill_result_outcomes_total")
        if results > lastProgress.results { lastProgress = (results, .now) }
        if ContinuousClock.now - lastProgress.at > .seconds(60) {
            throw CommandError(
                "no task has been done for a minute; the server's log ends with\n\(server.process.logTail)")
        }
    }
}

/// CPU time of each program that has a part in a task; nil where it cannot be seen, on another machine for one.
struct CPUSeconds: Sendable {
    var server: Double?
    var agents: Double?
    var bus: Double?
    /// Of a database server; nil with an embedded one, which is the server's.
    var database: Double?

    func since(_ earlier: CPUSeconds) -> CPUSeconds {
        func difference(_ member: KeyPath<CPUSeconds, Double?>) -> Double? {
            guard let now = self[keyPath: member], let then = earlier[keyPath: member] else { return nil }
            return now - then
        }
        return CPUSeconds(
            server: difference(\.server), agents: difference(\.agents), bus: difference(\.bus),
            database: difference(\.database))
    }

    /// In microseconds.
    func perTask(_ tasks: Int) -> CPUSeconds {
        func share(_ seconds: Double?) -> Double? { seconds.map { $0 / Double(tasks) * 1e6 } }
        return CPUSeconds(server: share(server), agents: share(agents), bus: share(bus), database: share(database))
    }
}

/// The programs whose CPU time is told.
struct BenchProcesses: Sendable {
    let server: pid_t
    let bus: pid_t?

    let database: pid_t?

    init(server: pid_t, _ options: Benchmark.Options) {
        self.server = server
        let hosts = options.address.hosts
        let isHere = hosts.count == 1 && ["127.0.0.1", "localhost", "::1"].contains(hosts[0].name)
        bus = isHere ? ProcessUsage.listener(port: hosts[0].port) : nil
        database = options.store.localPort.flatMap { ProcessUsage.listener(port: $0) }
    }

    func seconds() -> CPUSeconds {
        CPUSeconds(
            server: ProcessUsage.seconds(of: server), bus: bus.flatMap { ProcessUsage.seconds(of: $0) },
            database: database.flatMap { ProcessUsage.secondsWithChildren(of: $0) })
    }
}

/// Whether a round did each task exactly once, from the index and the agents' own count.
struct Verdict: Sendable {
    private(set) var lost = 0
    private(set) var twice = 0
    /// When the last instance ended, milliseconds since 1970.
    private(set) var lastEnd: Int64 = 0

    init(_ server: BenchServer, _ key: String, instances: Int, count: BenchCount) async throws {
        let rows = try await server.rows("instances", businessKey: key)
        let tasks = Workload.tasks.count
        var finished = 0
        for row in rows {
            let done = row["tasksDone"]?.intValue ?? 0
            twice += max(done - tasks, 0)
            if row["state"]?.stringValue == "Completed", done >= tasks { finished += 1 }
            if let end = row["endedAt"]?.stringValue.flatMap({ Timestamp(iso8601: $0) }) {
                lastEnd = max(lastEnd, end.millisecondsSinceEpoch)
            }
        }
        lost = max(instances - finished, 0)
        twice += count.repeated + max(rows.count - instances, 0)
        if count.executions < instances * tasks { lost = max(lost, instances * tasks - count.executions) }
    }
}

/// A directory for the data of one run, on a disk.
struct ScratchFolder: Sendable {
    let path: String

    init(in parent: String) throws {
        guard FileManager.default.isWritableFile(atPath: parent) else {
            throw CommandError("\(parent) is no directory that this user may write to")
        }
        if let type = ProcessUsage.fileSystem(of: parent), ["tmpfs", "ramfs"].contains(type) {
            throw CommandError(
                "\(parent) is in memory, where nothing is durable: name a directory of a disk with --scratch")
        }
        path = "\(parent)/waybill-bench-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
