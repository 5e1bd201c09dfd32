/// Decides in one pass whether bytes are one JSON text (RFC 8259) within limits.
///
/// Iterative: how deep a peer nests costs memory within the limit, never stack. The bytes are a parameter of each
/// step rather than a property, because a `Span` cannot be stored.
struct JSONScanner {
    struct Failure: Error {
        var offset: Int
        var message: String
    }

    /// Members that a later one of the same name replaces, with the comma behind them; not in order.
    private(set) var superseded: [Range<Int>] = []

    private let limits: JSONLimits
    private var position = 0
    private var frames: [Frame] = []
    /// The names of all open objects, those of the innermost last.
    private var names: [Name] = []

    /// An open array or object.
    private struct Frame {
        var isObject: Bool
        /// Where the names of this object start in `names`.
        var firstName: Int
        /// All names so far are ASCII without escapes: names are equal where their bytes are.
        var hasPlainNames = true
    }

    /// Where a member's name stands, without its quotes.
    private struct Name {
        var start: Int
        var end: Int
        var count: Int { end - start }
    }

    init(limits: JSONLimits) {
        self.limits = limits
        // Enough for most messages without growing.
        frames.reserveCapacity(8)
        names.reserveCapacity(24)
    }

    /// The range of the text without the white space around it.
    mutating func scan(_ bytes: Span<UInt8>) throws(Failure) -> Range<Int> {
        guard bytes.count <= limits.maxBytes else {
            throw Failure(offset: limits.maxBytes, message: "larger than \(limits.maxBytes) bytes")
        }
        skipWhiteSpace(bytes)
        let start = position
        while true {
            guard try completesValue(bytes) else { continue }
            guard try continuesAfterValue(bytes) else { break }
        }
        let end = position
        skipWhiteSpace(bytes)
        guard position == bytes.count else { throw unexpected(bytes, expected: "the end of the text") }
        return start..<end
    }

    // MARK: Values

    /// True: read a scalar or an empty container. False: entered a container, and its first value follows.
    private mutating func completesValue(_ bytes: Span<UInt8>) throws(Failure) -> Bool {
        switch byte(bytes) {
        case ASCII.openBrace:
            try open(isObject: true)
            skipWhiteSpace(bytes)
            guard byte(bytes) == ASCII.closeBrace else {
                try scanName(bytes)
                return false
            }
            close()
        case ASCII.openBracket:
            try open(isObject: false)
            skipWhiteSpace(bytes)
            guard byte(bytes) == ASCII.closeBracket else { return false }
            close()
        case ASCII.quote:
            position += 1
            _ = try scanString(bytes)
        case ASCII.minus, ASCII.zero...ASCII.nine: try scanNumber(bytes)
        case UInt8(ascii: "t"): try scanLiteral("true", bytes)
        case UInt8(ascii: "f"): try scanLiteral("false", bytes)
        case UInt8(ascii: "n"): try scanLiteral("null", bytes)
        default: throw unexpected(bytes, expected: "a value")
        }
        return true
    }

    /// After a value: closes what ends here, then steps to the next value. False: the outermost value is complete.
    private mutating func continuesAfterValue(_ bytes: Span<UInt8>) throws(Failure) -> Bool {
        while let frame = frames.last {
            skipWhiteSpace(bytes)
            switch (byte(bytes), frame.isObject) {
            case (ASCII.comma, true):
                position += 1
                skipWhiteSpace(bytes)
                try scanName(bytes)
                return true
            case (ASCII.comma, false):
                position += 1
                skipWhiteSpace(bytes)
                return true
            case (ASCII.closeBrace, true):
                try checkNames(of: frame, bytes)
                close()
            case (ASCII.closeBracket, false):
                close()
            case (_, true): throw unexpected(bytes, expected: "',' or '}'")
            case (_, false): throw unexpected(bytes, expected: "',' or ']'")
            }
        }
        return false
    }

    private mutating func open(isObject: Bool) throws(Failure) {
        guard frames.count < limits.maxDepth else {
            throw Failure(offset: position, message: "nested more than \(limits.maxDepth) levels deep")
        }
        frames.append(Frame(isObject: isObject, firstName: names.count))
        position += 1
    }

