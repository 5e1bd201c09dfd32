import Values

/// Literals, names, and everything in brackets.
extension FEELParser {
    mutating func parsePrimary() throws(Fault) -> Node {
        let offset = token.start
        switch token.kind {
        case .number(let number):
            try advance()
            return try node(.literal(.number(number)), at: offset)
        case .string(let string):
            try advance()
            return try node(.literal(.string(string)), at: offset)
        case .quotedName(let name):
            try advance()
            return try node(.name(name), at: offset)
        case .word(let word):
            return try parseWord(word)
        case .symbol(let symbol):
            return try parseSymbol(symbol)
        case .end:
            throw unexpected("an expression")
        }
    }

    private mutating func parseSymbol(_ symbol: FEELToken.Symbol) throws(Fault) -> Node {
        switch symbol {
        case .openParenthesis: try parseParenthesis()
        case .openBracket: try parseBracket()
        case .closeBracket: try parseOpenStartRange()
        case .openBrace: try parseContext()
        case .at: try parseAtLiteral()
        case .power, .dots, .lessOrEqual, .greaterOrEqual, .notEqual, .arrow, .equal, .less, .greater, .plus, .minus,
            .times, .divided, .dot, .comma, .colon, .closeParenthesis, .closeBrace, .apostrophe:
            throw unexpected("an expression")
        }
    }

    private mutating func parseWord(_ word: String) throws(Fault) -> Node {
        let offset = token.start
        if let (name, end) = names.longest(in: lexer, at: offset, asMember: filterDepth > 0) {
            try jump(to: end)
            return try node(.name(names.meaning(of: name)), at: offset)
        }
        switch word {
        case "true", "false":
            try advance()
            return try node(.literal(.bool(word == "true")), at: offset)
        case "null":
            try advance()
            return try node(.literal(.null), at: offset)
        case "if": return try parseConditional()
        case "for": return try parseIteration()
        case "some", "every": return try parseQuantified()
        case "function": return try parseFunction()
        default:
            if FEELParser.keywords.contains(word) { throw unexpected("an expression") }
            if let (name, end) = try unknownFunction() {
                try jump(to: end)
                return try node(.name(name), at: offset)
            }
            try advance()
            return try node(.name(names.meaning(of: word)), at: offset)
        }
    }

    /// Words before a parenthesis that nothing here is called by: a function that there is not, for two names never stand
    /// side by side.
    private func unknownFunction() throws(Fault) -> (name: String, end: Int)? {
        var words: [String] = []
        var end = token.end
        var next = token
        while case .word(let word) = next.kind, !FEELParser.keywords.contains(word) {
            words.append(word)
            end = next.end
            next = try lexer.token(from: next.end)
        }
        return words.count > 1 && next.kind == .symbol(.openParenthesis) ? (words.joined(separator: " "), end) : nil
    }

    /// A member's name after a dot: a known one, else all words up to the next operator or keyword.
    mutating func parseMemberName() throws(Fault) -> String {
        if case .quotedName(let name) = token.kind {
            try advance()
            return name
        }
        guard case .word = token.kind else { throw unexpected("a name") }
        if let (name, end) = names.longest(in: lexer, at: token.start, asMember: true) {
            try jump(to: end)
            return name
        }
        var words: [String] = []
        while case .word(let word) = token.kind, words.isEmpty || !FEELParser.keywords.contains(word) {
            words.append(word)
            try advance()
        }
        return words.joined(separator: " ")
    }

    /// A name that is bound here: everything up to `end`, `values in a list` as well as `a+b`.
    mutating func parseBoundName(before isEnd: (FEELToken) -> Bool) throws(Fault) -> String {
        if case .quotedName(let name) = token.kind {
            try advance()
            return name
        }
        guard case .word = token.kind else { throw unexpected("a name") }
        let start = token.start
        var end = token.end
        while !isEnd(token) {
            switch token.kind {
            case .word, .number, .symbol(.plus), .symbol(.minus), .symbol(.times), .symbol(.divided), .symbol(.dot),
                .symbol(.power), .symbol(.apostrophe):
                end = token.end
                try advance()
            case .end, .quotedName, .string, .symbol:
                throw unexpected("the end of a name")
            }
        }
        return FEELParser.normalized(lexer.text(start..<end))
    }

    /// One space between words, none at the ends.
    static func normalized(_ name: String) -> String {
        name.unicodeScalars.split(whereSeparator: \.isFEELSpace).map { String($0) }.joined(separator: " ")
    }

