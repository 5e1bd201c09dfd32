import Values

extension JSON {
    /// What expressions make is nested no deeper: a value that a loop wraps again and again must not outgrow what readers of the
    /// journal and of task inputs take.
    static let maxMadeDepth = 500

    /// The value, unless it is too deep.
    func bounded(_ what: @autoclosure () -> String) throws(IncidentCause) -> JSON {
        guard isNested(deeperThan: Self.maxMadeDepth) else { return self }
        throw IncidentCause(
            .expressionFailed, "\(what()) is nested more than \(Self.maxMadeDepth) levels deep")
    }

    private func isNested(deeperThan limit: Int) -> Bool {
        // Each level costs two bytes.
        guard byteCount > 2 * limit else { return false }
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                isEscaped = false
            } else if isInString {
                isEscaped = byte == UInt8(ascii: "\\")
                isInString = byte != UInt8(ascii: "\"")
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
                depth += 1
                if depth > limit { return true }
            } else if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
                depth -= 1
            }
        }
        return false
    }
}
