import Values

/// SplitMix64: the same seed gives the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func string() -> String {
        let alphabet: [Character] = [
            "a", "b", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\u{1}", "é", "e\u{301}", "€", "😀",
        ]
        return String(
            (0..<Int.random(in: 0...12, using: &self)).map { _ in alphabet.randomElement(using: &self) ?? "a" })
    }

    mutating func decimal() -> Decimal128 {
        let digits = Int.random(in: 1...34, using: &self)
        var text = Bool.random(using: &self) ? "-" : ""
        for _ in 0..<digits { text += String(Int.random(in: 0...9, using: &self)) }
        text += "e\(Int.random(in: -40...20, using: &self))"
        return Decimal128(text) ?? .zero
    }

    mutating func value(depth: Int = 4) -> Value {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .number(Decimal128(Int.random(in: -1000...1000, using: &self)))
        case 3: return .number(decimal())
        case 4, 5: return .string(string())
        case 6: return .list((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            return Value(
                members: (0..<Int.random(in: 0...20, using: &self)).map { _ in (string(), value(depth: depth - 2)) })
        }
    }
}
