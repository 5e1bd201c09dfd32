/// Why a text is not the JSON we accept, and where.
package struct JSONError: Error, Sendable, Hashable {
    /// Bytes before the offending one.
    package var offset: Int
    /// Counts from 1; lines end with a line feed.
    package var line: Int
    /// Counts characters (Unicode scalars) from 1.
    package var column: Int
    package var message: String

    package init(offset: Int, line: Int, column: Int, message: String) {
        self.offset = offset
        self.line = line
        self.column = column
        self.message = message
    }

    init(offset: Int, in bytes: [UInt8], message: String) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? 0
        self.offset = offset
        self.line = 1 + before.count { $0 == ASCII.lineFeed }
        self.column = 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(line):\(column): \(message)" }
}
