import Synchronization

/// What has come and is not taken yet: one side adds, the other takes all of it at once.
package final class Inbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let signal = Signal()

    package init() {}

    package func add(_ elements: [Element]) {
        state.withLock { $0.elements += elements }
        signal.fire()
    }

    /// Nothing more will come.
    package func close() {
        state.withLock { $0.isClosed = true }
        signal.fire()
    }

    /// Everything since the last call, in order, as soon as there is anything; nil when closed and empty, or when cancelled.
    /// One task waits at a time.
    package func next() async -> [Element]? {
        while !Task.isCancelled {
            let (elements, isClosed) = state.withLock { state in
                defer { state.elements = [] }
                return (state.elements, state.isClosed)
            }
            if !elements.isEmpty { return elements }
            if isClosed { return nil }
            _ = await signal.wait()
        }
        return nil
    }
}
