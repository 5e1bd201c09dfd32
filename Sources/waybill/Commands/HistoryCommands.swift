import ArgumentParser
import Foundation
import Values

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "List the revisions of the config store, newest first.",
        discussion: "Examples:\n  waybill log\n  waybill log --before 40 --limit 10")

    @Option(help: "Only revisions older than this one.")
    var before: Int?
    @Option(help: "How many, at most 1000.")
    var limit = 20
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            let answer = try await client.get(
                "/v1/config/revisions", query: [("before", before.map { String($0) }), ("limit", String(limit))],
                with: "revisions")
            if output.json { return print(answer.text) }
            let revisions = answer["revisions"]?.elements() ?? []
            guard !revisions.isEmpty else { return print("No revisions.") }
            var table = Table("REVISION", "AT", "AUTHOR", "FROM", "MESSAGE")
            for row in revisions {
                table.add([
                    row.cell("number"), row.cell("at"), row.cell("author"), Self.origin(of: row), row.cell("message"),
                ])
            }
            print(table.text)
        }
    }

    private static func origin(of revision: JSON) -> String {
        if let staged = revision["staged"] { return "\(staged.cell("store").prefix(8)) #\(staged.cell("revision"))" }
        if let restored = revision["restored"]?.intValue { return "restores #\(restored)" }
        return "push"
    }
}

struct UsesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uses", abstract: "Show which workflows use a contract, and where.",
        discussion: """
            Models ask for a major version and always get its newest minor, so that a version stands for its major.

            Examples:
              waybill uses media.transcode
              waybill uses media.transcode@2
            """)

    @Argument(help: "CONTRACT, CONTRACT@MAJOR, CONTRACT@MAJOR.MINOR or CONTRACT@latest.")
    var contract: String
    @Option(help: "Look into this revision instead of the newest.")
    var revision: Int?
    @Flag(help: "Older versions of the workflows too.")
    var all = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let parts = contract.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let version = parts.count == 2 ? String(parts[1]) : nil
        guard !parts[0].isEmpty else { throw CommandError("name a contract, as in media.transcode") }
        try await RESTClient.with(server) { client in
            let answer = try await client.get(
                "/v1/contracts/\(RESTClient.escape(String(parts[0])))/uses",
                query: [
                    ("version", version), ("revision", revision.map { String($0) }), ("all", all ? "true" : nil),
                ], with: "uses")
            if output.json { return print(answer.text) }
            let uses = answer["uses"]?.elements() ?? []
            guard !uses.isEmpty else { return print("Nobody uses \(contract).") }
            var table = Table("WORKFLOW", "ELEMENT", "NAME", "ASKS FOR", "LINE")
            for use in uses {
                table.add([
                    "\(use.cell("workflow"))@\(use.cell("version"))", use.cell("element"), use.cell("name"),
                    use.cell("asksFor"), use.cell("line"),
                ])
            }
            print(table.text)
        }
    }
}
