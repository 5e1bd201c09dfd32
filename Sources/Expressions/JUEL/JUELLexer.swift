import Values

/// A token inside `${…}`, with where it begins and ends in the source's scalars.
struct JUELToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case end
        case identifier(String)
        case number(Decimal128)
        case string(String)
        /// An operator or a bracket; word operators (`and`, `eq`) appear as their symbols.
        case symbol(String)
    }

    let kind: Kind
    let start: Int
    let end: Int

    var name: String {
        switch kind {
        case .end: "the end"
        case .identifier(let name): "`\(name)`"
        case .number(let number): "the number \(number)"
        case .string: "a string"
        case .symbol(let symbol): "`\(symbol)`"
        }
    }
}

/// Cuts the inside of `${…}` into tokens.
struct JUELLexer: Sendable {
    let scalars: [Unicode.Scalar]

    /// Longer ones first.
    private static let symbols = [
        "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[",
        "]", "{", "}",
    ]

    private static let wordOperators = [
        "and": "&&", "or": "||", "not": "!", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
        "div": "/", "mod": "%", "empty": "empty",
    ]

    func token(from offset: Int) throws(Fault) -> JUELToken {
        var start = offset
        while start < scalars.count, scalars[start].isFEELSpace { start += 1 }
        guard start < scalars.count else { return JUELToken(kind: .end, start: start, end: start) }
        let first = scalars[start]
        if first.startsJUELIdentifier { return word(from: start) }
        if first.isDigit || (first == "." && start + 1 < scalars.count && scalars[start + 1].isDigit) {
            return try number(from: start)
        }
        if first == "'" || first == "\"" { return try string(from: start, quote: first) }
        for symbol in JUELLexer.symbols where scalars[start...].starts(with: symbol.unicodeScalars) {
            return JUELToken(kind: .symbol(symbol), start: start, end: start + symbol.unicodeScalars.count)
        }
        throw Fault(.syntax, "unexpected character `\(first)`", at: start)
    }

    private func word(from start: Int) -> JUELToken {
        var end = start + 1
        while end < scalars.count, scalars[end].startsJUELIdentifier || scalars[end].isDigit { end += 1 }
        let text = text(start..<end)
        let kind: JUELToken.Kind = JUELLexer.wordOperators[text].map { .symbol($0) } ?? .identifier(text)
        return JUELToken(kind: kind, start: start, end: end)
    }

    private func number(from start: Int) throws(Fault) -> JUELToken {
        var end = digits(from: start)
        if end < scalars.count, scalars[end] == "." { end = digits(from: end + 1) }
        if end < scalars.count, scalars[end] == "e" || scalars[end] == "E" {
            var exponent = end + 1
            if exponent < scalars.count, scalars[exponent] == "+" || scalars[exponent] == "-" { exponent += 1 }
            if exponent < scalars.count, scalars[exponent].isDigit { end = digits(from: exponent) }
        }
        guard let number = Decimal128(text(start..<end).wholeDecimal) else {
            throw Fault(.syntax, "the number has too many digits or too large an exponent", at: start)
        }
        return JUELToken(kind: .number(number), start: start, end: end)
    }

    private func digits(from start: Int) -> Int {
        var end = start
        while end < scalars.count, scalars[end].isDigit { end += 1 }
        return end
    }

    private func string(from start: Int, quote: Unicode.Scalar) throws(Fault) -> JUELToken {
        var result = String.UnicodeScalarView()
        var index = start + 1
        while index < scalars.count, scalars[index] != quote {
            if scalars[index] == "\\" {
                index += 1
                guard index < scalars.count, ["\\", "'", "\""].contains(scalars[index]) else {
                    throw Fault(.syntax, "a backslash must precede a quote or a backslash", at: index)
                }
            }
            result.append(scalars[index])
            index += 1
        }
        guard index < scalars.count else { throw Fault(.syntax, "the string is not closed", at: start) }
        return JUELToken(kind: .string(String(result)), start: start, end: index + 1)
    }

    func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }
}

extension Unicode.Scalar {
    /// Java's identifier start: letters, `_` and `$`.
    fileprivate var startsJUELIdentifier: Bool {
        self == "_" || self == "$" || properties.isAlphabetic
    }
}

extension String {
    /// `.5` and `5.` with the digit that they leave out.
    fileprivate var wholeDecimal: String {
        let parts = split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return self }
        let fraction = parts[1]
        let needsZero = fraction.first.map { $0 == "e" || $0 == "E" } ?? true
        return (parts[0].isEmpty ? "0" : parts[0]) + "." + (needsZero ? "0" : "") + fraction
    }
}
