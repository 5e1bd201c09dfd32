import Synchronization
package import Values

/// Wakes one waiting loop. Signals that come while nobody waits count as one.
///
/// Not an `AsyncStream`: that ends for good when a task that waits for it is cancelled, and a wait with a deadline is a wait
/// that gets cancelled.
package final class Signal: Sendable {
    private struct State {
        var isFired = false
        var waiter: (number: Int, continuation: CheckedContinuation<Void, Never>)?
        var nextNumber = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func fire() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.isFired = state.waiter == nil
            return state.waiter
        }
        waiter?.continuation.resume()
    }

    /// Returns at the next signal; false when the task was cancelled. One task waits at a time.
    package func wait() async -> Bool {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation from here on finds the waiter; one before shows here.
                    if state.isFired || Task.isCancelled {
                        state.isFired = state.isFired && Task.isCancelled
                        return true
                    }
                    state.waiter = (number, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                guard state.waiter?.number == number else { return nil as CheckedContinuation<Void, Never>? }
                defer { state.waiter = nil }
                return state.waiter?.continuation
            }
            waiter?.resume()
        }
        return !Task.isCancelled
    }

    /// Returns at the next signal or at `deadline`, whichever is first; false when the task was cancelled.
    package func wait(until deadline: Timestamp, by time: any TimeSource) async -> Bool {
        let isFired = state.withLock { state in
            defer { state.isFired = false }
            return state.isFired
        }
        if isFired { return !Task.isCancelled }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await self.wait() }
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        return !Task.isCancelled
    }
}