    // MARK: Parentheses and brackets

    /// `(expression)`, `(1..2)`, or a range with one end, `(< 5)`.
    private mutating func parseParenthesis() throws(Fault) -> Node {
        let offset = token.start
        try expect(.openParenthesis)
        if case .symbol(let symbol) = token.kind, let comparison = FEELParser.comparison(symbol) {
            try advance()
            let end = try parseBinary(minimum: .additive)
            try expect(.closeParenthesis)
            return try node(.range(try rangeOfOneEnd(comparison, end, at: offset)), at: offset)
        }
        let first = try parseExpression()
        if at(.dots) { return try parseRange(from: first, startIncluded: false, at: offset) }
        try expect(.closeParenthesis)
        return first
    }

    private func rangeOfOneEnd(
        _ comparison: BinaryOperator, _ end: Node, at offset: Int
    ) throws(Fault) -> Node.RangeNode {
        switch comparison {
        case .less: .init(start: nil, startIncluded: false, end: end, endIncluded: false)
        case .lessOrEqual: .init(start: nil, startIncluded: false, end: end, endIncluded: true)
        case .greater: .init(start: end, startIncluded: false, end: nil, endIncluded: false)
        case .greaterOrEqual: .init(start: end, startIncluded: true, end: nil, endIncluded: false)
        case .equal: .init(start: end, startIncluded: true, end: end, endIncluded: true)
        case .notEqual, .or, .and, .add, .subtract, .multiply, .divide, .remainder, .power:
            throw Fault(.syntax, "`\(comparison.rawValue)` does not make a range", at: offset)
        }
    }

    private mutating func parseBracket() throws(Fault) -> Node {
        let offset = token.start
        try expect(.openBracket)
        if try take(.closeBracket) { return try node(.list([]), at: offset) }
        let outerFilterDepth = filterDepth
        filterDepth = 0
        defer { filterDepth = outerFilterDepth }
        let first = try parseExpression()
        if at(.dots) { return try parseRange(from: first, startIncluded: true, at: offset) }
        var items = [first]
        while try take(.comma) { items.append(try parseExpression()) }
        try expect(.closeBracket)
        return try node(.list(items), at: offset)
    }

    /// `]1..2]`
    private mutating func parseOpenStartRange() throws(Fault) -> Node {
        let offset = token.start
        try expect(.closeBracket)
        return try parseRange(from: try parseBinary(minimum: .additive), startIncluded: false, at: offset)
    }

    mutating func parseRange(from start: Node, startIncluded: Bool, at offset: Int) throws(Fault) -> Node {
        try expect(.dots)
        let end = try parseBinary(minimum: .additive)
        let endIncluded = at(.closeBracket)
        if !endIncluded, !at(.closeParenthesis), !at(.openBracket) { throw unexpected("the end of the range") }
        try advance()
        let range = Node.RangeNode(
            start: start, startIncluded: startIncluded, end: end, endIncluded: endIncluded)
        return try node(.range(range), at: offset)
    }

    private mutating func parseContext() throws(Fault) -> Node {
        let offset = token.start
        try expect(.openBrace)
        let mark = names.mark
        defer { names.restore(mark) }
        var entries: [Node.ContextEntry] = []
        var keys: Set<String> = []
        if try take(.closeBrace) { return try node(.context([]), at: offset) }
        repeat {
            let position = token.start
            let key = try parseKey()
            guard keys.insert(key).inserted else { throw Fault(.syntax, "the key `\(key)` is repeated", at: position) }
            try expect(.colon)
            let value = try parseExpression()
            entries.append(Node.ContextEntry(name: key, value: value))
            names.bindMember(key)
        } while try take(.comma)
        try expect(.closeBrace)
        return try node(.context(entries), at: offset)
    }

    private mutating func parseKey() throws(Fault) -> String {
        if case .string(let key) = token.kind {
            try advance()
            return key
        }
        return try parseBoundName { $0.kind == .symbol(.colon) }
    }

    /// `@"2026-01-31"`; a text that is no temporal value is null, as a conversion function would answer.
    private mutating func parseAtLiteral() throws(Fault) -> Node {
        let offset = token.start
        try expect(.at)
        guard case .string(let text) = token.kind else { throw unexpected("a string after `@`") }
        try advance()
        return try node(.literal(TemporalText.parse(text) ?? .null), at: offset)
    }
}
