import ArgumentParser
import Foundation

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run all of Waybill in one process on an embedded store.",
        discussion: """
            Engine, broker, deployment service, index and REST API on SQLite; RabbitMQ is the bus. Data stays in --data: a
            second run goes on where the first ended, after a crash too.

            Examples:
              deploy/rabbitmq start .waybill/rabbitmq
              waybill dev --amqp-url-file .waybill/rabbitmq/amqp.url
              waybill dev --data /var/lib/waybill --listen 127.0.0.1:9000 --log-level debug
            """)

    @Option(help: "The directory of the data.")
    var data = Settings.value("data") ?? ".waybill/data"
    @OptionGroup var serving: ServingOptions
    @OptionGroup var bus: BusOptions
    @OptionGroup var logging: LogOptions

    func run() async throws {
        try Settings.check()
        try await Server(
            Server.Configuration(
                roles: Set(Role.allCases), place: .directory(data), serving: serving.checked(),
                bus: bus.configuration(clientName: "waybill-dev"), log: logging.logger("waybill"))
        ).run()
    }
}
