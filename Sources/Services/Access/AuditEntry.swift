package import Values

/// One line of the audit log: who did what, to what, from where, and what came of it. No key, token, variable or body is ever in it.
package struct AuditEntry: Sendable, Hashable {
    package enum Outcome: String, Sendable, Hashable {
        case done
        /// It was allowed, and refused or broken off for another reason: the status says which.
        case failed
        /// The key is unknown, has expired, or has no right to it.
        case denied
    }

    /// What it was about, as far as that is known.
    package struct Subject: Sendable, Hashable {
        package var workflow: String?
        package var instance: String?
        package var revision: Int?
        /// Checked only, and nothing changed.
        package var isDryRun = false
        package init() {}
    }

    package var at: Timestamp
    /// The name of the key.
    package var who: String
    /// The address that the request came from.
    package var from: String
    /// What a proxy says of where it came from. Anybody can write that.
    package var forwardedFor: String?
    package var right: Right
    /// The method and the path of the route, with the names of its parameters.
    package var route: String
    package var subject: Subject
    package var outcome: Outcome
    /// Of the HTTP answer.
    package var status: Int
    /// Of a denial.
    package var reason: String?
    /// Denials of unknown keys that came so fast before this one that they have no line of their own.
    package var omitted: Int

    package init(
        at: Timestamp, who: String, from: String, forwardedFor: String? = nil, right: Right, route: String,
        subject: Subject = Subject(), outcome: Outcome, status: Int, reason: String? = nil, omitted: Int = 0
    ) {
        self.at = at
        self.who = who
        self.from = from
        self.forwardedFor = forwardedFor
        self.right = right
        self.route = route
        self.subject = subject
        self.outcome = outcome
        self.status = status
        self.reason = reason
        self.omitted = omitted
    }

    func write(to writer: inout JSONWriter) {
        writer.text("at", at.iso8601)
        writer.text("who", who)
        writer.text("from", from)
        writer.text("forwardedFor", forwardedFor)
        writer.text("right", right.rawValue)
        writer.text("route", route)
        writer.text("workflow", subject.workflow)
        writer.text("instance", subject.instance)
        writer.number("revision", subject.revision)
        if subject.isDryRun {
            writer.key("dryRun")
            writer.bool(true)
        }
        writer.text("outcome", outcome.rawValue)
        writer.number("status", status)
        writer.text("reason", reason)
        writer.number("omitted", omitted == 0 ? nil : omitted)
    }
}

extension JSONWriter {
    /// Left out if there is none.
    fileprivate mutating func text(_ name: String, _ text: String?) {
        guard let text else { return }
        key(name)
        string(text)
    }

    fileprivate mutating func number(_ name: String, _ number: Int?) {
        guard let number else { return }
        key(name)
        int(number)
    }
}

/// Where the audit log is written.
package protocol AuditLog: Sendable {
    /// Returns once everything before is written; throws if it cannot be. Asked before something is done, so that nothing is done
    /// that could not be written down.
    func ready() async throws
    /// Returns once the entry is durable. One that could not be written is kept and written by the next `ready` that can.
    func append(_ entry: AuditEntry) async throws
}
