import Values

/// Parses FEEL by recursive descent, and binary operators by precedence. Names are resolved as they are read.
struct FEELParser {
    let lexer: FEELLexer
    var names: FEELNames
    private(set) var token: FEELToken
    /// Where the last consumed token ended.
    private(set) var consumedEnd = 0
    private var nesting = 0
    /// Inside filters, names may be members of the items.
    var filterDepth = 0

    /// Names of types in the text, and what each is known by.
    let hostTypes: [String: String]

    init(_ source: String, knownNames: [String]) throws(Fault) {
        try self.init(source, names: ExpressionNames(variables: knownNames))
    }

    init(_ source: String, names: ExpressionNames) throws(Fault) {
        guard source.utf8.count <= ParseLimits.maxSourceBytes else {
            throw Fault(.limit, "an expression may have at most \(ParseLimits.maxSourceBytes) bytes", at: 0)
        }
        lexer = FEELLexer(source)
        self.names = FEELNames(names)
        hostTypes = names.types
        token = try lexer.token(from: 0)
    }

    mutating func parseExpressionToEnd() throws(Fault) -> Node {
        let node = try parseExpression()
        try expectEnd()
        return node
    }

    func expectEnd() throws(Fault) {
        guard token.kind == .end else { throw unexpected("the end") }
    }

    // MARK: Tokens

    mutating func advance() throws(Fault) {
        consumedEnd = token.end
        token = try lexer.token(from: token.end)
    }

    /// Goes on at `offset`, which a name with spaces ended at.
    mutating func jump(to offset: Int) throws(Fault) {
        consumedEnd = offset
        token = try lexer.token(from: offset)
    }

    func at(_ symbol: FEELToken.Symbol) -> Bool { token.kind == .symbol(symbol) }

    func at(_ keyword: String) -> Bool { token.kind == .word(keyword) }

    mutating func take(_ symbol: FEELToken.Symbol) throws(Fault) -> Bool {
        guard at(symbol) else { return false }
        try advance()
        return true
    }

    mutating func take(_ keyword: String) throws(Fault) -> Bool {
        guard at(keyword) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: FEELToken.Symbol) throws(Fault) {
        guard try take(symbol) else { throw unexpected("`\(symbol.rawValue)`") }
    }

    mutating func expect(_ keyword: String) throws(Fault) {
        guard try take(keyword) else { throw unexpected("`\(keyword)`") }
    }

    func unexpected(_ wanted: String) -> Fault {
        var message = "expected \(wanted), found \(token.name)"
        if case .word(let word) = token.kind, !FEELParser.keywords.contains(word) {
            message += "; a name with spaces must be known here, or stand in backticks"
        }
        return Fault(.syntax, message, at: token.start)
    }

    /// The token after the current one.
    func peek() throws(Fault) -> FEELToken { try lexer.token(from: token.end) }

    static let keywords: Set<String> = [
        "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between", "instance",
        "of", "true", "false", "null", "function", "external",
    ]

    // MARK: Depth

    mutating func nested(_ body: (inout FEELParser) throws(Fault) -> Node) throws(Fault) -> Node {
        nesting += 1
        guard nesting <= ParseLimits.maxNesting else { throw tooDeep(at: token.start) }
        let node = try body(&self)
        nesting -= 1
        return node
    }

    /// Every node is made here: left-leaning chains grow deep without recursion of the parser.
    func node(_ kind: Node.Kind, at offset: Int) throws(Fault) -> Node {
        let node = Node(kind, at: offset)
        guard node.depth <= ParseLimits.maxDepth else { throw tooDeep(at: offset) }
        return node
    }

    private func tooDeep(at offset: Int) -> Fault {
        Fault(.limit, "the expression is nested too deeply", at: offset)
    }

    // MARK: Operators

    mutating func parseExpression() throws(Fault) -> Node {
        try parseBinary(minimum: .or)
    }

    /// Loosest first. All operators lean left, the power too.
    enum Precedence: Int { case or, and, comparison, additive, multiplicative, power }

    mutating func parseBinary(minimum: Precedence) throws(Fault) -> Node {
        try parseOperators(after: try parseUnary(), minimum: minimum)
    }

    mutating func parseOperators(after first: Node, minimum: Precedence) throws(Fault) -> Node {
        var left = first
        while let (binary, precedence) = binaryOperator(), precedence.rawValue >= minimum.rawValue {
            let offset = token.start
            try advance()
            let next = Precedence(rawValue: precedence.rawValue + 1)
            let right: Node
            if let next { right = try parseBinary(minimum: next) } else { right = try parseUnary() }
            left = try node(.binary(binary, left, right), at: offset)
        }
        guard minimum.rawValue <= Precedence.comparison.rawValue else { return left }
        if at("between") || at("in") {
            let relation = try nested { parser throws(Fault) in try parser.parseRelation(of: left) }
            return try parseOperators(after: relation, minimum: minimum)
        }
        return left
    }

    private func binaryOperator() -> (BinaryOperator, Precedence)? {
        switch token.kind {
        case .word("or"): (.or, .or)
        case .word("and"): (.and, .and)
        case .symbol(let symbol): FEELParser.symbolOperator(symbol)
        case .end, .word, .quotedName, .number, .string: nil
        }
    }

