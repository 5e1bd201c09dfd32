import ArgumentParser
import Values

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Stop instances for a while: nothing of them goes to agents, and nothing moves by itself.",
        discussion: """
            Results, messages and signals that come meanwhile are kept, and timers stay due: all of it happens at the resume.
            An operator may cancel, retry, modify and set variables meanwhile.

            Example:
              waybill suspend 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e
            """)

    @Argument(help: "The instances' ids.", transform: InstanceArgument.read)
    var ids: [String]
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await InstanceArgument.each(ids) { id in
            try await Instruction.post("suspend", [], to: id, server)
            print("Suspended \(id)")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let suspended instances go on, with all that came meanwhile.",
        discussion: "Example:\n  waybill resume 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e")

    @Argument(help: "The instances' ids.", transform: InstanceArgument.read)
    var ids: [String]
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await InstanceArgument.each(ids) { id in
            try await Instruction.post("resume", [], to: id, server)
            print("Resumed \(id)")
        }
    }
}

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Start an instance that takes up the work of one that is over, with its results.",
        discussion: """
            Without --at it goes on everywhere where the earlier instance stood before the step in which it ended; a loop, and a
            multi-instance activity, begins all its runs again. What was done can still be compensated, but for what is inside
            of a subprocess that was over. `waybill show` tells of both whose work it took up.

            Examples:
              waybill restart 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e
              waybill restart 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --at transcode --set preset=web
            """)

    @Argument(help: "The id of the instance that is over.", transform: InstanceArgument.read)
    var id: String
    @Option(help: "An element to begin at; may be given several times.")
    var at: [String] = []
    @Option(help: "The same restart with this key is made once.")
    var idempotencyKey: String?
    @OptionGroup var variables: InputOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [(name: String, value: JSON)] = [
            ("at", .array(at.map { .string($0) })), ("variables", try variables.object()),
        ]
        if let idempotencyKey { body.append(("idempotencyKey", .string(idempotencyKey))) }
        try await RESTClient.with(server) { client in
            let answer = try await client.post(
                "/v1/instances/\(RESTClient.escape(id))/restart", .object(body), with: "id")
            if output.json { return print(answer.text) }
            let elements = (answer["at"]?.elements() ?? []).compactMap(\.stringValue).joined(separator: ", ")
            print("\(answer.cell("id")) goes on at \(elements)")
        }
    }
}

struct ModifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify",
        abstract: "Move the tokens of an instance by hand. All is done in one step, or nothing.",
        discussion: """
            --set gives variables to what --start-before and --start-after enter; without those, to the process.

            Examples:
              waybill modify 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --cancel probe --start-before derive --set codec=h264
              waybill modify 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --set limit=4
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var id: String
    @Option(help: "Cancel every activity of this element, and tokens that wait at it; may be given several times.")
    var cancel: [String] = []
    @Option(help: "Cancel the activity of this number; may be given several times.")
    var cancelActivity: [Int] = []
    @Option(help: "Enter this element; may be given several times.")
    var startBefore: [String] = []
    @Option(help: "Take the flows out of this element; may be given several times.")
    var startAfter: [String] = []
    @Option(help: "Cancel an element and enter another, FROM=TO; may be given several times.")
    var move: [String] = []
    @OptionGroup var variables: InputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let instructions = JSON.array(try self.instructions())
        try await Instruction.post("modify", [("instructions", instructions)], to: id, server)
        print("Modified \(id)")
    }

    /// What the server is asked to do, in order.
    func instructions() throws -> [JSON] {
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
        for number in cancelActivity { instructions.append(.object([("cancelActivity", .number(number))])) }
        if given.members()?.isEmpty == false, (startBefore + startAfter).isEmpty {
            instructions.insert(.object([("setVariables", given)]), at: 0)
        }
        guard !instructions.isEmpty else {
            throw CommandError(
                "say what to do: --start-before, --start-after, --move, --cancel, --cancel-activity or --set")
        }
        return instructions
    }
}

enum Instruction {
    static func post(
        _ action: String, _ body: [(name: String, value: JSON)], to instance: String, _ server: ServerOptions
    ) async throws {
        try await RESTClient.with(server) { client in
            _ = try await client.post(
                "/v1/instances/\(RESTClient.escape(instance))/\(action)", .object(body), with: "position")
        }
    }
}
