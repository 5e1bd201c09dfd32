import Synchronization

/// What has come and is not taken yet: one side adds, the other takes all of it at once.
package final class Inbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let signal = Signal()
    private let capacity: Int

    /// - Parameter capacity: of what waits in it; beyond that the oldest is forgotten.
    package init(capacity: Int = .max) {
        self.capacity = capacity
    }

    package func add(_ elements: [Element]) {
        state.withLock { state in
            state.elements += elements
            state.elements.removeFirst(max(state.elements.count - capacity, 0))
        }
        signal.fire()
    }

    /// Nothing more will come.
    package func close() {
        state.withLock { $0.isClosed = true }
        signal.fire()
    }

    /// What is there now, at most so many, oldest first.
    package func take(atMost limit: Int = .max) -> [Element] {
        state.withLock { state in
            let taken = Array(state.elements.prefix(limit))
            state.elements.removeFirst(taken.count)
            return taken
        }
    }

    /// What has come and was not taken, at most so many, in order, as soon as there is anything; nil when closed and empty, or when
    /// cancelled. One task waits at a time.
    package func next(atMost limit: Int = .max) async -> [Element]? {
        while !Task.isCancelled {
            // In this order: what comes before the end is taken.
            let isClosed = state.withLock(\.isClosed)
            let elements = take(atMost: limit)
            if !elements.isEmpty { return elements }
            if isClosed { return nil }
            _ = await signal.wait()
        }
        return nil
    }
}
