/// Expressions that begin with a keyword, types, and unary tests.
extension FEELParser {
    mutating func parseConditional() throws(Fault) -> Node {
        let offset = token.start
        try expect("if")
        let condition = try parseExpression()
        try expect("then")
        let then = try parseExpression()
        try expect("else")
        let otherwise = try parseExpression()
        return try node(.conditional(condition, then: then, otherwise: otherwise), at: offset)
    }

    mutating func parseIteration() throws(Fault) -> Node {
        let offset = token.start
        try expect("for")
        let mark = names.mark
        defer { names.restore(mark) }
        let iterators = try parseIterators()
        try expect("return")
        return try node(.iteration(iterators, body: try parseExpression()), at: offset)
    }

    mutating func parseQuantified() throws(Fault) -> Node {
        let offset = token.start
        let quantifier: Node.Quantifier = at("some") ? .some : .every
        try advance()
        let mark = names.mark
        defer { names.restore(mark) }
        let iterators = try parseIterators()
        try expect("satisfies")
        return try node(.quantified(quantifier, iterators, condition: try parseExpression()), at: offset)
    }

    private mutating func parseIterators() throws(Fault) -> [Node.Iterator] {
        var iterators: [Node.Iterator] = []
        repeat {
            let name = try parseBoundName { $0.kind == .word("in") }
            try expect("in")
            let source = try parseExpression()
            let end: Node? = try take(.dots) ? try parseExpression() : nil
            iterators.append(Node.Iterator(name: name, source: source, end: end))
            names.bind(name)
        } while try take(.comma)
        return iterators
    }

    /// `function(a: number, b) a + b`
    mutating func parseFunction() throws(Fault) -> Node {
        let offset = token.start
        try expect("function")
        try expect(.openParenthesis)
        let mark = names.mark
        defer { names.restore(mark) }
        var parameters: [Node.FormalParameter] = []
        while !at(.closeParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let name = try parseBoundName {
                [.symbol(.colon), .symbol(.comma), .symbol(.closeParenthesis)].contains($0.kind)
            }
            let type: ExpressionType = try take(.colon) ? try parseType() : .any
            parameters.append(Node.FormalParameter(name: name, type: type))
            names.bind(name)
        }
        try expect(.closeParenthesis)
        if at("external") { throw Fault(.unsupported, "external functions are not supported", at: token.start) }
        return try node(.function(parameters: parameters, body: try parseExpression()), at: offset)
    }

    // MARK: Types

    mutating func parseType() throws(Fault) -> ExpressionType {
        try parseType(nesting: 0)
    }

    private mutating func parseType(nesting: Int) throws(Fault) -> ExpressionType {
        guard nesting < 32 else { throw Fault(.limit, "the type is nested too deeply", at: token.start) }
        guard case .word(let word) = token.kind else { throw unexpected("a type") }
        let isGeneric = try peek().kind == .symbol(.less)
        switch word {
        case "list" where isGeneric:
            return .list(of: try parseElementType(nesting))
        case "range" where isGeneric:
            return .range(of: try parseElementType(nesting))
        case "context" where isGeneric:
            return try parseContextType(nesting)
        case "function" where isGeneric:
            return try parseFunctionType(nesting)
        default:
            return try parseTypeName()
        }
    }

    private mutating func parseElementType(_ nesting: Int) throws(Fault) -> ExpressionType {
        try advance()
        try expect(.less)
        let element = try parseType(nesting: nesting + 1)
        try expect(.greater)
        return element
    }

    private mutating func parseContextType(_ nesting: Int) throws(Fault) -> ExpressionType {
        try advance()
        try expect(.less)
        var members: [ExpressionType.Member] = []
        while !at(.greater) {
            if !members.isEmpty { try expect(.comma) }
            let name = try parseBoundName { $0.kind == .symbol(.colon) }
            try expect(.colon)
            members.append(ExpressionType.Member(name: name, type: try parseType(nesting: nesting + 1)))
        }
        try expect(.greater)
        return .context(members: members, open: true)
    }

