package import Services
import Synchronization

/// The end of a process at one of its fault points, as a test in one process can have it: from there on nothing succeeds any more.
package final class Crash: Sendable {
    package struct Ended: Error {}

    private struct State {
        /// How many points are passed before the end; nil: all.
        var left: Int?
        var passed: [String] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// The process ends after so many points from here; never with nil.
    package func end(after points: Int?) {
        state.withLock {
            $0.left = points
            $0.passed = []
        }
    }

    package var hasEnded: Bool { state.withLock { $0.left == 0 } }
    /// The points that were passed since.
    package var passed: [String] { state.withLock(\.passed) }

    package var faults: FaultPoint {
        FaultPoint { [self] work, point in
            try state.withLock { state in
                if let left = state.left {
                    guard left > 0 else { throw Ended() }
                    state.left = left - 1
                }
                state.passed.append("\(work.rawValue): \(point)")
            }
        }
    }
}
