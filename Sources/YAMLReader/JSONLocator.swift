import Contracts
import OrderedCollections
import Values

/// Reads a JSON file: the value by the JSON codec, so that numbers stay exact, and the positions by a walk over the text, which is
/// valid by then.
struct JSONLocator {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    private var lineStart = 0
    private(set) var positions: [String: SourcePosition] = [:]

    static func read(_ bytes: [UInt8], file: String, limits: YAMLReader.Limits) throws(Diagnostics) -> LocatedValue {
        do {
            let value = try Value(
                parsing: bytes, limits: JSONLimits(maxBytes: limits.maxBytes, maxDepth: limits.maxDepth))
            var locator = JSONLocator(bytes: bytes)
            locator.skipSpace()
            locator.note("")
            locator.walk(value, at: "")
            return LocatedValue(file: file, value: value, positions: locator.positions)
        } catch {
            throw Diagnostics(
                Diagnostic(
                    code: "invalid-json", file: file, position: SourcePosition(line: error.line, column: error.column),
                    message: "not JSON: \(error.message)"))
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func note(_ pointer: String) {
        positions[pointer] = SourcePosition(line: line, column: offset - lineStart + 1)
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\n"):
                line += 1
                lineStart = offset + 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: ","), UInt8(ascii: ":"): break
            default: return
            }
            offset += 1
        }
    }

    /// Passes over the value that begins here.
    private mutating func walk(_ value: Value, at pointer: String) {
        switch value {
        case .object(let members):
            offset += 1
            for (name, member) in zip(members.keys, members.values) {
                let place = JSONPointer.appending(name, to: pointer)
                skipSpace()
                note(place)
                skipString()
                skipSpace()
                walk(member, at: place)
            }
            skipSpace()
            offset += 1
        case .list(let elements):
            offset += 1
            for (index, element) in elements.enumerated() {
                let place = "\(pointer)/\(index)"
                skipSpace()
                note(place)
                walk(element, at: place)
            }
            skipSpace()
            offset += 1
        case .string: skipString()
        case .null, .bool, .number:
            let end = Set(" \t\r\n,]}".utf8)
            while offset < bytes.count, !end.contains(bytes[offset]) { offset += 1 }
        }
    }

    private mutating func skipString() {
        offset += 1
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
            offset += bytes[offset] == UInt8(ascii: "\\") ? 2 : 1
        }
        offset += 1
    }
}
