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
}

extension JSONError: CustomStringConvertible {
    package var description: String { "\(line):\(column): \(message)" }
}
