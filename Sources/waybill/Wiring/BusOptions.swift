import ArgumentParser
import Foundation
import RabbitMQBus
import WaybillAgent

/// Where RabbitMQ is. The address holds a password, so it comes from a file or the environment rather than a flag's value.
struct BusOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the bus's address, amqp://user:password@host:port/vhost. Without it: WAYBILL_AMQP_URL.",
            valueName: "file"))
    var amqpUrlFile: String?

    private enum Place {
        case file(String)
        case url(String)
    }

    func configuration(clientName: String) throws -> RabbitMQConfiguration {
        do {
            switch try place() {
            case .file(let path): return try RabbitMQConfiguration(urlFile: path, clientName: clientName)
            case .url(let url): return try RabbitMQConfiguration(url: url, clientName: clientName)
            }
        } catch let error as RabbitMQAddressError {
            throw CommandError("the bus's address: \(error)")
        }
    }

    func agentBus() throws -> AgentBus {
        switch try place() {
        case .file(let path): .rabbitMQ(urlFile: path)
        case .url(let url): .rabbitMQ(url: url)
        }
    }

    /// The same place as arguments for another process of this program, wherever that one runs.
    var arguments: [String] {
        guard let file = amqpUrlFile ?? Settings.value("amqp-url-file") else { return [] }
        return ["--amqp-url-file", URL(fileURLWithPath: file).path]
    }

    private func place() throws -> Place {
        let environment = ProcessInfo.processInfo.environment
        if let file = amqpUrlFile ?? Settings.value("amqp-url-file") { return .file(file) }
        if let url = environment["WAYBILL_AMQP_URL"] { return .url(url) }
        throw CommandError(
            """
            Waybill needs a RabbitMQ. Start a private one for this directory:
              deploy/rabbitmq start .waybill/rabbitmq
            and name it with --amqp-url-file .waybill/rabbitmq/amqp.url, or set WAYBILL_AMQP_URL to
            amqp://user:password@host:port/vhost of one you have. `deploy/run` does all of it.
            """)
    }
}
