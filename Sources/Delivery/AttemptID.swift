package import ProcessEngine

/// One attempt, with its fence: what a result must name to count.
package struct AttemptID: Sendable, Hashable, CustomStringConvertible {
    package var task: TaskID
    package var attempt: Int
    package var token: String

    package init(task: TaskID, attempt: Int, token: String) {
        self.task = task
        self.attempt = attempt
        self.token = token
    }

    /// By the token, which is random: one attempt has one.
    package func hash(into hasher: inout Hasher) { hasher.combine(token) }

    /// `<task id>:<attempt>`, the message id on the bus. The token is a secret and stays out of texts.
    package var description: String { "\(task):\(attempt)" }
}

extension LeasedTask {
    package var attemptID: AttemptID { AttemptID(task: id, attempt: lease.attempt, token: lease.token) }
}

extension TaskReport {
    package var attemptID: AttemptID { AttemptID(task: task, attempt: attempt, token: token) }

    package init(_ id: AttemptID, _ content: Content) {
        self.init(task: id.task, attempt: id.attempt, token: id.token, content: content)
    }

    /// Whether the attempt is over with this report.
    package var isTerminal: Bool {
        switch content {
        case .completed, .failed, .error, .released, .expired, .unroutable: true
        case .started, .progress, .event: false
        }
    }
}
