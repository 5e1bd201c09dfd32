import Values

/// Lower-case hexadecimal text.
enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads what `text` wrote; nil for anything else.
    static func bytes(_ text: String) -> [UInt8]? {
        let numbers = text.compactMap(\.hexDigitValue)
        guard numbers.count == text.count, numbers.count % 2 == 0 else { return nil }
        return stride(from: 0, to: numbers.count, by: 2).map { UInt8(numbers[$0] * 16 + numbers[$0 + 1]) }
    }

    /// Sixteen digits.
    static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                buffer[index] = digits[Int(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15]
            }
            return 16
        }
    }
}

/// Version 7 UUIDs: 48 bits of time, 74 random bits.
enum UUIDv7 {
    /// The time in an id of ours; nil for another text.
    static func time(of text: String) -> Timestamp? {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32, let milliseconds = Int64(digits.prefix(12), radix: 16) else { return nil }
        return Timestamp(millisecondsSinceEpoch: milliseconds)
    }

    static func text(at time: Timestamp, random: (UInt64, UInt64)) -> String {
        let high = UInt64(truncatingIfNeeded: time.millisecondsSinceEpoch) << 16 | 0x7000 | random.0 & 0x0fff
        let low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
        let (a, b) = (Hex.text(high), Hex.text(low))
        return "\(a.prefix(8))-\(a.dropFirst(8).prefix(4))-\(a.suffix(4))-\(b.prefix(4))-\(b.suffix(12))"
    }
}
