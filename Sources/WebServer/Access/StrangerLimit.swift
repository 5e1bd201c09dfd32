import Synchronization
package import Values

/// Who has no key must not fill the disk with lines about it: one a second is written, and says how many were left out before.
package final class StrangerLimit: Sendable {
    private struct State {
        var last: Timestamp?
        var omitted = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// How many were left out since the last line, if this one is to be written.
    package func line(at now: Timestamp) -> Int? {
        state.withLock { state in
            if let last = state.last, now >= last, now.duration(since: last) < .seconds(1) {
                state.omitted += 1
                return nil
            }
            defer { state = State(last: now) }
            return state.omitted
        }
    }
}
