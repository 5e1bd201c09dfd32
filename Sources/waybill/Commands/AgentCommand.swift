import ArgumentParser
import Foundation
import Logging
import Services
import Values
import WaybillAgent

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Serve a task contract with any executable.",
        discussion: """
            For each task the executable runs once: input JSON on standard input, output JSON (an object) on standard output.
            Lines on standard error that begin with a word of ours are messages, the others are logged:
              waybill:progress 0.5 half way        progress, 0 to 1, and a text
              waybill:event NAME {"any": "json"}   an event of the contract
              waybill:error CODE why               the BPMN error that exit status 10 then means
            Exit status: 0 completed, 10 BPMN error, 64 or 65 failed for good, 75 and every other failed, tried again as the
            contract says. A cancelled task gets SIGTERM, and SIGKILL after ten seconds. The environment has WAYBILL_TASK,
            WAYBILL_ATTEMPT, WAYBILL_CONTRACT, WAYBILL_INSTANCE, WAYBILL_CORRELATION_ID and, if the start named a user,
            WAYBILL_RUN_AS. SIGTERM drains: running tasks are finished first.

            Examples:
              waybill agent --contract media.derive-proxy@1 --exec ./derive-proxy --amqp-url-file .waybill/rabbitmq/agent.url
              waybill agent --contract demo.echo@1 --exec cat --prefetch 4 --publish echo.yaml
            """)

    @Option(help: "The contract it serves, NAME@MAJOR.")
    var contract: String
    @Option(help: "The program: a path, or a name in PATH.")
    var exec: String
    @Argument(help: "Arguments for the program, after --.")
    var arguments: [String] = []
    @Option(help: "What the bus and the log call it (default: made of the contract).")
    var name: String?
    @Option(help: "Tasks at once, 1 to 65535.")
    var prefetch = 1
    @Option(help: "How long the bus bears an unacknowledged task, seconds: RabbitMQ's consumer_timeout.")
    var consumerTimeout = 1800
    @Option(help: "A contract file to publish to the server first; a changed contract needs a new version.")
    var publish: [String] = []
    @Flag(help: "Declare exchanges and queues instead of waiting for the broker's.")
    var declare = false
    @Option(help: "A prefix of every exchange and queue name, as the server's.")
    var busPrefix = Settings.value("bus-prefix") ?? ""
    @OptionGroup var bus: BusOptions
    @OptionGroup var logging: LogOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard consumerTimeout > 0 else { throw ValidationError("--consumer-timeout is a number of seconds from 1") }
    }

    func run() async throws {
        try Settings.check()
        let log = try logging.logger("waybill.agent")
        let runner = try ExecRunner(command: [exec] + arguments, logger: log)
        if !publish.isEmpty { try await publishContracts() }
        var options = AgentOptions()
        options.declaresQueues = declare
        options.queuePrefix = busPrefix
        options.consumerTimeout = .seconds(consumerTimeout)
        let agent = Agent(
            name: name ?? contract.replacingOccurrences(of: "@", with: "-").replacingOccurrences(of: ".", with: "-"),
            bus: try bus.agentBus(), prefetch: prefetch, options: options, logger: log)
        agent.serve(contract) { input, task in try await runner.run(input, task) }
        let waits = declare ? "" : "; its queue is there once the contract was pushed, or with --declare"
        log.notice("serving \(contract) with \(exec), \(prefetch) at once\(waits)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await agent.runService()
                } catch let error as AgentError {
                    throw CommandError("\(error)")
                }
            }
            group.addTask {
                guard await runner.missing.wait() else { return }
                throw CommandError("\(exec) is gone; the tasks it was to do go to other agents")
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func publishContracts() async throws {
        let files = try publish.map { path -> JSON in
            .object([
                (name: "path", value: .string(path)), (name: "content", value: .string(try InputFile.text(path))),
            ])
        }
        try await RESTClient.with(server) { client in
            _ = try await client.post(
                "/v1/config/push",
                .object([
                    (name: "author", value: .string(NSUserName())),
                    (name: "message", value: .string("published by the agent of \(contract)")),
                    (name: "files", value: .array(files)),
                ]), with: "status")
        }
    }
}
