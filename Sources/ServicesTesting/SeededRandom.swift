import Services
import Synchronization

/// Randomness that the seed decides: the same seed gives the same sequence. SplitMix64, not for production.
package final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) {
        state = Mutex(seed)
    }

    package func next() -> (UInt64, UInt64) {
        state.withLock { state in (Self.step(&state), Self.step(&state)) }
    }

    /// A number below `bound`, which must be positive.
    package func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a bound is positive")
        return Int(state.withLock { state in Self.step(&state) } % UInt64(bound))
    }

    /// True in `percent` of a hundred calls, on average.
    package func chance(_ percent: Int) -> Bool {
        below(100) < percent
    }

    private static func step(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
