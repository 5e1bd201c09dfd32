import Services
import Synchronization
package import Values

/// A time source that a test moves by hand.
///
/// Sleepers wake in the order of their deadlines, and in the order in which they began to sleep where deadlines are
/// equal. Time never moves by itself.
package final class TestClock: TimeSource {
    private struct Sleeper {
        var deadline: Timestamp
        var order: UInt64
        var continuation: CheckedContinuation<Void, any Error>
    }

    /// Somebody who waits for a number of sleepers: see `waitForSleepers`.
    private struct Watcher {
        var count: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Timestamp
        var nextOrder: UInt64 = 0
        /// Sorted by deadline, then by order.
        var sleepers: [Sleeper] = []
        /// Sleeps that were cancelled before they had begun.
        var cancelledEarly: Set<UInt64> = []
        var watchers: [Watcher] = []
    }

    private let state: Mutex<State>

    /// A clock that stands at `now`: by default 2026-01-01T00:00:00Z.
    package init(now: Timestamp = Timestamp(millisecondsSinceEpoch: 1_767_225_600_000)) {
        state = Mutex(State(now: now))
    }

    package var now: Timestamp { state.withLock { $0.now } }

    package func sleep(until deadline: Timestamp) async throws {
        try Task.checkCancellation()
        let order = state.withLock { state in
            state.nextOrder += 1
            return state.nextOrder
        }
        // A cancel between waking and returning leaves its mark behind.
        defer { state.withLock { _ = $0.cancelledEarly.remove(order) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(Sleeper(deadline: deadline, order: order, continuation: continuation))
            }
        } onCancel: {
            cancel(order)
        }
    }

    /// How many tasks are asleep.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The earliest deadline anybody sleeps for; nil if nobody sleeps.
    package var nextDeadline: Timestamp? { state.withLock { $0.sleepers.first?.deadline } }

    /// Returns when at least `count` tasks are asleep: the signal that the code under test has reached its wait.
    package func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if reached { continuation.resume() }
        }
    }

    /// Moves time forward and wakes everybody whose deadline has come, in order. Wakers run before this returns; what
    /// they wake runs when the executor gets to it.
    package func advance(by duration: Duration) {
        advance(to: now.advanced(by: duration))
    }

    /// Moves time to `target`; an earlier one than now changes nothing but wakes who is due.
    package func advance(to target: Timestamp) {
        let due = state.withLock { state in
            state.now = max(state.now, target)
            let end = state.sleepers.firstIndex { $0.deadline > state.now } ?? state.sleepers.endIndex
            let due = Array(state.sleepers[..<end])
            state.sleepers.removeSubrange(..<end)
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Moves time to the earliest deadline; false if nobody sleeps.
    @discardableResult
    package func advanceToNextDeadline() -> Bool {
        guard let deadline = nextDeadline else { return false }
        advance(to: deadline)
        return true
    }

    /// Sets the clock, also backwards, as an operator or a bad time server would. Wakes who is due then.
    package func jump(to time: Timestamp) {
        state.withLock { $0.now = time }
        advance(to: time)
    }

    private func add(_ sleeper: Sleeper) {
        enum Next { case sleep([Watcher]), wake, cancel }
        let next = state.withLock { state -> Next in
            if state.cancelledEarly.remove(sleeper.order) != nil { return .cancel }
            if sleeper.deadline <= state.now { return .wake }
            let place = state.sleepers.firstIndex {
                ($0.deadline, $0.order) > (sleeper.deadline, sleeper.order)
            }
            state.sleepers.insert(sleeper, at: place ?? state.sleepers.endIndex)
            let count = state.sleepers.count
            let satisfied = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return .sleep(satisfied)
        }
        switch next {
        case .sleep(let watchers): for watcher in watchers { watcher.continuation.resume() }
        case .wake: sleeper.continuation.resume()
        case .cancel: sleeper.continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(_ order: UInt64) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let index = state.sleepers.firstIndex(where: { $0.order == order }) else {
                state.cancelledEarly.insert(order)
                return nil
            }
            return state.sleepers.remove(at: index)
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
