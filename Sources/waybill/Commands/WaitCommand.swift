import ArgumentParser
import Values

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait for the end of an instance, with progress.",
        discussion: """
            Exit status: 0 completed, 1 ended in another way, 3 stands at an incident, 4 --timeout is over. A server that
            restarts meanwhile is waited for.

            Example:
              waybill wait 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --timeout 600
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var id: String
    @Option(help: "Wait for so many seconds at most.")
    var timeout: Double?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws { try WaitOptions.check(timeout) }

    func run() async throws {
        try await RESTClient.with(server) { client in
            let outcome = try await InstanceWatch(client: client, quiet: output.json, timeout: timeout).wait(
                for: id, position: nil)
            if output.json { print(outcome.instance.text) }
            if let code = outcome.exitCode { throw code }
        }
    }
}

enum WaitOptions {
    static func check(_ timeout: Double?) throws {
        if let timeout, !(timeout >= 0) { throw ValidationError("--timeout is a number of seconds from 0") }
    }
}

/// An instance's id on the command line.
enum InstanceArgument {
    @Sendable static func read(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("an instance's id is not empty; `waybill list` shows them") }
        return text
    }

    /// Does something to each of several, and goes on with the next after what cannot be done: each is told with its instance.
    static func each(_ ids: [String], _ work: (String) async throws -> Void) async throws {
        var problems: [String] = []
        for id in ids {
            do {
                try await work(id)
            } catch let error as CommandError where !error.isPassing {
                problems.append("\(id): \(error)")
            }
        }
        if !problems.isEmpty { throw CommandError(problems.joined(separator: "\n")) }
    }
}
