import ArgumentParser
import Values

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish a message: to an instance that waits for it, or to start a process that begins with it.",
        discussion: """
            The message is kept for its time to live if nobody waits yet. With --id it is taken once, however often it is sent.

            Examples:
              waybill publish payment.received --key '"order-42"' --set amount=17 --id payment-993
              waybill publish order.changed --business-key order-42 --ttl PT10M
              waybill publish prices.changed --all
            """)

    @Argument(help: "The message's name.")
    var name: String
    @Option(help: "The correlation key, JSON: 42, or a text with its quotes.")
    var key: String?
    @Option(help: "Only instances with this business key.")
    var businessKey: String?
    @Option(help: "Only this instance.")
    var instance: String?
    @Flag(help: "For every instance that waits for it, once each; without it, one of them gets the message.")
    var all = false
    @Option(help: "An id of the caller's: the message is taken once.")
    var id: String?
    @Option(help: "How long it waits for somebody, an ISO 8601 duration (default: PT1H).")
    var ttl: String?
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [(name: String, value: JSON)] = [
            ("name", .string(name)), ("variables", try variables.object()),
        ]
        if all { body.append(("all", .bool(true))) }
        if let key {
            guard let json = try? JSON(validating: key) else {
                throw CommandError("--key is JSON: 42, or \"text\" with its quotes, not \(key)")
            }
            body.append(("key", json))
        }
        for (member, value) in [
            ("businessKey", businessKey), ("instance", instance), ("id", id), ("timeToLive", ttl),
        ] { if let value { body.append((member, .string(value))) } }
        try await Accepted.post("/v1/messages", body, server)
    }
}

struct SignalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Send a signal to every instance that waits for it, and to processes that start with it.",
        discussion: "Example:\n  waybill signal stock.changed --set item=7")

    @Argument(help: "The signal's name.")
    var name: String
    @Option(help: "An id of the caller's: the signal is taken once.")
    var id: String?
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [(name: String, value: JSON)] = [
            ("name", .string(name)), ("variables", try variables.object()),
        ]
        if let id { body.append(("id", .string(id))) }
        try await Accepted.post("/v1/signals", body, server)
    }
}

private enum Accepted {
    static func post(_ path: String, _ body: [(name: String, value: JSON)], _ server: ServerOptions) async throws {
        try await RESTClient.with(server) { client in
            let answer = try await client.post(path, .object(body), with: "new")
            print(answer["new"]?.boolValue == false ? "Taken before" : "Taken")
        }
    }
}
