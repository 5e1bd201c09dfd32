/// An `Int128` to keep in a type.
///
/// In two halves: as it is it needs an alignment of 16 bytes, which the compiler (6.3, debug builds) does not give every
/// temporary (a `movaps` then crashes), and an enum of it takes 48 bytes instead of 32.
struct StoredInt128: Sendable, Hashable {
    private let high: Int64
    private let low: UInt64

    init(_ value: Int128) {
        high = Int64(truncatingIfNeeded: value >> 64)
        low = UInt64(truncatingIfNeeded: value)
    }

    var value: Int128 { Int128(high) << 64 | Int128(low) }
    var isNegative: Bool { high < 0 }
}
