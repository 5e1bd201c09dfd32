import ArgumentParser
import Values

struct UserTaskOptions: ParsableArguments {
    @Flag(help: "List open user tasks, the work of people, instead of the tasks of agents.")
    var user = false
    @Option(help: "User tasks that this person has claimed.")
    var assignee: String?
    @Flag(help: "User tasks that nobody has claimed.")
    var unassigned = false
    @Option(help: "User tasks that this person may claim.")
    var candidateUser: String?
    @Option(help: "User tasks that a group may claim; several with commas.")
    var candidateGroup: String?
    @Option(help: "User tasks due before this date-time.")
    var dueBefore: String?
    @Option(help: "User tasks to be looked at before this date-time, and those without a follow-up date.")
    var followUpBefore: String?
    @Option(help: "User tasks of at least this priority.")
    var minPriority: Int?

    /// Whether any of them is given.
    var isAsked: Bool {
        user || unassigned || minPriority != nil
            || [assignee, candidateUser, candidateGroup, dueBefore, followUpBefore].contains { $0 != nil }
    }

    var query: [(String, String?)] {
        [
            ("assignee", assignee), ("unassigned", unassigned ? "true" : nil), ("candidateUser", candidateUser),
            ("candidateGroup", candidateGroup), ("dueBefore", dueBefore), ("followUpBefore", followUpBefore),
            ("minPriority", minPriority.map { String($0) }),
        ]
    }

    static func table(of page: JSON) -> String {
        var table = Table("INSTANCE", "NUMBER", "WORKFLOW", "NAME", "ASSIGNEE", "CANDIDATES", "DUE", "PRIORITY")
        for row in page["userTasks"]?.elements() ?? [] {
            let candidates = ["candidateUsers", "candidateGroups"].flatMap { row[$0]?.elements() ?? [] }
            let name = row["name"]?.stringValue ?? row.cell("element")
            table.add([
                row.cell("instance"), row.cell("number"), row.cell("workflow"),
                row["suspended"]?.boolValue == true ? "\(name) (suspended)" : name, row.cell("assignee"),
                candidates.isEmpty ? "-" : candidates.compactMap(\.stringValue).joined(separator: ","),
                row.cell("dueAt"), row.cell("priority"),
            ])
        }
        return table.text
    }
}

struct CompleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Complete a user task; with --error, answer it with a BPMN error.",
        discussion: """
            `waybill tasks --user` lists the open user tasks with their instances and numbers.

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
        abstract: "Give a user task that nobody has to somebody; with --release, back to nobody.",
        discussion: """
            Examples:
              waybill claim 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e 1 --assignee anna
              waybill claim 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e 1 --release
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var instance: String
    @Argument(help: "The user task's number in its instance.")
    var number: Int
    @Option(help: "Who.")
    var assignee: String?
    @Flag(help: "Give it back, whoever has it.")
    var release = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard release == (assignee == nil) else { throw ValidationError("give --assignee or --release") }
    }

    func run() async throws {
        if let assignee {
            try await Instruction.post(
                "user-tasks/\(number)/claim", [("assignee", .string(assignee))], to: instance, server)
            print("Claimed for \(assignee)")
        } else {
            try await Instruction.post("user-tasks/\(number)/unclaim", [], to: instance, server)
            print("Given back")
        }
    }
}
