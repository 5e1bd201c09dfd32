import Values

/// What an instance waits for besides its tasks: people, messages, signals, times, other instances.
enum WaitingText {
    static func lines(of instance: JSON) -> [String] {
        func each(_ member: String, _ line: (JSON) -> String?) -> [String] {
            (instance[member]?.elements() ?? []).compactMap(line)
        }
        return each("userTasks") { task in
            let name = task["name"]?.stringValue.map { " \"\($0)\"" } ?? ""
            let assignee = task["assignee"]?.stringValue.map { "assignee \($0)" } ?? "claimed by nobody"
            return "user task \(task.cell("number"))\(name) at \(task.cell("element")), \(assignee)"
        }
            + each("subscriptions", subscription)
            + each("timers") { "the time \($0.cell("dueAt")) at \($0.cell("element"))" }
            + each("calls") { "the end of \($0.cell("process")) at \($0.cell("element"))" }
    }

    /// Of a call and of an agent's answer other lines tell.
    private static func subscription(_ waiting: JSON) -> String? {
        let kind = waiting.cell("waitsFor")
        guard !["call", "answer"].contains(kind) else { return nil }
        let name = waiting["name"]?.stringValue.map { " \($0)" } ?? ""
        let key = waiting["key"].map { " with the key \($0.text)" } ?? ""
        return "\(kind)\(name)\(key) at \(waiting.cell("element"))"
    }
}
