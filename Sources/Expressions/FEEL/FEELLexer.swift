import Values

/// Cuts FEEL text into tokens, one at a time and from anywhere: names with spaces move the parser on by characters.
struct FEELLexer: Sendable {
    let scalars: [Unicode.Scalar]

    init(_ source: String) {
        scalars = Array(source.unicodeScalars)
    }

    /// The first token at or after `offset`.
    func token(from offset: Int) throws(Fault) -> FEELToken {
        let start = try skipSpace(from: offset)
        guard start < scalars.count else { return FEELToken(kind: .end, start: start, end: start) }
        let first = scalars[start]
        if first.startsFEELName { return word(from: start) }
        if first.isDigit || (first == "." && start + 1 < scalars.count && scalars[start + 1].isDigit) {
            return try number(from: start)
        }
        if first == "\"" { return try string(from: start) }
        if first == "`" { return try quotedName(from: start) }
        for symbol in FEELToken.Symbol.allCases where matches(symbol, at: start) {
            return FEELToken(kind: .symbol(symbol), start: start, end: start + symbol.rawValue.unicodeScalars.count)
        }
        throw Fault(.syntax, "unexpected character `\(first)`", at: start)
    }

    private func matches(_ symbol: FEELToken.Symbol, at start: Int) -> Bool {
        scalars[start...].starts(with: symbol.rawValue.unicodeScalars)
    }

    /// Past white space and comments.
    func skipSpace(from offset: Int) throws(Fault) -> Int {
        var index = offset
        while index < scalars.count {
            if scalars[index].isFEELSpace {
                index += 1
            } else if scalars[index...].starts(with: "//".unicodeScalars) {
                while index < scalars.count, scalars[index] != "\n" { index += 1 }
            } else if scalars[index...].starts(with: "/*".unicodeScalars) {
                index = try endOfComment(from: index)
            } else {
                break
            }
        }
        return index
    }

    private func endOfComment(from start: Int) throws(Fault) -> Int {
        var index = start + 2
        while index + 1 < scalars.count {
            if scalars[index] == "*", scalars[index + 1] == "/" { return index + 2 }
            index += 1
        }
        throw Fault(.syntax, "the comment is not closed", at: start)
    }

    private func word(from start: Int) -> FEELToken {
        var end = start + 1
        while end < scalars.count, scalars[end].continuesFEELName { end += 1 }
        return FEELToken(kind: .word(text(start..<end)), start: start, end: end)
    }

    private func quotedName(from start: Int) throws(Fault) -> FEELToken {
        guard let close = scalars[(start + 1)...].firstIndex(of: "`"), close > start + 1 else {
            throw Fault(.syntax, "the name in backticks is not closed or empty", at: start)
        }
        return FEELToken(kind: .quotedName(text(start + 1..<close)), start: start, end: close + 1)
    }

    private func number(from start: Int) throws(Fault) -> FEELToken {
        var end = digits(from: start)
        if end + 1 < scalars.count, scalars[end] == ".", scalars[end + 1].isDigit { end = digits(from: end + 1) }
        if end < scalars.count, scalars[end] == "e" || scalars[end] == "E" {
            var exponent = end + 1
            if exponent < scalars.count, scalars[exponent] == "+" || scalars[exponent] == "-" { exponent += 1 }
            if exponent < scalars.count, scalars[exponent].isDigit { end = digits(from: exponent) }
        }
        let literal = text(start..<end)
        guard let number = Decimal128(literal.first == "." ? "0" + literal : literal) else {
            throw Fault(.syntax, "the number has too many digits or too large an exponent", at: start)
        }
        return FEELToken(kind: .number(number), start: start, end: end)
    }

    private func digits(from start: Int) -> Int {
        var end = start
        while end < scalars.count, scalars[end].isDigit { end += 1 }
        return end
    }

    private func string(from start: Int) throws(Fault) -> FEELToken {
        var result = String.UnicodeScalarView()
        var index = start + 1
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "\"" {
                return FEELToken(kind: .string(String(result)), start: start, end: index + 1)
            }
            if scalar == "\\" {
                index = try escape(from: index, into: &result)
            } else {
                result.append(scalar)
                index += 1
            }
        }
        throw Fault(.syntax, "the string is not closed", at: start)
    }

    /// Reads the escape at `start`. A backslash before anything that needs none stands for itself, as patterns want it.
    private func escape(from start: Int, into result: inout String.UnicodeScalarView) throws(Fault) -> Int {
        guard start + 1 < scalars.count else { throw Fault(.syntax, "the string is not closed", at: start) }
        switch scalars[start + 1] {
        case "n": result.append("\n")
        case "r": result.append("\r")
        case "t": result.append("\t")
        case "\"": result.append("\"")
        case "'": result.append("'")
        case "\\": result.append("\\")
        case "u": return try unicodeEscape(from: start, digits: 4, into: &result)
        case "U": return try unicodeEscape(from: start, digits: 6, into: &result)
        case let other: result.append(contentsOf: ["\\", other])
        }
        return start + 2
    }

    private func unicodeEscape(
        from start: Int, digits: Int, into result: inout String.UnicodeScalarView
    ) throws(Fault) -> Int {
        var end = start + 2 + digits
        guard var value = hexadecimal(start + 2..<end) else {
            throw Fault(.syntax, "an escape needs \(digits) hexadecimal digits", at: start)
        }
        if (0xD800...0xDBFF).contains(value), scalars[end...].starts(with: "\\u".unicodeScalars),
            let low = hexadecimal(end + 2..<end + 6), (0xDC00...0xDFFF).contains(low)
        {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            end += 6
        }
        guard let scalar = Unicode.Scalar(value) else { throw Fault(.syntax, "not a Unicode scalar", at: start) }
        result.append(scalar)
        return end
    }

    private func hexadecimal(_ range: Range<Int>) -> UInt32? {
        guard range.upperBound <= scalars.count else { return nil }
        var value: UInt32 = 0
        for scalar in scalars[range] {
            guard let digit = scalar.hexDigit else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }
}
