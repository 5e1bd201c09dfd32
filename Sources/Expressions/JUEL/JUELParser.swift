import Values

/// Parses JUEL: text with `${…}` or `#{…}` in it.
struct JUELParser {
    private let lexer: JUELLexer
    private var token: JUELToken
    private var nesting = 0

    init(_ source: String) throws(Fault) {
        guard source.utf8.count <= ParseLimits.maxSourceBytes else {
            throw Fault(.limit, "an expression may have at most \(ParseLimits.maxSourceBytes) bytes", at: 0)
        }
        lexer = JUELLexer(scalars: Array(source.unicodeScalars))
        token = JUELToken(kind: .end, start: 0, end: 0)
    }

    /// Whether the text has an expression in it.
    static func containsExpression(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "{"), previous == UInt8(ascii: "$") || previous == UInt8(ascii: "#") { return true }
            previous = byte
        }
        return false
    }

    /// One expression alone keeps its type; text around it, or several, make a string. `\${` is `${` itself.
    mutating func parseTemplate() throws(Fault) -> Node {
        var parts: [Node] = []
        var text = String.UnicodeScalarView()
        var textStart = 0
        var index = 0
        let scalars = lexer.scalars
        func flush() -> Node? { text.isEmpty ? nil : Node(.literal(.string(String(text))), at: textStart) }
        while index < scalars.count {
            if isOpening(at: index) {
                if let part = flush() { parts.append(part) }
                text = .init()
                parts.append(try parseEmbedded(from: index + 2))
                index = token.end
                textStart = index
            } else if scalars[index] == "\\", isOpening(at: index + 1) {
                text.append(contentsOf: scalars[index + 1...index + 2])
                index += 3
            } else {
                text.append(scalars[index])
                index += 1
            }
        }
        if let part = flush() { parts.append(part) }
        if parts.count == 1 { return parts[0] }
        return parts.isEmpty ? Node(.literal(.string("")), at: 0) : try node(.template(parts), at: 0)
    }

    private func isOpening(at index: Int) -> Bool {
        let scalars = lexer.scalars
        return index + 1 < scalars.count && (scalars[index] == "$" || scalars[index] == "#")
            && scalars[index + 1] == "{"
    }

    /// Leaves the closing brace as the current token.
    private mutating func parseEmbedded(from offset: Int) throws(Fault) -> Node {
        token = try lexer.token(from: offset)
        let node = try parseExpression()
        guard at("}") else { throw unexpected("`}`") }
        return node
    }

    // MARK: Tokens

    private mutating func advance() throws(Fault) { token = try lexer.token(from: token.end) }

    private func at(_ symbol: String) -> Bool { token.kind == .symbol(symbol) }

    private mutating func take(_ symbol: String) throws(Fault) -> Bool {
        guard at(symbol) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ symbol: String) throws(Fault) {
        guard try take(symbol) else { throw unexpected("`\(symbol)`") }
    }

    private func unexpected(_ wanted: String) -> Fault {
        Fault(.syntax, "expected \(wanted), found \(token.name)", at: token.start)
    }

    private func node(_ kind: Node.Kind, at offset: Int) throws(Fault) -> Node {
        let node = Node(kind, at: offset)
        guard node.depth <= ParseLimits.maxDepth else { throw tooDeep(at: offset) }
        return node
    }

    private func tooDeep(at offset: Int) -> Fault {
        Fault(.limit, "the expression is nested too deeply", at: offset)
    }

    // MARK: Operators

    /// `condition ? a : b`, leaning right.
    private mutating func parseExpression() throws(Fault) -> Node {
        nesting += 1
        guard nesting <= ParseLimits.maxNesting else { throw tooDeep(at: token.start) }
        defer { nesting -= 1 }
        let condition = try parseBinary(minimum: 0)
        let offset = token.start
        guard try take("?") else { return condition }
        let then = try parseExpression()
        try expect(":")
        let otherwise = try parseExpression()
        return try node(.conditional(condition, then: then, otherwise: otherwise), at: offset)
    }

    /// Loosest first.
    private static let levels: [[String: BinaryOperator]] = [
        ["||": .or],
        ["&&": .and],
        ["==": .equal, "!=": .notEqual],
        ["<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual],
        ["+": .add, "-": .subtract],
        ["*": .multiply, "/": .divide, "%": .remainder],
    ]

    private mutating func parseBinary(minimum: Int) throws(Fault) -> Node {
        var left = try parseUnary()
        while let (binary, level) = binaryOperator(), level >= minimum {
            let offset = token.start
            try advance()
            left = try node(.binary(binary, left, try parseBinary(minimum: level + 1)), at: offset)
        }
        return left
    }

    private func binaryOperator() -> (BinaryOperator, level: Int)? {
        guard case .symbol(let symbol) = token.kind else { return nil }
        for (level, operators) in JUELParser.levels.enumerated() {
            if let binary = operators[symbol] { return (binary, level) }
        }
        return nil
    }

    private mutating func parseUnary() throws(Fault) -> Node {
        var prefixes: [(symbol: String, offset: Int)] = []
        while case .symbol(let symbol) = token.kind, ["!", "-", "empty"].contains(symbol) {
            prefixes.append((symbol, token.start))
            try advance()
        }
        var result = try parsePostfix()
        for prefix in prefixes.reversed() {
            let kind: Node.Kind =
                prefix.symbol == "!" ? .not(result) : prefix.symbol == "-" ? .negate(result) : .empty(result)
            result = try node(kind, at: prefix.offset)
        }
        return result
    }

    // MARK: Operands

    private mutating func parsePostfix() throws(Fault) -> Node {
        var result = try parsePrimary()
        while true {
            let offset = token.start
            if try take(".") {
                let name = try takeIdentifier()
                if try take("(") {
                    result = try node(.method(result, name, try parseArguments()), at: offset)
                } else {
                    result = try node(.path(result, name), at: offset)
                }
            } else if try take("[") {
                let index = try parseExpression()
                try expect("]")
                result = try node(.index(result, index), at: offset)
            } else {
                return result
            }
        }
    }

    /// A word operator after a dot is a name: `order.empty`.
    private mutating func takeIdentifier() throws(Fault) -> String {
        let text = lexer.text(token.start..<token.end)
        switch token.kind {
        case .identifier: break
        case .symbol where text.unicodeScalars.allSatisfy(\.properties.isAlphabetic) && !text.isEmpty: break
        case .end, .number, .string, .symbol: throw unexpected("a name")
        }
        try advance()
        return text
    }

    private mutating func parsePrimary() throws(Fault) -> Node {
        let offset = token.start
        switch token.kind {
        case .number(let number):
            try advance()
            return try node(.literal(.number(number)), at: offset)
        case .string(let string):
            try advance()
            return try node(.literal(.string(string)), at: offset)
        case .identifier(let name):
            try advance()
            return try parseName(name, at: offset)
        case .symbol("("):
            try advance()
            let inner = try parseExpression()
            try expect(")")
            return inner
        case .symbol, .end:
            throw unexpected("an expression")
        }
    }

    /// Camunda's functions of the time, as a date and as a date-time: FEEL's `now()` is both.
    private static let clocks = ["now", "dateTime"]

    private mutating func parseName(_ name: String, at offset: Int) throws(Fault) -> Node {
        switch name {
        case "true", "false": return try node(.literal(.bool(name == "true")), at: offset)
        case "null": return try node(.literal(.null), at: offset)
        default:
            var isCall = at("(")
            if at(":") { isCall = try isQualifiedCall() }
            if isCall, JUELParser.clocks.contains(name), at("(") {
                try advance()
                try expect(")")
                return try node(.call(Node(.name("now"), at: offset), .positional([])), at: offset)
            }
            if isCall {
                throw Fault(.name, "there is no function `\(name)`", at: offset)
            }
            return try node(.name(name), at: offset)
        }
    }

    /// `prefix:name(`, as opposed to the second part of a conditional.
    private func isQualifiedCall() throws(Fault) -> Bool {
        let name = try lexer.token(from: token.end)
        guard name.start == token.end, case .identifier = name.kind else { return false }
        let next = try lexer.token(from: name.end)
        return next.kind == .symbol("(") && next.start == name.end
    }

    private mutating func parseArguments() throws(Fault) -> [Node] {
        if try take(")") { return [] }
        var arguments: [Node] = []
        repeat { arguments.append(try parseExpression()) } while try take(",")
        try expect(")")
        return arguments
    }
}
