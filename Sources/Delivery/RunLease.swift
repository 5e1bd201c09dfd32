package import ProcessEngine
package import Values

extension TaskPolicy {
    /// How long the engine believes in a running attempt without a sign of life.
    package var runLease: Duration { heartbeat.map { $0 * 3 } ?? timeout }
}

extension LeaseMark {
    /// The change of the lease that a report means; nil if it means none (a result, an event).
    ///
    /// `startedAt`: when the attempt began, if known: no sign of life carries a lease beyond the contract's timeout.
    package init?(_ report: TaskReport, policy: TaskPolicy, at now: Timestamp, startedAt: Timestamp? = nil) {
        let end = (startedAt ?? now).advanced(by: policy.timeout)
        let until = min(now.advanced(by: policy.runLease), end)
        let change: Change
        switch report.content {
        case .started: change = .started(at: now, until: until)
        case .progress(let value, let message): change = .heartbeat(until: until, progress: value, message: message)
        case .expired: change = .released(dueAt: now)
        case .released(let pause): change = .released(dueAt: now.advanced(by: pause))
        case .event, .completed, .failed, .error, .unroutable: return nil
        }
        self.init(task: report.task, attempt: report.attempt, token: report.token, change: change)
    }
}
