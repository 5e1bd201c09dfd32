import Synchronization

/// Stops one piece of work from outside while it stays a structured child.
final class Stoppable: Sendable {
    /// → running → ended; a stop before the work begins or while it runs cancels it.
    private enum State {
        case new
        case running(Handle)
        case stopped
        case ended
    }

    /// Only for `cancel`, which any thread may call ("Only APIs on `UnsafeCurrentTask` that are also part of `Task` are safe to invoke
    /// from a task other than the task that this `UnsafeCurrentTask` instance refers to"). It is here only inside the closure that
    /// gave it, which the lock sees to.
    private struct Handle: @unchecked Sendable {
        let task: UnsafeCurrentTask
    }

    private let state = Mutex(State.new)

    func stop() {
        state.withLock { state in
            switch state {
            case .new: state = .stopped
            case .running(let handle): handle.task.cancel()
            case .stopped, .ended: break
            }
        }
    }

    /// Runs the work, as the last that the current task does; a stop cancels it. Returns when it has ended, either way.
    func run(_ work: () async -> Void) async {
        await withUnsafeCurrentTask { task in
            if let task { begin(Handle(task: task)) }
            await work()
            state.withLock { $0 = .ended }
        }
    }

    private func begin(_ handle: Handle) {
        state.withLock { state in
            if case .stopped = state { handle.task.cancel() } else { state = .running(handle) }
        }
    }
}
