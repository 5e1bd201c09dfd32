import OrderedCollections

/// Writes one JSON text into a buffer, placing the commas.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("id")
///     writer.int(7)
///     writer.endObject()
///     let json = writer.finish()
///
/// The caller writes one value, keys only in objects, and each key once.
package struct JSONWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []
    /// The closing bytes of what is open, innermost last.
    private var closers: [UInt8] = []
    private var needsComma = false

    package init(reservingCapacity capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() {
        begin(ASCII.openBrace, closer: ASCII.closeBrace)
    }

    package mutating func endObject() {
        precondition(closers.last == ASCII.closeBrace, "an object is open")
        end()
    }

    package mutating func beginArray() {
        begin(ASCII.openBracket, closer: ASCII.closeBracket)
    }

    package mutating func endArray() {
        precondition(closers.last == ASCII.closeBracket, "an array is open")
        end()
    }

    /// Ends the innermost object or array.
    package mutating func end() {
        guard let closer = closers.popLast() else { preconditionFailure("an object or array is open") }
        bytes.append(closer)
        needsComma = true
    }

    /// The name of the member whose value comes next.
    package mutating func key(_ name: String) {
        precondition(closers.last == ASCII.closeBrace, "an object is open")
        separate()
        Self.appendQuoted(name, to: &bytes)
        bytes.append(ASCII.colon)
        needsComma = false
    }

    package mutating func string(_ string: String) {
        separate()
        Self.appendQuoted(string, to: &bytes)
    }

    package mutating func int(_ int: Int) {
        separate()
        bytes.append(contentsOf: String(int).utf8)
    }

    /// The shortest number that reads back as `double`. What JSON has no number for, infinities and NaN, becomes null.
    package mutating func double(_ double: Double) {
        separate()
        bytes.append(contentsOf: (double.isFinite ? double.description : "null").utf8)
    }

    package mutating func number(_ number: Decimal128) {
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    package mutating func bool(_ bool: Bool) {
        separate()
        bytes.append(contentsOf: (bool ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func raw(_ json: JSON) {
        separate()
        json.appendRaw(to: &bytes)
    }

    /// What a writer wrote, and nothing else: it is not read again.
    package mutating func raw(written bytes: [UInt8]) {
        separate()
        self.bytes += bytes
    }

    /// Recursive, as values are.
    package mutating func value(_ value: Value) {
        switch value {
        case .null: null()
        case .bool(let bool): self.bool(bool)
        case .number(let number): self.number(number)
        case .string(let string): self.string(string)
        case .list(let list):
            beginArray()
            for element in list { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, member) in members {
                key(name)
                self.value(member)
            }
            endObject()
        }
    }

    /// The text; everything that was begun has ended.
    package consuming func finish() -> JSON {
        precondition(closers.isEmpty && !bytes.isEmpty, "one whole value was written")
        return JSON(trusting: bytes[...])
    }

    private mutating func begin(_ opener: UInt8, closer: UInt8) {
        separate()
        bytes.append(opener)
        closers.append(closer)
        needsComma = false
    }

    /// Before a value or key. After it a comma is needed, unless it was a key or opened something.
    private mutating func separate() {
        if needsComma { bytes.append(ASCII.comma) }
        needsComma = true
    }

    /// Escapes only what JSON requires, as RFC 8785 does.
    private static func appendQuoted(_ string: String, to bytes: inout [UInt8]) {
        var string = string
        bytes.append(ASCII.quote)
        string.withUTF8 { utf8 in
            var copied = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == ASCII.quote || byte == ASCII.backslash else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<index]))
                appendEscape(of: byte, to: &bytes)
                copied = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied...]))
        }
        bytes.append(ASCII.quote)
    }

    private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(ASCII.backslash)
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case ASCII.lineFeed: bytes.append(UInt8(ascii: "n"))
        case ASCII.carriageReturn: bytes.append(UInt8(ascii: "r"))
        case ASCII.tab: bytes.append(UInt8(ascii: "t"))
        case 0..<0x20:
            bytes.append(contentsOf: [
                UInt8(ascii: "u"), ASCII.zero, ASCII.zero, ASCII.zero + (byte >> 4), ASCII.hexDigit(byte & 15),
            ])
        default: bytes.append(byte)
        }
    }
}
