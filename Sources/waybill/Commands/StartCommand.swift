import ArgumentParser
import Foundation
import Values

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a workflow by its contract.",
        discussion: """
            Inputs come from --input (a JSON object: a file as @FILE, or - for standard input) and --set, which wins.
            A value of --set that is JSON is taken as such (42, true, [1,2]); everything else is a string.

            Exit status with --wait: 0 completed, 1 ended in another way, 3 stopped at an incident, 4 --timeout is over. A server
            that restarts meanwhile is waited for.

            Examples:
              waybill start media.ingest --set sourcePath=/media/clip.mp4 --set outputDirectory=/tmp/out --wait
              waybill start media.ingest@1.0 --input @order.json --business-key order-42 --idempotency-key order-42
            """)

    @Argument(help: "The workflow, NAME or NAME@VERSION.")
    var workflow: String
    @Option(name: .customLong("set"), help: "One input, NAME=VALUE; may be given several times.")
    var sets: [String] = []
    @Option(help: "A JSON object of inputs: @FILE, - for standard input, or the JSON itself.")
    var input: String?
    @Option(help: "The caller's own key of the instance.")
    var businessKey: String?
    @Option(help: "Starts with the same key make one instance.")
    var idempotencyKey: String?
    @Option(name: .customLong("metadata"), help: "A label for searching, KEY=TEXT; may be given several times.")
    var metadata: [String] = []
    @Flag(help: "Wait for the end or an incident, with progress.")
    var wait = false
    @Option(help: "With --wait: for so many seconds at most.")
    var timeout: Double?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [(name: String, value: JSON)] = [("input", try inputs())]
        let parts = workflow.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        if parts.count == 2 { body.append(("version", .string(parts[1]))) }
        if let businessKey { body.append(("businessKey", .string(businessKey))) }
        if let idempotencyKey { body.append(("idempotencyKey", .string(idempotencyKey))) }
        body.append(("startedBy", .string(NSUserName())))
        body.append(
            ("metadata", .object(try metadata.map { try Self.pair($0, "--metadata") }.map { ($0.0, .string($0.1)) })))
        try await RESTClient.with(server) { client in
            let started = try await client.post("/v1/workflows/\(RESTClient.escape(parts[0]))/start", .object(body))
            let id = started["id"]?.stringValue ?? ""
            guard wait else {
                print(output.json ? started.text : Self.sentence(for: started))
                return
            }
            if !output.json { print(Self.sentence(for: started)) }
            let outcome = try await InstanceWatch(client: client, quiet: output.json, timeout: timeout).wait(
                for: id, position: started["position"]?.stringValue)
            if output.json { print(outcome.instance.text) }
            if let code = outcome.exitCode { throw code }
        }
    }

    private static func sentence(for started: JSON) -> String {
        let new = started["new"]?.boolValue ?? true
        return
            "\(new ? "Started" : "Already started:") \(started.cell("workflow"))@\(started.cell("version")) \(started.cell("id"))"
    }

    private func inputs() throws -> JSON {
        var members: [(name: String, value: JSON)] = []
        if let input {
            let bytes: [UInt8]
            if input == "-" {
                bytes = Array(FileHandle.standardInput.readDataToEndOfFile())
            } else if input.hasPrefix("@") {
                let path = String(input.dropFirst())
                guard let data = FileManager.default.contents(atPath: path) else {
                    throw CommandError("cannot read \(path)")
                }
                bytes = Array(data)
            } else {
                bytes = Array(input.utf8)
            }
            do {
                guard let given = try JSON(validating: bytes).members() else {
                    throw CommandError("--input must be a JSON object of inputs")
                }
                members = given
            } catch let error as JSONError {
                throw CommandError(
                    "--input is not valid JSON: line \(error.line), column \(error.column): \(error.message)")
            }
        }
        for text in sets {
            let (name, value) = try Self.pair(text, "--set")
            let json = (try? JSON(validating: Array(value.utf8))) ?? .string(value)
            members.removeAll { $0.name == name }
            members.append((name, json))
        }
        return .object(members)
    }

    private static func pair(_ text: String, _ option: String) throws -> (String, String) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw CommandError("\(option) takes NAME=VALUE, not '\(text)'")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}