    private mutating func parseFunctionType(_ nesting: Int) throws(Fault) -> ExpressionType {
        try advance()
        try expect(.less)
        var parameters: [ExpressionType] = []
        while !at(.greater) {
            if !parameters.isEmpty { try expect(.comma) }
            parameters.append(try parseType(nesting: nesting + 1))
        }
        try expect(.greater)
        try expect(.arrow)
        return .function(parameters: parameters, result: try parseType(nesting: nesting + 1))
    }

    private mutating func parseTypeName() throws(Fault) -> ExpressionType {
        let typeNames = FEELNames(ExpressionType.simple.map(\.name))
        if let (name, end) = typeNames.longest(in: lexer, at: token.start, asMember: false),
            let type = ExpressionType.simple.first(where: { $0.name == name })?.type
        {
            try jump(to: end)
            return type
        }
        if !hostTypes.isEmpty,
            let (name, end) = FEELNames(hostTypes.keys.sorted()).longest(in: lexer, at: token.start, asMember: false),
            let known = hostTypes[name]
        {
            try jump(to: end)
            return .named(known)
        }
        guard case .word(var name) = token.kind else { throw unexpected("a type") }
        try advance()
        while try take(.dot) {
            guard case .word(let part) = token.kind else { throw unexpected("a name") }
            name += "." + part
            try advance()
        }
        if let type = ExpressionType.simple.first(where: { $0.name == name })?.type { return type }
        switch name {
        case "list": return .anyList
        case "context": return .anyContext
        case "function": return .anyFunction
        default: return .named(hostTypes[name] ?? name)
        }
    }

    // MARK: Tests

    /// What follows `in`: one test, or several in parentheses.
    mutating func parseMembershipTests() throws(Fault) -> [Node] {
        guard at(.openParenthesis) else { return [try parseTest(orElse: .additive)] }
        let offset = token.start
        try advance()
        let first = try parseTest(orElse: .or)
        if at(.dots) {
            let range = try parseRange(from: first, startIncluded: false, at: offset)
            return [try parseOperand(after: range)]
        }
        var tests = [first]
        while try take(.comma) { tests.append(try parseTest(orElse: .or)) }
        try expect(.closeParenthesis)
        if case .test = first.kind { return tests }
        return tests.count == 1 ? [try parseOperand(after: first)] : tests
    }

    /// Goes on with what turned out to be the beginning of an operand: `in (a + b) * c`.
    private mutating func parseOperand(after first: Node) throws(Fault) -> Node {
        try parseOperators(after: try parsePostfix(after: first), minimum: .additive)
    }

    /// `< 5`, or an expression: a value, a list, a range, or a condition on `?`.
    private mutating func parseTest(orElse minimum: Precedence) throws(Fault) -> Node {
        let offset = token.start
        guard case .symbol(let symbol) = token.kind, let comparison = FEELParser.comparison(symbol) else {
            return try parseBinary(minimum: minimum)
        }
        try advance()
        return try node(.test(comparison, try parseBinary(minimum: .additive)), at: offset)
    }

    /// `-`, `not(tests)`, or tests; the whole text.
    mutating func parseUnaryTestsToEnd() throws(Fault) -> Node {
        let offset = token.start
        if at(.minus), try peek().kind == .end {
            try advance()
            return try node(.unaryTests([], negated: false), at: offset)
        }
        if at("not"), try peek().kind == .symbol(.openParenthesis) {
            try advance()
            try advance()
            let tests = try parseTestList()
            try expect(.closeParenthesis)
            try expectEnd()
            return try node(.unaryTests(tests, negated: true), at: offset)
        }
        let tests = try parseTestList()
        try expectEnd()
        return try node(.unaryTests(tests, negated: false), at: offset)
    }

    private mutating func parseTestList() throws(Fault) -> [Node] {
        var tests: [Node] = []
        repeat {
            tests.append(try parseTest(orElse: .or))
        } while try take(.comma)
        return tests
    }
}
