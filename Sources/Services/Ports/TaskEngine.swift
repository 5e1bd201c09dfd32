package import Delivery
package import ProcessEngine
import Values

/// The engine as a broker sees it: in this process, or another engine over HTTP.
package protocol TaskEngine: Sendable {
    /// A long poll: waits up to `request.wait` for due tasks and leases at most `request.limit` of them; durable on return.
    func fetch(_ request: FetchRequest) async throws -> [LeasedTask]

    /// Applies what agents report, in one commit with whatever else is waiting. Answers in order, after the commit.
    /// Throws only if nothing is known about the outcome; then the same reports may be given again.
    func apply(_ reports: [TaskReport]) async throws -> [ReportOutcome]

    /// Lease changes that may ride in a later commit. Best effort: a lost mark costs a lease, never a task.
    func mark(_ marks: [LeaseMark]) async

    /// The deployed task contracts with their policies, ordered; and each change of them.
    func contracts() async -> AsyncStream<[ContractKey: TaskPolicy]>

    /// How many tasks of each contract are due and out.
    func backlog() async throws -> [ContractBacklog]

    /// Answers the long polls of an owner now, empty: it is leaving.
    func cancelFetches(owner: String) async
}

package struct FetchRequest: Sendable {
    package var owner: String
    package var credits: [(contract: ContractKey, count: Int)]
    package var limit: Int
    package var wait: Duration
    package var dispatchLease: Duration
    package init(
        owner: String, credits: [(contract: ContractKey, count: Int)], limit: Int, wait: Duration,
        dispatchLease: Duration
    ) {
        self.owner = owner
        self.credits = credits
        self.limit = limit
        self.wait = wait
        self.dispatchLease = dispatchLease
    }
}

package enum ReportOutcome: Sendable, Hashable {
    /// Committed. For lease changes: the row was changed.
    case applied
    /// The task has a newer attempt, or this attempt was already counted.
    case stale
    /// The task is over or never was: completed, canceled, or of an instance that is gone.
    case gone
    /// The engine cannot take it, ever: the reason. The attempt was failed with it, or the report left out.
    case refused(String)
}
