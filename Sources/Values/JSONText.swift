/// Steps over JSON text that was validated before, and so looks only for where things end.
///
/// All positions count from the start of the span.
enum JSONText {
    static func skipWhiteSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, ASCII.isJSONWhiteSpace(bytes[index]) { index += 1 }
        return index
    }

    /// Behind the closing quote of the string whose opening quote is at `start`.
    static func endOfString(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = endOfPlainText(bytes, from: start + 1)
        while index < bytes.count, bytes[index] != ASCII.quote {
            index = endOfPlainText(bytes, from: index + (bytes[index] == ASCII.backslash ? 2 : 1))
        }
        return index + 1
    }

    /// The first byte at or behind `start` that is no plain text: a quote, a backslash, a control character, or not ASCII.
    ///
    /// Eight bytes at a time: most of what goes through here are long texts, and each is stepped over several times.
    static func endOfPlainText(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            let special = bytesBelow(0x20, word) | zeroBytes(word ^ quotes) | zeroBytes(word ^ backslashes) | word
            let marks = special & highBits
            guard marks == 0 else { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count, isPlain(bytes[index]) { index += 1 }
        return index
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte != ASCII.quote && byte != ASCII.backslash && 0x20..<0x80 ~= byte
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let quotes = ones * UInt64(ASCII.quote)
    private static let backslashes = ones * UInt64(ASCII.backslash)

    /// The high bit of each byte that is zero; above the first of them it may be wrong.
    private static func zeroBytes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highBits }

    /// The high bit of each byte below `limit`, which is at most 128; above the first of them it may be wrong.
    private static func bytesBelow(_ limit: UInt64, _ word: UInt64) -> UInt64 {
        (word &- ones &* limit) & ~word & highBits
    }

    /// Behind the value that starts at `start`.
    static func endOfValue(_ bytes: Span<UInt8>, from start: Int) -> Int {
        switch bytes[start] {
        case ASCII.quote: endOfString(bytes, from: start)
        case ASCII.openBrace, ASCII.openBracket: endOfContainer(bytes, from: start)
        default: endOfScalar(bytes, from: start)
        }
    }

    private static func endOfContainer(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.quote:
                index = endOfString(bytes, from: index)
                continue
            case ASCII.openBrace, ASCII.openBracket:
                depth += 1
            case ASCII.closeBrace, ASCII.closeBracket:
                depth -= 1
                if depth == 0 { return index + 1 }
            default:
                break
            }
            index += 1
        }
        return index
    }

    /// Behind a number, `true`, `false` or `null`.
    static func endOfScalar(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.comma, ASCII.closeBrace, ASCII.closeBracket, ASCII.space, ASCII.tab, ASCII.lineFeed,
                ASCII.carriageReturn:
                return index
            default:
                index += 1
            }
        }
        return index
    }

    /// The text of a string, given what stands between its quotes.
    static func string(_ bytes: Span<UInt8>, in range: Range<Int>) -> String {
        let content = bytes.extracting(range)
        guard let firstEscape = content.indices.first(where: { content[$0] == ASCII.backslash }) else {
            return content.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        return String(unsafeUninitializedCapacity: content.count) { buffer in
            for index in 0..<firstEscape { buffer[index] = content[index] }
            var written = firstEscape
            var index = firstEscape
            while index < content.count {
                if content[index] == ASCII.backslash {
                    let (scalar, length) = escapedScalar(content, at: index)
                    for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                        buffer[written] = byte
                        written += 1
                    }
                    index += length
                } else {
                    buffer[written] = content[index]
                    written += 1
                    index += 1
                }
            }
            return written
        }
    }

    /// The character an escape stands for, and the bytes of the escape. No character is longer than its escape.
    private static func escapedScalar(_ bytes: Span<UInt8>, at start: Int) -> (Unicode.Scalar, length: Int) {
        switch bytes[start + 1] {
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{C}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"):
            let unit = unicodeEscape(bytes, at: start) ?? 0xFFFD
            if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
            let low = unicodeEscape(bytes, at: start + 6) ?? 0xDC00
            return (Unicode.Scalar(0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF)) ?? "\u{FFFD}", 12)
        default: return (Unicode.Scalar(bytes[start + 1]), 2)
        }
    }

    /// The code unit that a `\uXXXX` at `start` stands for; nil if there is none.
    static func unicodeEscape(_ bytes: Span<UInt8>, at start: Int) -> UInt32? {
        guard start + 6 <= bytes.count, bytes[start] == ASCII.backslash, bytes[start + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for index in start + 2..<start + 6 {
            guard let digit = ASCII.hexValue(bytes[index]) else { return nil }
            unit = (unit << 4) | digit
        }
        return unit
    }
}
