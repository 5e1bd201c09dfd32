import Synchronization
import Values

/// A number that only grows, safe to add to from anywhere.
package final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    package init() {}
    package func add(_ count: Int) { value.wrappingAdd(count, ordering: .relaxed) }
    package var count: Int { value.load(ordering: .relaxed) }
}

/// Durations in buckets that grow by about two, safe to add to from anywhere.
package final class Histogram: Sendable {
    /// Upper bounds, milliseconds.
    static let bounds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000, 600_000]

    struct Content {
        /// How many were at most as long as each bound.
        var counts = Array(repeating: 0, count: Histogram.bounds.count)
        var count = 0
        var milliseconds: Int64 = 0
    }

    private let state = Mutex(Content())

    package init() {}

    package func add(_ duration: Duration) {
        let milliseconds = max(0, duration.milliseconds)
        state.withLock { content in
            for (index, bound) in Self.bounds.enumerated() where milliseconds <= bound { content.counts[index] += 1 }
            content.count += 1
            content.milliseconds += milliseconds
        }
    }

    var content: Content { state.withLock { $0 } }
}

/// What the engine counts for `/metrics`.
package final class EngineCounters: Sendable {
    package let commits = Counter()
    package let conflicts = Counter()
    package let started = Counter()
    package let leasesLost = Counter()
    /// Of one transaction of the store.
    package let commitTimes = Histogram()
    package init() {}
}

/// Wakes every listener. Signals that come while a listener is busy count as one for it.
package final class Broadcast: Sendable {
    private let listeners = Mutex<[Signal]>([])

    package init() {}

    package func listen() -> Signal {
        let signal = Signal()
        listeners.withLock { $0.append(signal) }
        return signal
    }

    package func fire() {
        for signal in listeners.withLock({ $0 }) { signal.fire() }
    }
}
