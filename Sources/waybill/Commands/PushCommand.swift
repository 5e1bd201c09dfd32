import ArgumentParser
import Foundation
import Staging
import Values

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Validate contracts, BPMN and DMN of a directory and store them as one revision.",
        discussion: """
            Everything is checked first; nothing invalid is stored. Pushing what is there already makes no new revision.
            A changed contract or model needs a new version.

            Examples:
              waybill push contracts/examples/media-ingest -m "first version"
              waybill push . -m "try it" --dry-run

            From a directory that `waybill pull` wrote, a push is refused if somebody else has pushed since.
            """)

    @Argument(
        help:
            "The directory: contracts (.yaml, .json), models (.bpmn, .bpmn20.xml), decisions (.dmn), also below it; tests stay."
    )
    var directory: String
    @Option(name: .shortAndLong, help: "What this change is about.")
    var message: String
    @Option(help: "Who made it.")
    var author: String = NSUserName()
    @Option(help: "The revision this is based on; refused if it is not the newest any more.")
    var parent: Int?
    @Flag(help: "Remove what is in the store but not in the directory; workflows that go are closed for new starts.")
    var prune = false
    @Flag(help: "Check and compare; store nothing.")
    var dryRun = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let directory = try ContractDirectory.name(directory)
        let files = try ContractDirectory.files(in: directory)
        guard !files.isEmpty else { throw ContractDirectory.isEmpty(directory) }
        var copy = try WorkingCopy.read(in: directory)
        try await RESTClient.with(server) { client in
            if let known = copy, try await client.get("/v1/config", with: "store").cell("store") != known.store {
                copy = nil
            }
            var body: [(name: String, value: JSON)] = [
                ("author", .string(author)), ("message", .string(message)), ("prune", .bool(prune)),
                ("dryRun", .bool(dryRun)),
                (
                    "files",
                    .array(files.map { .object([("path", .string($0.path)), ("content", .string($0.content))]) })
                ),
            ]
            // What was pulled says what it is based on.
            if let parent = parent ?? copy?.revision { body.append(("parent", .number(parent))) }
            let report = try await report(of: body, at: client)
            if !dryRun, var copy, let number = report["revision"]?["number"]?.intValue {
                copy.revision = number
                for file in files {
                    copy.files[String(file.path.dropFirst(directory.count + 1))] = Readers.sha256(
                        Array(file.content.utf8))
                }
                try copy.write(in: directory)
            }
            if output.json { return print(report.text) }
            for warning in report["warnings"]?.elements() ?? [] { print(CommandError.line(of: warning)) }
            for (sign, member) in [("+", "added"), ("~", "changed"), ("-", "removed")] {
                for entry in report[member]?.elements() ?? [] {
                    print("  \(sign) \(entry.cell("kind")) \(entry.cell("name"))@\(entry.cell("version"))")
                }
            }
            let unchanged = report["unchanged"]?.elements()?.count ?? 0
            switch report.cell("status") {
            case "stored":
                print("Stored revision \(report["revision"]?.cell("number") ?? "?"); \(unchanged) unchanged.")
            case "checked": print("Checked; nothing stored. \(unchanged) unchanged.")
            default: print("Nothing changed: revision \(report["revision"]?.cell("number") ?? "0") has all of it.")
            }
        }
    }

    func validate() throws {
        if message.allSatisfy(\.isWhitespace) { throw ValidationError("--message is empty: say what this is about") }
        if author.allSatisfy(\.isWhitespace) { throw ValidationError("--author is empty") }
    }

    private func report(of body: [(name: String, value: JSON)], at client: RESTClient) async throws -> JSON {
        do {
            return try await client.post("/v1/config/push", .object(body), with: "status")
        } catch let error as CommandError {
            // A program reads the findings where it reads everything else.
            guard output.json, let problem = error.problem else { throw error }
            print(problem.text)
            throw ExitCode.failure
        }
    }
}

struct WorkflowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflows", abstract: "List the workflows that are deployed.",
        discussion: "Example:\n  waybill workflows")

    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            let answer = try await client.get("/v1/workflows", with: "workflows")
            if output.json { return print(answer.text) }
            var table = Table("WORKFLOW", "VERSION", "DEFINITION", "OPEN", "DEPLOYED")
            for row in answer["workflows"]?.elements() ?? [] {
                table.add([
                    row.cell("workflow"), row.cell("version"), row.cell("definition"), row.cell("open"),
                    row.cell("deployedAt"),
                ])
            }
            print(table.text)
        }
    }
}
