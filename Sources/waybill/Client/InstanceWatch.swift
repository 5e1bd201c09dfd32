import ArgumentParser
import Foundation
import Values

/// Follows an instance to its end, and tells of it on the way.
struct InstanceWatch {
    /// How long a server may be away: a restart is no reason to stop waiting.
    private static let patience: TimeInterval = 60

    let client: RESTClient
    let quiet: Bool
    /// Seconds; nil: for ever.
    let timeout: Double?

    enum Outcome {
        case ended(JSON)
        /// It does not go on until somebody repairs it.
        case incident(JSON)
        case timedOut(JSON)

        var instance: JSON {
            switch self {
            case .ended(let instance), .incident(let instance), .timedOut(let instance): instance
            }
        }

        /// The exit status of a command that waited; nil for 0.
        var exitCode: ExitCode? {
            switch self {
            case .ended(let instance): instance["state"]?.stringValue == "Completed" ? nil : ExitCode.failure
            case .incident: ExitCode(3)
            case .timedOut: ExitCode(4)
            }
        }
    }

    /// Waits until it has ended, or stands still at an incident, or time is up.
    func wait(for id: String, position: String?) async throws -> Outcome {
        var shown: [String: String] = [:]
        var waits: [String] = []
        let began = Date()
        func say(_ text: String) {
            if !quiet { print(String(format: "%7.1fs  ", Date().timeIntervalSince(began)) + text) }
        }
        while true {
            let instance: JSON
            do {
                instance = try await look(
                    at: id, position: position, until: timeout.map { began.addingTimeInterval($0) })
            } catch let error as CommandError where error.isPassing {
                guard let timeout, Date().timeIntervalSince(began) >= timeout else { throw error }
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                return .timedOut(.emptyObject)
            }
            for task in instance["tasks"]?.elements() ?? [] {
                guard let line = Self.line(for: task), shown[task.cell("id")] != line else { continue }
                shown[task.cell("id")] = line
                say(line)
            }
            for line in WaitingText.lines(of: instance) where !waits.contains(line) { say("waits for \(line)") }
            waits = WaitingText.lines(of: instance)
            if instance["endedAt"]?.isNull == false {
                say(instance.cell("state") + Self.suffix(instance["message"]))
                for (name, value) in instance["output"]?.members() ?? [] where !quiet {
                    print("          \(name) = \(value.stringValue ?? JSON(value.decoded()).text)")
                }
                return .ended(instance)
            }
            if instance.cell("state") == "Incident" {
                say("Incident: \(instance.cell("message"))")
                if !quiet {
                    print("  repair it, then `waybill retry \(id)` and `waybill wait \(id)`; or `waybill cancel \(id)`")
                }
                return .incident(instance)
            }
            if let timeout, Date().timeIntervalSince(began) >= timeout {
                say("still running; `waybill wait \(id)` waits again")
                return .timedOut(instance)
            }
            fflush(nil)
            try await Task.sleep(for: .milliseconds(150))
        }
    }

    /// The instance as the server shows it. A server that is away is asked again for a while: the instance goes on.
    private func look(at id: String, position: String?, until deadline: Date?) async throws -> JSON {
        var away: Date?
        while true {
            do {
                return try await client.get(
                    "/v1/instances/\(RESTClient.escape(id))", query: [("position", position)],
                    with: "state")
            } catch let error as CommandError where error.isPassing {
                let since = away ?? Date()
                let isOver = deadline.map { Date() >= $0 } ?? false
                guard !isOver, Date().timeIntervalSince(since) < Self.patience else {
                    throw CommandError(
                        noAnswer: "\(error)\nThe instance may go on without it; `waybill wait \(id)` waits again.")
                }
                if away == nil {
                    FileHandle.standardError.write(Data("the server does not answer; trying again\n".utf8))
                }
                away = since
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// `probe: running 40% half way`. Nil for the moment in which a task is over and the index does not show how yet.
    private static func line(for task: JSON) -> String? {
        let isOpen = task.cell("state") == "Open"
        guard let state = isOpen ? task["phase"]?.stringValue : task.cell("state").lowercased() else { return nil }
        var line = "\(task.cell("element")): \(state)"
        if isOpen, state == "waiting", let attempt = task["attempt"]?.intValue, attempt > 0 {
            line += " for attempt \(attempt + 1) at \(task.cell("availableAt")), \(task.cell("retries")) left"
        }
        if let progress = task["progress"]?.doubleValue { line += " \(Int(progress * 100))%" }
        if let text = task["progressMessage"]?.stringValue { line += " \(text)" }
        return line + suffix(task["message"])
    }

    private static func suffix(_ message: JSON?) -> String {
        message?.stringValue.map { " (\($0))" } ?? ""
    }
}
