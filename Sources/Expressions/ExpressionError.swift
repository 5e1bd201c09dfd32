package import Values

/// Why an expression could not be parsed or evaluated, and where in its text.
package struct ExpressionError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// The text is not an expression of its language.
        case syntax
        /// A value has a type that the operation cannot take and cannot be converted.
        case type
        /// A variable, function, method or property that does not exist (JUEL; FEEL answers null).
        case name
        /// Too large, too deep, or too much work.
        case limit
        /// What the language has and is not supported here: functions in the language of a host.
        case unsupported
    }

    package var kind: Kind
    package var message: String
    /// Both count from 1, in Unicode scalars.
    package var line: Int
    package var column: Int
    /// The text of the whole expression.
    package var source: String

    package init(kind: Kind, message: String, line: Int, column: Int, source: String) {
        self.kind = kind
        self.message = message
        self.line = line
        self.column = column
        self.source = source
    }

    package var position: SourcePosition { SourcePosition(line: line, column: column) }
}

extension ExpressionError: CustomStringConvertible {
    /// `name: unknown variable "x" at 1:3 in "${x}"`; a long source is cut.
    package var description: String {
        let excerpt = source.count > 120 ? String(source.prefix(117)) + "..." : source
        return "\(kind.rawValue): \(message) at \(line):\(column) in \"\(excerpt)\""
    }
}

/// An error inside a parser or the evaluator, before line and column are known.
struct Fault: Error, Sendable, Hashable {
    var kind: ExpressionError.Kind
    var message: String
    /// Unicode scalars from the start of the source.
    var offset: Int
    /// Set where the fault came from a text of its own, that of a function defined elsewhere.
    private var origin: Origin?

    private final class Origin: Sendable, Hashable {
        let error: ExpressionError

        init(_ error: ExpressionError) {
            self.error = error
        }

        static func == (left: Origin, right: Origin) -> Bool { left.error == right.error }

        func hash(into hasher: inout Hasher) {
            hasher.combine(error)
        }
    }

    init(_ kind: ExpressionError.Kind, _ message: String, at offset: Int) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }

    /// A fault that has its place already.
    init(_ error: ExpressionError) {
        self.init(error.kind, error.message, at: 0)
        origin = Origin(error)
    }

    func located(in source: String) -> ExpressionError {
        if let origin { return origin.error }
        let position = SourcePosition(offset: offset, in: source)
        return ExpressionError(
            kind: kind, message: message, line: position.line, column: position.column, source: source)
    }
}

extension SourcePosition {
    /// The line and column of the scalar at `offset`.
    init(offset: Int, in source: String) {
        var line = 1
        var column = 1
        for scalar in source.unicodeScalars.prefix(offset) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        self.init(line: line, column: column)
    }
}
