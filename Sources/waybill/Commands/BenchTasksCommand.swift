import ArgumentParser
import Delivery
import Values

struct BenchTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Measure this program and the bus it runs on, side by side: tasks a second, and how long one takes.",
        discussion: """
            Starts a server and agents of its own, on a new store in --scratch and under a prefix of its own on the bus, and
            removes all of it at the end. Workflows of three tasks in a sequence run to their end. Each round measures, in turn,
            what the bus alone can do (round trips of messages of the same size, as durable) and how fast a backlog drains; then
            once how long an instance takes when there is little to do. Nothing is measured on settings that could lose work, and a
            run that lost a task or did one twice fails.

            Examples:
              deploy/rabbitmq start .waybill/rabbitmq
              waybill bench --amqp-url-file .waybill/rabbitmq/amqp.url
              waybill bench --instances 20000 --rounds 5 --payload 4096 --json
              waybill bench --postgres-url-file .waybill/postgres/postgres.url
              waybill bench --queue-type classic --rate 20 --seconds 30
            """)

    @Option(help: "Workflow instances of each round.")
    var instances = 5000
    @Option(help: "Rounds; the medians are told.")
    var rounds = 3
    @Option(help: "Bytes of the text that each task is given and gives back.")
    var payload = 512
    /// Of three contracts: together as much as the worker of the raw round trips may have ahead.
    @Option(help: "Tasks of a contract that the agents do at once.")
    var prefetch = 333
    @Option(help: "Instances a second when there is little to do.")
    var rate = 20
    @Option(help: "For how long; 0 leaves that out.")
    var seconds = 15
    @Option(help: "The kind of queue: quorum or classic.")
    var queueType = "quorum"
    @Option(
        help: ArgumentHelp(
            "Tasks in one poll of the broker, at most; the server's default without it.", valueName: "tasks"))
    var pollLimit: Int?
    @OptionGroup var common: BenchOptions

    func run() async throws {
        try Settings.check()
        let options = try checked()
        let report = try await common.run(options) { try await $0.run() }
        print(common.output.json ? report.json.text : report.text)
        if let failure = report.failure { throw CommandError(failure) }
    }

    private func checked() throws -> Benchmark.Options {
        for (name, value, range) in [
            ("instances", instances, 1...1_000_000), ("rounds", rounds, 1...100), ("payload", payload, 16...100_000),
            ("prefetch", prefetch, 1...65_535), ("rate", rate, 1...1000), ("seconds", seconds, 0...3600),
        ] where !range.contains(value) {
            throw CommandError("--\(name) is a number from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
        guard let queueType = QueueType(rawValue: queueType) else {
            throw CommandError("--queue-type is quorum or classic, not '\(queueType)'")
        }
        return Benchmark.Options(
            instances: instances, rounds: rounds, payload: payload,
            store: try common.store(), queueType: queueType, prefetch: prefetch, rate: rate, seconds: seconds,
            serverArguments: pollLimit.map { ["--poll-limit", String($0)] } ?? [],
            busArguments: common.bus.arguments, address: try common.address(), scratch: common.scratch)
    }
}
