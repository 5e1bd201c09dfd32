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
              waybill start 'media.ingest@^1.0' --set sourcePath=/media/clip.mp4 --priority 5
              waybill start media.ingest@1.0 --input @order.json --business-key order-42 --idempotency-key order-42
            """)

    @Argument(help: "The workflow, NAME or NAME@VERSION; a version may be a range: 1.x, ^1.2, '>=1.2 <2'.")
    var workflow: String
    @OptionGroup var inputs: InputOptions
    @Option(help: "The caller's own key of the instance.")
    var businessKey: String?
    @Option(help: "Starts with the same key make one instance.")
    var idempotencyKey: String?
    @Option(name: .customLong("metadata"), help: "A label for searching, KEY=TEXT; may be given several times.")
    var metadata: [String] = []
    @Option(help: "On whose behalf; what it calls has it too.")
    var runAs: String?
    @Option(help: "What this instance and those it calls are found by; without it, its id.")
    var correlationId: String?
    @Option(
        parsing: .unconditional, help: "Of its tasks, where the model says nothing; higher comes first (default: 0).")
    var priority: Int?
    @Flag(help: "Wait for the end or an incident, with progress.")
    var wait = false
    @Option(help: "With --wait: for so many seconds at most.")
    var timeout: Double?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        try WaitOptions.check(timeout)
        if timeout != nil, !wait { throw ValidationError("--timeout is for --wait") }
    }

    /// The name of the workflow, and the body of the request.
    func request() throws -> (workflow: String, body: JSON) {
        var body: [(name: String, value: JSON)] = [("input", try inputs.object())]
        let parts = workflow.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard !parts[0].isEmpty else { throw CommandError("name a workflow; `waybill workflows` lists them") }
        if parts.count == 2 { body.append(("version", .string(parts[1]))) }
        if let businessKey { body.append(("businessKey", .string(businessKey))) }
        if let idempotencyKey { body.append(("idempotencyKey", .string(idempotencyKey))) }
        if let runAs { body.append(("runAs", .string(runAs))) }
        if let correlationId { body.append(("correlationId", .string(correlationId))) }
        if let priority { body.append(("priority", .number(priority))) }
        body.append(("startedBy", .string(NSUserName())))
        var labels: [(name: String, value: JSON)] = []
        for text in metadata {
            let (name, value) = try InputOptions.pair(text, "--metadata", takes: "KEY=TEXT")
            guard !labels.contains(where: { $0.name == name }) else {
                throw CommandError("--metadata names \(name) twice")
            }
            labels.append((name, .string(value)))
        }
        body.append(("metadata", .object(labels)))
        return (parts[0], .object(body))
    }

    func run() async throws {
        let (name, body) = try request()
        try await RESTClient.with(server) { client in
            let started = try await client.post("/v1/workflows/\(RESTClient.escape(name))/start", body, with: "id")
            let id = started["id"]?.stringValue ?? ""
            guard wait else {
                print(output.json ? started.text : Self.sentence(for: started))
                return
            }
            if !output.json {
                print(Self.sentence(for: started))
                if isatty(STDOUT_FILENO) == 1 { print("Ctrl-C ends the waiting, not the instance.") }
            }
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
}
