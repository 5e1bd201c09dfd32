import ArgumentParser
import Values

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Print what happened in an instance, in order; with --at, what it was like at a position.",
        discussion: """
            Each commit has a position. --json prints a line of JSON for each, so that long histories can be read as they come. Values that contracts call secret are not shown.

            Examples:
              waybill history 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e
              waybill history 0197f3c2-5c8e-7a31-9d6e-1f0c2b3a4d5e --at 1234 --json
            """)

    @Argument(help: "The instance's id.", transform: InstanceArgument.read)
    var id: String
    @Option(help: "Print the whole state as of this position: tokens, variables, tasks, timers, incidents.")
    var at: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let path = "/v1/instances/\(RESTClient.escape(id))"
        try await RESTClient.with(server) { client in
            if let at {
                let state = try await client.get(path + "/state", query: [("at", at)], with: "state")
                return print(output.json ? state.text : Self.describe(state))
            }
            var after: Int?
            repeat {
                let page = try await client.get(
                    path + "/history", query: [("after", after.map { String($0) })], with: "history")
                after = page["next"]?.intValue
                for entry in page["history"]?.elements() ?? [] {
                    // A line of JSON for each, so that long histories can be read as they come.
                    if output.json {
                        print(entry.text)
                        continue
                    }
                    print("\(entry.cell("at"))  position \(entry.cell("position"))")
                    for line in entry["lines"]?.elements() ?? [] { print("    \(line.stringValue ?? "")") }
                }
            } while after != nil
        }
    }

    private static func describe(_ state: JSON) -> String {
        var lines = ["\(state.cell("state")) at \(state.cell("at")), position \(state.cell("position"))"]
        func section(_ title: String, _ member: String, _ describe: (JSON) -> String) {
            let items = state[member]?.elements() ?? []
            if !items.isEmpty { lines += ["\(title):"] + items.map { "  " + describe($0) } }
        }
        section("activities", "activities") { "\($0.cell("activity")) \($0.cell("element")), \($0.cell("phase"))" }
        for scope in state["scopes"]?.elements() ?? [] {
            let place = scope["element"].flatMap { $0.stringValue }.map { " of \($0)" } ?? ""
            lines.append("variables\(place):")
            for (name, value) in scope["variables"]?.members() ?? [] {
                lines.append("  \(name) = \(JSON(value.decoded()).text)")
            }
            for waiting in scope["waitingTokens"]?.elements() ?? [] {
                lines.append(
                    "  \(waiting.cell("count")) tokens wait at \(waiting.cell("element")), from \(waiting.cell("flow"))"
                )
            }
        }
        section("tasks", "tasks") {
            "\($0.cell("task")) \($0.cell("element")), \($0.cell("contract")), \($0.cell("retriesLeft")) attempts left"
        }
        section("user tasks", "userTasks") {
            "\($0.cell("number")) \($0.cell("element")), assignee \($0.cell("assignee"))"
        }
        section("timers", "timers") { "\($0.cell("element")) due \($0.cell("dueAt"))" }
        section("waits for", "subscriptions") { "\($0.cell("waitsFor")) \($0.cell("name")) at \($0.cell("element"))" }
        section("calls", "calls") { "\($0.cell("process")) by \($0.cell("element"))" }
        section("incidents", "incidents") {
            "\($0.cell("incident")) at \($0.cell("element")): \($0.cell("message"))"
        }
        if let held = state["held"]?.intValue, held > 0 { lines.append("kept until it is resumed: \(held)") }
        return lines.joined(separator: "\n")
    }
}
