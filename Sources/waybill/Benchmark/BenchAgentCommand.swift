import ArgumentParser
import Foundation
import Synchronization
import Values
import WaybillAgent

/// The agents of the bench, as a process of their own: handlers that do nothing, and a count of what they were given.
struct BenchAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-agent", abstract: "The agents of `waybill bench`.",
        discussion: "Example:\n  waybill bench-agent --bus-prefix bench-1. bench.one@1", shouldDisplay: false)

    @Argument(help: "The contracts.")
    var contracts: [String]
    @Option(help: "Tasks of a contract at once.")
    var prefetch = 100
    @Option(help: "A prefix of every exchange and queue name, as the server's.")
    var busPrefix = ""
    @OptionGroup var bus: BusOptions
    @OptionGroup var logging: LogOptions

    func run() async throws {
        let log = try logging.logger("waybill.bench.agent")
        var options = AgentOptions()
        options.queuePrefix = busPrefix
        let agent = Agent(name: "bench", bus: try bus.agentBus(), prefetch: prefetch, options: options, logger: log)
        let tally = Tally()
        for contract in contracts {
            agent.serve(contract) { input, task in
                tally.count.withLock { $0.executed(task.id) }
                return input
            }
        }
        try await agent.runService()
        print(tally.count.withLock { $0.json.text })
    }

    private final class Tally: Sendable {
        let count = Mutex(BenchCount())
    }
}
