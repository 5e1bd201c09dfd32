import Delivery
import Services
import Synchronization

/// The bus's state, made of the states of its three links, for whoever wants to follow it.
final class StateHub: Sendable {
    private struct State {
        var links: [LinkKind: BusState] = [:]
        var current = BusState.disconnected(reason: "not connected yet")
        var nextFollower = 0
        var followers: [Int: AsyncStream<BusState>.Continuation] = [:]
    }
    private let state = Mutex(State())

    func report(_ linkState: BusState, of kind: LinkKind) {
        state.withLock { state in
            state.links[kind] = linkState
            let combined = Self.combine(state.links)
            guard combined != state.current else { return }
            state.current = combined
            for follower in state.followers.values { follower.yield(combined) }
        }
    }

    /// The state now, then each change.
    func follow() -> AsyncStream<BusState> {
        // Who does not read learns the latest ones.
        let (stream, continuation) = AsyncStream.makeStream(of: BusState.self, bufferingPolicy: .bufferingNewest(16))
        let id = state.withLock { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = continuation
            continuation.yield(state.current)
            return state.nextFollower
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in _ = state.followers.removeValue(forKey: id) }
        }
        return stream
    }

    /// No more changes will come.
    func finish() {
        let followers = state.withLock { state in
            defer { state.followers = [:] }
            return Array(state.followers.values)
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
