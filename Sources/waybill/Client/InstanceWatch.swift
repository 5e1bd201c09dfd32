import Foundation
import Values

/// Follows an instance to its end, and tells of it on the way.
struct InstanceWatch {
    let client: RESTClient
    let quiet: Bool

    /// The instance as it ended.
    func wait(for id: String, position: String?) async throws -> JSON {
        var shown: [String: String] = [:]
        var state = ""
        let began = Date()
        while true {
            let instance = try await client.get(
                "/v1/instances/\(RESTClient.escape(id))", query: [("position", position)])
            if !quiet {
                for task in instance["tasks"]?.elements() ?? [] {
                    guard let line = Self.line(for: task) else { continue }
                    if shown[task.cell("id")] != line {
                        shown[task.cell("id")] = line
                        print(String(format: "%7.1fs  ", Date().timeIntervalSince(began)) + line)
                    }
                }
            }
            let now = instance.cell("state")
            if now != state, now == "Incident", !quiet {
                print("Incident: \(instance.cell("message"))")
                print("  repair it, then `waybill retry \(id)`; or `waybill cancel \(id)`")
            }
            state = now
            if instance["endedAt"]?.isNull == false {
                if !quiet {
                    print(
                        String(format: "%7.1fs  ", Date().timeIntervalSince(began)) + "\(state)"
                            + Self.suffix(instance["message"]))
                    for (name, value) in instance["output"]?.members() ?? [] {
                        print("          \(name) = \(value.stringValue ?? JSON(value.decoded()).text)")
                    }
                }
                return instance
            }
            fflush(nil)
            try await Task.sleep(for: .milliseconds(150))
        }
    }

    /// `probe: running 40% half way`. Nil for the moment in which a task is over and the index does not show how yet.
    private static func line(for task: JSON) -> String? {
        let isOpen = task.cell("state") == "Open"
        guard let state = isOpen ? task["phase"]?.stringValue : task.cell("state").lowercased() else { return nil }
        var line = "\(task.cell("element")): \(state)"
        if let progress = task["progress"]?.doubleValue { line += " \(Int(progress * 100))%" }
        if let text = task["progressMessage"]?.stringValue { line += " \(text)" }
        return line + suffix(task["message"])
    }

    private static func suffix(_ message: JSON?) -> String {
        message?.stringValue.map { " (\($0))" } ?? ""
    }
}
