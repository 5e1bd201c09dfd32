import Delivery
import Services
import Synchronization

/// The bus's state, made of the states of its three links, for whoever wants to follow it.
final class StateHub: Sendable {
    private struct State {
        var links: [LinkKind: BusState] = [:]
        var current = BusState.disconnected(reason: "not connected yet")
        /// One that has ended goes with the next change. Its `onTermination` must not take this lock: it runs under a lock of its
        /// task, which resuming the task (by a yield, under this lock) takes too.
        var followers: [AsyncStream<BusState>.Continuation] = []
        var isFinished = false
    }
    private let state = Mutex(State())

    func report(_ linkState: BusState, of kind: LinkKind) {
        state.withLock { state in
            state.links[kind] = linkState
            let combined = Self.combine(state.links)
            guard combined != state.current else { return }
            state.current = combined
            state.followers.removeAll { if case .terminated = $0.yield(combined) { true } else { false } }
        }
    }

    /// The state now, then each change.
    func follow() -> AsyncStream<BusState> {
        // Who does not read learns the latest ones.
        let (stream, continuation) = AsyncStream.makeStream(of: BusState.self, bufferingPolicy: .bufferingNewest(16))
        state.withLock { state in
            continuation.yield(state.current)
            if state.isFinished { continuation.finish() } else { state.followers.append(continuation) }
        }
        return stream
    }

    /// No more changes will come.
    func finish() {
        let followers = state.withLock { state in
            defer { state.followers = [] }
            state.isFinished = true
            return state.followers
        }
        for follower in followers { follower.finish() }
    }

    /// Disconnected if any link is, else blocked if any is.
    private static func combine(_ links: [LinkKind: BusState]) -> BusState {
        var combined = BusState.connected
        for kind in LinkKind.allCases {
            switch links[kind] ?? .disconnected(reason: "not connected yet") {
            case .disconnected(let reason): return .disconnected(reason: reason)
            case .blocked(let reason): combined = .blocked(reason: reason)
            case .connected: break
            }
        }
        return combined
    }
}
