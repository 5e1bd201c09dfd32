import ArgumentParser

/// It has no options of its own: those of a command hide the same ones of its subcommands.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this program, on this machine, as it is used.",
        discussion: """
            Without a subcommand it is `waybill bench tasks`; `waybill help bench tasks` shows its options.

            Examples:
              deploy/rabbitmq start .waybill/rabbitmq
              waybill bench --amqp-url-file .waybill/rabbitmq/amqp.url
              waybill bench timers --amqp-url-file .waybill/rabbitmq/amqp.url
            """,
        subcommands: [BenchTasksCommand.self, BenchChildrenCommand.self, BenchTimersCommand.self],
        defaultSubcommand: BenchTasksCommand.self)
}
