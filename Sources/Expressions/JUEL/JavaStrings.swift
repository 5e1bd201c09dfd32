import Values

/// The methods of Java's strings that take a regular expression, and its order.
enum JavaStrings {
    /// Java's `compareTo`: by how much the first code units that differ do so, else the lengths.
    static func order(_ left: String, _ right: String) -> Int {
        for (one, other) in zip(left.utf16, right.utf16) where one != other { return Int(one) - Int(other) }
        return left.utf16.count - right.utf16.count
    }

    /// The whole string, not a part of it.
    static func matches(_ string: String, _ pattern: String, _ node: Node) throws(Fault) -> Bool {
        try run(pattern, "\\A(?:\(pattern))\\z", node) { compiled throws(PatternError) in
            try compiled.matches(anywhereIn: string)
        }
    }

    /// Without the empty pieces at the end; a string without the pattern is the one piece.
    static func split(_ string: String, at pattern: String, _ node: Node) throws(Fault) -> [String] {
        if string.isEmpty { return [string] }
        var pieces = try run(pattern, pattern, node) { compiled throws(PatternError) in
            try compiled.splitting(string)
        }
        while pieces.last?.isEmpty == true { pieces.removeLast() }
        return pieces
    }

    private static func run<Result>(
        _ source: String, _ pattern: String, _ node: Node, _ body: (Pattern) throws(PatternError) -> Result
    ) throws(Fault) -> Result {
        do throws(PatternError) {
            return try body(try Pattern(pattern))
        } catch {
            switch error.kind {
            case .limitExceeded, .subjectTooLong: throw Fault(.limit, error.message, at: node.offset)
            case .invalidPattern, .invalidReplacement, .failed:
                throw Fault(.type, "\"\(source)\" is no regular expression: \(error.message)", at: node.offset)
            }
        }
    }
}