    private static func symbolOperator(_ symbol: FEELToken.Symbol) -> (BinaryOperator, Precedence)? {
        switch symbol {
        case .plus: (.add, .additive)
        case .minus: (.subtract, .additive)
        case .times: (.multiply, .multiplicative)
        case .divided: (.divide, .multiplicative)
        case .power: (.power, .power)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            comparison(symbol).map { ($0, .comparison) }
        case .dots, .arrow, .dot, .comma, .colon, .openParenthesis, .closeParenthesis, .openBracket, .closeBracket,
            .openBrace, .closeBrace, .at, .apostrophe:
            nil
        }
    }

    static func comparison(_ symbol: FEELToken.Symbol) -> BinaryOperator? {
        switch symbol {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .power, .plus, .minus, .times, .divided, .dots, .arrow, .dot, .comma, .colon, .openParenthesis,
            .closeParenthesis, .openBracket, .closeBracket, .openBrace, .closeBrace, .at, .apostrophe:
            nil
        }
    }

    /// `left between low and high`, `left in tests`.
    private mutating func parseRelation(of left: Node) throws(Fault) -> Node {
        let offset = token.start
        if try take("between") {
            let low = try parseBinary(minimum: .additive)
            try expect("and")
            let high = try parseBinary(minimum: .additive)
            return try node(.between(left, low: low, high: high), at: offset)
        }
        try expect("in")
        return try node(.membership(left, tests: try parseMembershipTests()), at: offset)
    }

    private mutating func parseUnary() throws(Fault) -> Node {
        let offset = token.start
        var negations = 0
        while try take(.minus) { negations += 1 }
        var result = try nested { parser throws(Fault) in try parser.parsePostfix() }
        for _ in 0..<negations { result = try node(.negate(result), at: offset) }
        while at("instance") {
            let position = token.start
            try advance()
            try expect("of")
            result = try node(.instanceOf(result, try parseType()), at: position)
        }
        return result
    }

    // MARK: Paths, filters and calls

    private mutating func parsePostfix() throws(Fault) -> Node {
        try parsePostfix(after: try parsePrimary())
    }

    mutating func parsePostfix(after primary: Node) throws(Fault) -> Node {
        var result = primary
        while true {
            let offset = token.start
            if try take(.dot) {
                result = try node(.path(result, try parseMemberName()), at: offset)
            } else if at(.openBracket), !isOpenRangeEnd() {
                result = try parseFilter(of: result)
            } else if try take(.openParenthesis) {
                if case .name(let name) = result.kind, let reason = CamundaFunctions.refused[name], !names.knows(name) {
                    throw Fault(.unsupported, reason, at: result.offset)
                }
                result = try node(.call(result, try parseArguments()), at: offset)
            } else {
                return result
            }
        }
    }

    /// Whether the `[` here is the open end of a range, `]1..3[`: nothing that could start a condition follows.
    private func isOpenRangeEnd() -> Bool {
        guard let next = try? peek() else { return false }
        switch next.kind {
        case .end: return true
        case .symbol(let symbol): return [.closeParenthesis, .closeBracket, .closeBrace, .comma, .dot].contains(symbol)
        case .word(let word):
            return ["and", "or", "then", "else", "return", "satisfies"].contains(word)
        case .quotedName, .number, .string: return false
        }
    }

    private mutating func parseFilter(of base: Node) throws(Fault) -> Node {
        let offset = token.start
        try expect(.openBracket)
        filterDepth += 1
        let condition = try parseExpression()
        filterDepth -= 1
        try expect(.closeBracket)
        return try node(.filter(base, condition), at: offset)
    }

    private mutating func parseArguments() throws(Fault) -> Node.Arguments {
        if try take(.closeParenthesis) { return .positional([]) }
        var named: [Node.ContextEntry] = []
        var positional: [Node] = []
        repeat {
            let offset = token.start
            if let name = try takeParameterName() {
                guard positional.isEmpty, !named.contains(where: { $0.name == name }) else {
                    throw Fault(.syntax, "named arguments cannot be mixed with others or repeated", at: offset)
                }
                named.append(Node.ContextEntry(name: name, value: try parseExpression()))
            } else {
                guard named.isEmpty else {
                    throw Fault(.syntax, "named arguments cannot be mixed with others", at: offset)
                }
                positional.append(try parseExpression())
            }
        } while try take(.comma)
        try expect(.closeParenthesis)
        return named.isEmpty ? .positional(positional) : .named(named)
    }

    /// The words up to a colon, if that is what stands here.
    private mutating func takeParameterName() throws(Fault) -> String? {
        var words: [String] = []
        var next = token
        while true {
            if case .word(let word) = next.kind {
                words.append(word)
            } else if case .quotedName(let name) = next.kind, words.isEmpty {
                words.append(name)
            } else {
                break
            }
            next = try lexer.token(from: next.end)
        }
        guard !words.isEmpty, next.kind == .symbol(.colon) else { return nil }
        try jump(to: next.end)
        return words.joined(separator: " ")
    }
}