    private mutating func close() {
        let frame = frames.removeLast()
        while names.count > frame.firstName { names.removeLast() }
        position += 1
    }

    /// The name of a member, its colon, and the white space up to the value.
    private mutating func scanName(_ bytes: Span<UInt8>) throws(Failure) {
        guard byte(bytes) == ASCII.quote else { throw unexpected(bytes, expected: "a name in quotes") }
        position += 1
        let start = position
        if try !scanString(bytes) { frames[frames.count - 1].hasPlainNames = false }
        names.append(Name(start: start, end: position - 1))
        skipWhiteSpace(bytes)
        guard byte(bytes) == ASCII.colon else { throw unexpected(bytes, expected: "':'") }
        position += 1
        skipWhiteSpace(bytes)
    }

    // MARK: Scalars

    /// From behind the opening quote to behind the closing one. True: all ASCII, no escapes.
    private mutating func scanString(_ bytes: Span<UInt8>) throws(Failure) -> Bool {
        var isPlain = true
        var index = JSONText.endOfPlainText(bytes, from: position)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.quote {
                position = index + 1
                return isPlain
            }
            if byte == ASCII.backslash {
                isPlain = false
                index = try endOfEscape(bytes, at: index)
            } else if byte < 0x20 {
                throw Failure(offset: index, message: "a control character in a string must be escaped")
            } else if byte < 0x80 {
                index = JSONText.endOfPlainText(bytes, from: index)
            } else {
                isPlain = false
                index = try endOfMultibyteCharacter(bytes, at: index)
            }
        }
        throw Failure(offset: bytes.count, message: "the string that starts here or before has no end")
    }

    private func endOfEscape(_ bytes: Span<UInt8>, at start: Int) throws(Failure) -> Int {
        guard start + 1 < bytes.count else { return bytes.count }
        switch bytes[start + 1] {
        case ASCII.quote, ASCII.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard let unit = JSONText.unicodeEscape(bytes, at: start) else {
                throw Failure(offset: start, message: "\\u must be followed by four hexadecimal digits")
            }
            guard unit & 0xF800 == 0xD800 else { return start + 6 }
            guard unit < 0xDC00, let low = JSONText.unicodeEscape(bytes, at: start + 6), low & 0xFC00 == 0xDC00 else {
                throw Failure(offset: start, message: "half a surrogate pair")
            }
            return start + 12
        default:
            throw Failure(offset: start, message: "no such escape")
        }
    }

    /// The well-formed sequences of Unicode 15, table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF.
    private func endOfMultibyteCharacter(_ bytes: Span<UInt8>, at start: Int) throws(Failure) -> Int {
        let lead = bytes[start]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw Failure(offset: start, message: "invalid UTF-8")
        }
        guard start + length <= bytes.count, second.contains(bytes[start + 1]),
            length < 3 || bytes[start + 2] & 0xC0 == 0x80, length < 4 || bytes[start + 3] & 0xC0 == 0x80
        else { throw Failure(offset: start, message: "invalid UTF-8") }
        return start + length
    }

    private mutating func scanNumber(_ bytes: Span<UInt8>) throws(Failure) {
        if byte(bytes) == ASCII.minus { position += 1 }
        if byte(bytes) == ASCII.zero { position += 1 } else { try scanDigits(bytes) }
        if byte(bytes) == ASCII.dot {
            position += 1
            try scanDigits(bytes)
        }
        if byte(bytes) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte(bytes) == ASCII.plus || byte(bytes) == ASCII.minus { position += 1 }
            try scanDigits(bytes)
        }
    }

    /// One or more.
    private mutating func scanDigits(_ bytes: Span<UInt8>) throws(Failure) {
        guard ASCII.isDigit(byte(bytes)) else { throw unexpected(bytes, expected: "a digit") }
        position += 1
        while position < bytes.count, ASCII.isDigit(bytes[position]) { position += 1 }
    }

    private mutating func scanLiteral(_ literal: StaticString, _ bytes: Span<UInt8>) throws(Failure) {
        let end = position + literal.utf8CodeUnitCount
        let isThere = literal.withUTF8Buffer { expected in
            end <= bytes.count && expected.indices.allSatisfy { bytes[position + $0] == expected[$0] }
        }
        guard isThere else { throw Failure(offset: position, message: "expected a value") }
        position = end
    }

    private mutating func skipWhiteSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count, ASCII.isJSONWhiteSpace(bytes[position]) { position += 1 }
    }

    /// The byte at the position; behind the end 0, which no JSON token starts with.
    private func byte(_ bytes: Span<UInt8>) -> UInt8 {
        position < bytes.count ? bytes[position] : 0
    }

    private func unexpected(_ bytes: Span<UInt8>, expected: String) -> Failure {
        let isByteOrderMark =
            position == 0 && bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        let found =
            isByteOrderMark ? "a byte order mark" : position == bytes.count ? "the end of the text" : "something else"
        return Failure(offset: position, message: "expected \(expected), found \(found)")
    }
}

