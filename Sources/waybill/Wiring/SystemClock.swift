import Foundation
import Services
import Values

/// The machine's clock: wall time to show and store, waits that a jump of it does not stretch.
struct SystemClock: TimeSource {
    var now: Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    func sleep(until deadline: Timestamp) async throws {
        let wait = deadline.duration(since: now)
        // A year is as good as for ever, and far from the clock's own limits.
        if wait > .zero { try await Task.sleep(for: min(wait, .seconds(31_536_000))) }
    }
}

/// The kernel's random numbers.
struct SystemRandom: RandomSource {
    func next() -> (UInt64, UInt64) {
        var generator = SystemRandomNumberGenerator()
        return (generator.next(), generator.next())
    }
}
