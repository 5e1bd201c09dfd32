import ArgumentParser
import Values

struct CompleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Complete a user task; with --error, answer it with a BPMN error.",
        discussion: """
            `waybill show INSTANCE` lists the open user tasks with their numbers.

            Examples:
              waybill complete 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e 1 --set approved=true
              waybill complete 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e 1 --error REJECTED
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var instance: String
    @Argument(help: "The user task's number in its instance.")
    var number: Int
    @Option(help: "The code of a BPMN error.")
    var error: String?
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [(name: String, value: JSON)] = [("variables", try variables.object())]
        if let error { body.append(("code", .string(error))) }
        let action = error == nil ? "complete" : "error"
        try await Instruction.post("user-tasks/\(number)/\(action)", body, to: instance, server)
        print(error == nil ? "Completed" : "Answered with an error")
    }
}

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Give a user task to somebody, or back to nobody.",
        discussion: "Example:\n  waybill claim 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e 1 --assignee anna")

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var instance: String
    @Argument(help: "The user task's number in its instance.")
    var number: Int
    @Option(help: "Who; without it, nobody.")
    var assignee: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await Instruction.post(
            "user-tasks/\(number)/claim", assignee.map { [("assignee", .string($0))] } ?? [], to: instance, server)
        print(assignee.map { "Claimed for \($0)" } ?? "Given back")
    }
}

struct ModifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify",
        abstract: "Move the tokens of an instance by hand. All is done in one step, or nothing.",
        discussion: """
            Example:
              waybill modify 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --cancel probe --start-before derive --set codec=h264
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var id: String
    @Option(help: "Cancel every activity of this element; may be given several times.")
    var cancel: [String] = []
    @Option(help: "Enter this element; may be given several times.")
    var startBefore: [String] = []
    @Option(help: "Take the flows out of this element; may be given several times.")
    var startAfter: [String] = []
    @Option(help: "Cancel an element and enter another, FROM=TO; may be given several times.")
    var move: [String] = []
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let given = try variables.object()
        var instructions: [JSON] = []
        for element in startBefore {
            instructions.append(.object([("startBefore", .string(element)), ("variables", given)]))
        }
        for element in startAfter {
            instructions.append(.object([("startAfter", .string(element)), ("variables", given)]))
        }
        for pair in move {
            guard let (from, to) = try? InputOptions.pair(pair, "--move") else {
                throw CommandError("--move takes FROM=TO, two elements, not '\(pair)'")
            }
            instructions.append(.object([("move", .string(from)), ("to", .string(to))]))
        }
        for element in cancel { instructions.append(.object([("cancel", .string(element))])) }
        guard given.members()?.isEmpty != false || !(startBefore + startAfter).isEmpty else {
            throw CommandError(
                "variables go with --start-before or --start-after; with --move and --cancel nothing reads them")
        }
        guard !instructions.isEmpty else {
            throw CommandError("say what to do: --start-before, --start-after, --move or --cancel")
        }
        try await Instruction.post("modify", [("instructions", .array(instructions))], to: id, server)
        print("Modified \(id)")
    }
}

private enum Instruction {
    static func post(
        _ action: String, _ body: [(name: String, value: JSON)], to instance: String, _ server: ServerOptions
    ) async throws {
        try await RESTClient.with(server) { client in
            _ = try await client.post("/v1/instances/\(RESTClient.escape(instance))/\(action)", .object(body))
        }
    }
}
