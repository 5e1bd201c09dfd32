import Synchronization

/// A number that only grows, safe to add to from anywhere.
package final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    package init() {}
    package func add(_ count: Int) { value.wrappingAdd(count, ordering: .relaxed) }
    package var count: Int { value.load(ordering: .relaxed) }
}

/// What the engine counts for `/metrics`.
package final class EngineCounters: Sendable {
    package let commits = Counter()
    package let conflicts = Counter()
    package let started = Counter()
    package let leasesLost = Counter()
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
