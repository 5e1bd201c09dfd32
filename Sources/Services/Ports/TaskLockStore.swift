package import Delivery
package import ProcessEngine
package import Values

/// Locks of single tasks: for workers that name the task they want, and that say how long their lock is to hold. Every process
/// store that serves them is one. All methods throw `StoreError`.
package protocol TaskLockStore: Sendable {
    /// Leases one task if it is due, as `ProcessStore.claim` does: its next attempt, with the token of the request. Nil if it is
    /// not due, or over. A contract's `concurrency` is not counted: who names a task knows why.
    func lock(_ request: LockRequest) async throws -> LeasedTask?

    /// Moves the end of a lease, to a later or an earlier time; the phase stays. False if the attempt does not hold the task, or
    /// its lease has expired at `now`.
    func extend(_ attempt: AttemptID, at now: Timestamp, until: Timestamp) async throws -> Bool
}

package struct LockRequest: Sendable {
    package var task: TaskID
    package var owner: String
    package var token: String
    package var now: Timestamp
    package var leaseUntil: Timestamp

    package init(task: TaskID, owner: String, token: String, now: Timestamp, leaseUntil: Timestamp) {
        self.task = task
        self.owner = owner
        self.token = token
        self.now = now
        self.leaseUntil = leaseUntil
    }
}
