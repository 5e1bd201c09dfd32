import ArgumentParser
import Foundation
import Values

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List workflow instances, newest first.",
        discussion: """
            Examples:
              waybill list --state Incident
              waybill list --workflow media.ingest --started-after 2026-01-31T00:00:00Z --limit 10
              waybill list --workflow 'media.ingest@>=1.2 <2' --state Running
              waybill list --contract media.transcode@2 --metadata site=north
            """)

    @Option(help: "Running, Completed, CompletedWithError, Incident, Suspended or Canceled; several with commas.")
    var state: String?
    @Option(help: "The workflow contract or BPMN process, NAME or NAME@VERSION; the version may be a range.")
    var workflow: String?
    @Option(help: "A task contract of which they have or had a task, NAME or NAME@MAJOR.")
    var contract: String?
    @Option(help: "The business key.")
    var businessKey: String?
    @Option(help: "The value of the contract's main input.")
    var objectId: String?
    @Option(help: "The correlation id: an instance and all that it called, and what they called.")
    var correlationId: String?
    @Option(help: "Started at or after this date-time.")
    var startedAfter: String?
    @Option(help: "Started before this date-time.")
    var startedBefore: String?
    @Option(help: "Those that took up the work of this instance.")
    var restartedFrom: String?
    @OptionGroup var labels: MetadataOptions
    @Option(help: "How many, 1 to 1000.")
    var limit = 50
    @Option(help: "Go on where a page ended: its `next`.")
    var after: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if state == "" { throw ValidationError("--state is empty: leave it out to see every state") }
    }

    func run() async throws {
        try await RESTClient.with(server) { client in
            let page = try await client.get(
                "/v1/instances",
                query: [
                    ("state", state), ("workflow", workflow), ("contract", contract), ("businessKey", businessKey),
                    ("objectId", objectId), ("correlationId", correlationId), ("startedAfter", startedAfter),
                    ("startedBefore", startedBefore), ("restartedFrom", restartedFrom), ("limit", String(limit)),
                    ("after", after),
                ] + labels.query(), with: "instances")
            if output.json { return print(page.text) }
            var table = Table("ID", "WORKFLOW", "STATE", "STARTED", "OBJECT", "MESSAGE")
            for row in page["instances"]?.elements() ?? [] {
                table.add([
                    row.cell("id"), "\(row.cell("workflow"))@\(row.cell("version"))", row.cell("state"),
                    row.cell("startedAt"),
                    row.cell("objectId"), row.cell("message"),
                ])
            }
            print(table.text)
            if let next = page["next"]?.stringValue { print("more: --after \(next)") }
        }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one instance: state, variables, tasks, incidents.",
        discussion: "Example:\n  waybill show 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e")

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var id: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            let path = "/v1/instances/\(RESTClient.escape(id))"
            let instance = try await client.get(path, with: "state")
            if output.json { return print(instance.text) }
            for name in [
                "id", "workflow", "version", "definition", "state", "message", "businessKey", "objectId", "startedBy",
                "runAs", "correlationId", "startedAt", "endedAt", "restartedFrom", "metadata", "progress",
            ] {
                print(name.padding(toLength: 15, withPad: " ", startingAt: 0) + instance.cell(name))
            }
            for (title, member) in [("variables", "variables"), ("output", "output")] {
                print("\(title):")
                for (name, value) in instance[member]?.members() ?? [] {
                    // Decoded, so that it stands on one line, whatever white space an agent wrote.
                    print("  \(name) = \(JSON(value.decoded()).text)")
                }
            }
            var tasks = Table("TASK", "ELEMENT", "CONTRACT", "STATE", "ATTEMPT", "MESSAGE")
            for task in instance["tasks"]?.elements() ?? [] {
                tasks.add([
                    task.cell("id").split(separator: ".").last.map { String($0) } ?? "-", task.cell("element"),
                    task.cell("contract"),
                    task["phase"].map { $0.stringValue ?? "-" } ?? task.cell("state"), task.cell("attempt"),
                    task.cell("message"),
                ])
            }
            print(tasks.text)
            for line in WaitingText.lines(of: instance) { print("waits for \(line)") }
            for incident in instance["incidents"]?.elements() ?? [] {
                print(
                    "incident \(incident.cell("incident")) at \(incident.cell("element")): \(incident.cell("message"))")
            }
        }
    }
}

struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "List tasks of agents, or with --user open tasks of people, newest first.",
        discussion: """
            Examples:
              waybill tasks --contract media.transcode --state Open
              waybill tasks --candidate-group editors --unassigned --due-before 2026-02-01T00:00:00Z
              waybill tasks --workflow media.ingest --business-key 'order 42'
            """)

    @Option(help: "Open, Completed, Error, Incident or Canceled; several with commas.")
    var state: String?
    @Option(help: "The task contract, NAME or NAME@MAJOR.")
    var contract: String?
    @Option(help: "Of one instance.")
    var instance: String?
    @Option(help: "The workflow contract or BPMN process.")
    var workflow: String?
    @Option(help: "The business key of the instance.")
    var businessKey: String?
    @Option(help: "The value of the workflow contract's main input.")
    var objectId: String?
    @OptionGroup var labels: MetadataOptions
    @OptionGroup(title: "User tasks") var people: UserTaskOptions
    @Option(help: "How many, 1 to 1000.")
    var limit = 50
    @Option(help: "Go on where a page ended: its `next`.")
    var after: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if state == "" { throw ValidationError("--state is empty: leave it out to see every state") }
        guard people.isAsked else { return }
        guard state == nil, contract == nil, objectId == nil, try labels.query().isEmpty else {
            throw ValidationError("--state, --contract, --object-id and --metadata are of tasks of agents")
        }
    }

    func run() async throws {
        try await RESTClient.with(server) { client in
            if people.isAsked {
                let page = try await client.get(
                    "/v1/user-tasks",
                    query: people.query + [
                        ("instance", instance), ("workflow", workflow), ("businessKey", businessKey),
                        ("limit", String(limit)), ("after", after),
                    ], with: "userTasks")
                if output.json { return print(page.text) }
                print(UserTaskOptions.table(of: page))
                if let next = page["next"]?.stringValue { print("more: --after \(next)") }
                return
            }
            let page = try await client.get(
                "/v1/tasks",
                query: [
                    ("state", state), ("contract", contract), ("instance", instance), ("workflow", workflow),
                    ("businessKey", businessKey), ("objectId", objectId), ("limit", String(limit)), ("after", after),
                ] + labels.query(), with: "tasks")
            if output.json { return print(page.text) }
            var table = Table("ID", "CONTRACT", "STATE", "PHASE", "ATTEMPT", "MESSAGE")
            for row in page["tasks"]?.elements() ?? [] {
                table.add([
                    row.cell("id"), row.cell("contract"), row.cell("state"), row.cell("phase"), row.cell("attempt"),
                    row.cell("message"),
                ])
            }
            print(table.text)
            if let next = page["next"]?.stringValue { print("more: --after \(next)") }
        }
    }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End instances now; agents that work for them are told.",
        discussion: "Example:\n  waybill cancel 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --reason 'wrong file'")

    @Argument(help: "The instances' ids.", transform: InstanceArgument.read)
    var ids: [String]
    @Option(help: "Why; shown in the index.")
    var reason: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await RESTClient.with(server) { client in
            try await InstanceArgument.each(ids) { id in
                _ = try await client.post(
                    "/v1/instances/\(RESTClient.escape(id))/cancel",
                    .object(reason.map { [("reason", .string($0))] } ?? []), with: "position")
                print("Canceled \(id)")
            }
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try again what incidents stopped.",
        discussion: """
            Examples:
              waybill retry 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e
              waybill retry 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --incident 2 --retries 5
              waybill retry 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --set limit=4
            """)

    @Argument(help: "The instances' ids.", transform: InstanceArgument.read)
    var ids: [String]
    @Option(help: "One incident's number; all open ones without it.")
    var incident: Int?
    @Option(help: "How many attempts the task gets; by its contract without it.")
    var retries: Int?
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let retries, !(1...10_000).contains(retries) {
            throw ValidationError("--retries is a number from 1 to 10000")
        }
    }

    func run() async throws {
        let requests = try self.requests()
        try await RESTClient.with(server) { client in
            try await InstanceArgument.each(ids) { id in
                for (action, body) in requests {
                    let path = "/v1/instances/\(RESTClient.escape(id))/\(action)"
                    _ = try await client.post(path, body, with: "position")
                }
                print("Retrying \(id)")
            }
        }
    }

    /// What is asked of each instance, in order: the variables are there before anything is tried again.
    func requests() throws -> [(action: String, body: JSON)] {
        let given = try variables.object()
        var requests: [(action: String, body: JSON)] = []
        if given.members()?.isEmpty == false {
            let change = JSON.object([("instructions", .array([.object([("setVariables", given)])]))])
            requests.append(("modify", change))
        }
        var body: [(name: String, value: JSON)] = []
        if let incident { body.append(("incident", .number(incident))) }
        if let retries { body.append(("retries", .number(retries))) }
        requests.append(("retry", .object(body)))
        return requests
    }
}
