import ArgumentParser
import Foundation
import WebServer

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
    @Option(help: "Where the REST API listens, HOST:PORT. Other hosts than loopback need --token-file.")
    var listen = Settings.value("listen") ?? "127.0.0.1:8585"
    @Option(help: "A file with the token that callers must send as Authorization: Bearer.")
    var tokenFile: String?
    @Option(
        help: ArgumentHelp(
            "The address of the REST API for agents, who fetch large inputs there. By default where it listens.",
            valueName: "url"))
    var publicUrl: String?
    @Option(help: "A task message over this many bytes leaves its largest inputs to be fetched.")
    var claimBytes = 256 << 10
    @Option(help: "The kind of queue: quorum (safe and fast under load) or classic (lowest latency when idle).")
    var queueType = Settings.value("queue-type") ?? "quorum"
    @Option(help: "Tasks in one poll of the broker, at most.")
    var pollLimit = Settings.value("poll-limit").flatMap { Int($0) } ?? 10
    @Option(help: "A prefix of every exchange and queue name.")
    var busPrefix = Settings.value("bus-prefix") ?? ""
    @OptionGroup var bus: BusOptions
    @OptionGroup var logging: LogOptions

    func run() async throws {
        try Settings.check()
        let (host, port) = try Self.address(listen)
        let token = try (tokenFile ?? Settings.value("token-file")).map { file in
            guard
                let text = try? String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(
                    in: .whitespacesAndNewlines),
                text.utf8.count >= 16
            else { throw CommandError("--token-file \(file) must hold a token of at least 16 characters") }
            return text
        }
        guard token != nil || WebServer.isLoopback(host) else {
            throw CommandError("\(host) can be reached by others: give --token-file, or listen on 127.0.0.1")
        }
        guard (1...1000).contains(pollLimit) else { throw CommandError("--poll-limit is 1 to 1000, not \(pollLimit)") }
        guard claimBytes >= 1024 else { throw CommandError("--claim-bytes is at least 1024, not \(claimBytes)") }
        try await DevServer(
            DevServer.Configuration(
                data: data, host: host, port: port, token: token, queueType: queueType, pollLimit: pollLimit,
                busPrefix: busPrefix, publicURL: try publicURL(host, port), claimBytes: claimBytes,
                bus: try bus.configuration(clientName: "waybill-dev"),
                log: try logging.logger("waybill"))
        ).run()
    }

    /// Without --public-url, where the API listens; nil where that says nothing to others (any interface, any port).
    private func publicURL(_ host: String, _ port: Int) throws -> String? {
        guard let publicUrl = publicUrl ?? Settings.value("public-url") else {
            if port == 0 || host == "0.0.0.0" || host == "::" { return nil }
            return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
        guard let url = URL(string: publicUrl), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false,
            url.query == nil, url.fragment == nil
        else {
            throw CommandError("--public-url is an address like https://waybill.example.com, not '\(publicUrl)'")
        }
        return publicUrl.replacing(#//+$/#, with: "")
    }

    private static func address(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else {
            throw CommandError("--listen takes HOST:PORT, like 127.0.0.1:8585, not '\(text)'")
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return (host, port)
    }
}
