import ArgumentParser
import Contracts
import Foundation
import Values

@main
struct Waybill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waybill",
        abstract: "Message-bus workflow orchestrator: BPMN workflows, agents over RabbitMQ, nothing lost.",
        discussion: """
            Run the whole of it on one machine with `waybill dev`; the other commands speak REST to the server that
            WAYBILL_SERVER names (http://127.0.0.1:8585 without it; WAYBILL_TOKEN if the server wants one).
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Serving:", subcommands: [DevCommand.self, ServeCommand.self, AgentCommand.self]),
            CommandGroup(
                name: "Contracts and workflows:",
                subcommands: [
                    PushCommand.self, PullCommand.self, LogCommand.self, DiffCommand.self, UsesCommand.self,
                    WorkflowsCommand.self,
                ]),
            CommandGroup(
                name: "Installations:",
                subcommands: [
                    StageCommand.self, DeploymentCommand.self, SettingsCommand.self, KeyCommand.self, AuditCommand.self,
                ]),
            CommandGroup(
                name: "On files, without a server:",
                subcommands: [
                    CheckCommand.self, TestCommand.self, ContractCommand.self, DecideCommand.self,
                    ConformanceCommand.self,
                ]),
            CommandGroup(
                name: "Instances:",
                subcommands: [
                    StartCommand.self, WaitCommand.self, ListCommand.self, ShowCommand.self, HistoryCommand.self,
                    TasksCommand.self,
                    CancelCommand.self, RetryCommand.self, SuspendCommand.self, ResumeCommand.self, ModifyCommand.self,
                    RestartCommand.self, MigrateCommand.self,
                ]),
            CommandGroup(
                name: "Events and people:",
                subcommands: [PublishCommand.self, SignalCommand.self, ClaimCommand.self, CompleteCommand.self]),
            CommandGroup(
                name: "Measuring and proving:",
                subcommands: [BenchCommand.self, BenchAgentCommand.self, SimulateCommand.self, VerifyCommand.self]),
        ])

    /// As the library does it, and besides: what was printed is known to be written, and findings are told as they are.
    static func main() async {
        HeapSettings.prepare()
        StandardOutput.prepare()
        do {
            try checkName()
            var command = try parseAsRoot()
            if var waiting = command as? any AsyncParsableCommand {
                try await waiting.run()
            } else {
                try command.run()
            }
        } catch {
            leave(with: error)
        }
        leave(with: ExitCode.success)
    }

    /// A command that is not there was mistyped.
    private static func checkName() throws {
        guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-") else { return }
        let names =
            configuration.subcommands.map { $0.configuration.commandName ?? "" }
            + configuration.groupedSubcommands.flatMap(\.subcommands).map { $0.configuration.commandName ?? "" }
        guard name != "help", !names.contains(name) else { return }
        throw CommandError(
            "there is no command '\(name)'; \(Spelling.suggestion(for: name, among: names) ?? "see waybill --help")")
    }

    private static func leave(with error: any Error) -> Never {
        if let problem = StandardOutput.problem() { exit(withError: CommandError(problem)) }
        if let findings = error as? Diagnostics {
            FileHandle.standardError.write(Data("\(findings)\n".utf8))
            exit(withError: ExitCode.failure)
        }
        exit(withError: error)
    }
}
