import ArgumentParser
import Foundation
import RabbitMQBus
import UnixSignals

/// What every measurement over a store and a bus takes.
struct BenchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with a database's address: PostgreSQL, in a schema that is made and dropped. SQLite without it.",
            valueName: "file"))
    var postgresUrlFile: String?
    @Option(help: "Where the store is made: a directory of a disk.")
    var scratch = "/var/tmp"
    @OptionGroup var output: OutputOptions
    @OptionGroup var bus: BusOptions

    func store() throws -> BenchStore { try BenchStore(postgresURLFile: postgresUrlFile) }

    func address() throws -> RabbitMQAddress { try bus.configuration(clientName: "waybill-bench").address() }

    /// Runs `body` with a benchmark that tells a terminal how far it is. SIGINT or SIGTERM cancels it, so that what it
    /// started ends and what it made is removed.
    func run<Answer: Sendable>(
        _ options: Benchmark.Options, _ body: @escaping @Sendable (Benchmark) async throws -> Answer
    ) async throws -> Answer {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let bench = Benchmark(options) { line in
            if isTerminal { FileHandle.standardError.write(Data((line + "\n").utf8)) }
        }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask { try await body(bench) }
            group.addTask {
                for await _ in signals { throw CommandError("interrupted") }
                return nil
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }
}
