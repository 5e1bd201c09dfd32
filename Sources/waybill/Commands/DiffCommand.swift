import ArgumentParser
import Foundation
import Values

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what differs between two revisions, or between a revision and a directory.",
        discussion: """
            Contracts are compared by input, output, error, event and policy; models by element and flow. What only moves shapes is
            said to be only layout. Exit status 1 with --exit-code if anything differs.

            Examples:
              waybill diff 12 14
              waybill diff head workflows
              waybill diff 12 head --json
            """)

    @Argument(help: "A revision, or head.")
    var from: String
    @Argument(help: "A revision, head, or a directory.")
    var to: String
    @Flag(help: "With a directory: it is the whole store, and what it does not have is removed.")
    var prune = false
    @Flag(help: "Exit with 1 if anything differs.")
    var exitCode = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let old = try Self.revision(from)
        guard !to.isEmpty else { throw CommandError("the second revision or directory is empty") }
        let answer = try await RESTClient.with(server) { client in
            if to == "head" || Int(to) != nil {
                return try await client.get(
                    "/v1/config/diff",
                    query: [("from", old.map { String($0) }), ("to", try Self.revision(to).map { String($0) })],
                    with: "parts")
            }
            let files = try ContractDirectory.files(in: to)
            var body: [(name: String, value: JSON)] = [
                ("prune", .bool(prune)),
                (
                    "files",
                    .array(files.map { .object([("path", .string($0.path)), ("content", .string($0.content))]) })
                ),
            ]
            if let old { body.append(("revision", .number(old))) }
            return try await client.post("/v1/config/diff", .object(body), with: "parts")
        }
        let parts = answer["parts"]?.elements() ?? []
        if output.json {
            print(answer.text)
        } else {
            print(parts.isEmpty ? "Nothing differs." : DiffText(parts).text)
        }
        if exitCode, !parts.isEmpty { throw ExitCode.failure }
    }

    /// Nil for the newest.
    static func revision(_ text: String) throws -> Int? {
        if text == "head" { return nil }
        guard let number = Int(text), number > 0 else {
            throw CommandError("a revision is a number, or head; not '\(text)'")
        }
        return number
    }
}