// MARK: - Duplicate names

extension JSONScanner {
    /// Below this many names, comparing each with each is faster than sorting.
    private static var pairwiseLimit: Int { 12 }

    private mutating func checkNames(of frame: Frame, _ bytes: Span<UInt8>) throws(Failure) {
        guard names.count - frame.firstName > 1 else { return }
        let pairs =
            if !frame.hasPlainNames {
                equalDecodedNames(from: frame.firstName, bytes)
            } else if names.count - frame.firstName <= Self.pairwiseLimit {
                equalNamesPairwise(from: frame.firstName, bytes)
            } else {
                equalNamesSorted(from: frame.firstName, bytes)
            }
        guard !pairs.isEmpty else { return }
        switch limits.duplicateKeys {
        case .refuse:
            let second = pairs.lazy.map(\.later).min() ?? frame.firstName
            throw Failure(offset: names[second].start - 1, message: "the object has this name already")
        case .lastWins:
            // An earlier member reaches up to the quote of the next name; there is one, the later member's at least.
            for (earlier, _) in pairs { superseded.append(names[earlier].start - 1..<names[earlier + 1].start - 1) }
        }
    }

    private typealias Pair = (earlier: Int, later: Int)

    private func equalNamesPairwise(from first: Int, _ bytes: Span<UInt8>) -> [Pair] {
        var pairs: [Pair] = []
        for earlier in first..<names.count - 1 {
            for later in earlier + 1..<names.count where order(names[earlier], names[later], bytes) == 0 {
                pairs.append((earlier, later))
                break
            }
        }
        return pairs
    }

    private func equalNamesSorted(from first: Int, _ bytes: Span<UInt8>) -> [Pair] {
        let sorted = (first..<names.count).sorted { left, right in
            let order = order(names[left], names[right], bytes)
            return order == 0 ? left < right : order < 0
        }
        return zip(sorted, sorted.dropFirst())
            .filter { order(names[$0], names[$1], bytes) == 0 }
            .map { (earlier: $0, later: $1) }
    }

    /// By the decoded text, as the keys of `Value` are: two names that look alike are refused too, since only one would be kept.
    private func equalDecodedNames(from first: Int, _ bytes: Span<UInt8>) -> [Pair] {
        var pairs: [Pair] = []
        var last: [String: Int] = [:]
        for index in first..<names.count {
            let name = JSONText.string(bytes, in: names[index].start..<names[index].end)
            if let earlier = last.updateValue(index, forKey: name) { pairs.append((earlier, index)) }
        }
        return pairs
    }

    /// By length, then bytes: negative, zero or positive.
    private func order(_ left: Name, _ right: Name, _ bytes: Span<UInt8>) -> Int {
        guard left.count == right.count else { return left.count - right.count }
        for offset in 0..<left.count where bytes[left.start + offset] != bytes[right.start + offset] {
            return Int(bytes[left.start + offset]) - Int(bytes[right.start + offset])
        }
        return 0
    }
}
