import Foundation
import Services
import Values

/// The wall clock at the start, and from then on a clock that never jumps: leases are durations.
struct SteadyTime: TimeSource {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let startedAt: Timestamp

    init() {
        start = clock.now
        startedAt = Timestamp(millisecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1000))
    }

    var now: Timestamp { startedAt.advanced(by: start.duration(to: clock.now)) }

    func sleep(until deadline: Timestamp) async throws {
        // Timestamps are whole milliseconds: one more, or a loop would find that it woke too early.
        try await clock.sleep(until: start.advanced(by: deadline.duration(since: startedAt) + .milliseconds(1)))
    }
}

struct UnguessableRandom: RandomSource {
    func next() -> (UInt64, UInt64) {
        var generator = SystemRandomNumberGenerator()
        return (generator.next(), generator.next())
    }
}
