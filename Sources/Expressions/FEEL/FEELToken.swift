import Values

/// A token of FEEL, with where it begins and ends in the source's scalars.
struct FEELToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case end
        /// One word of a name, or a keyword: which of the two, the parser decides.
        case word(String)
        /// A name in backticks.
        case quotedName(String)
        case number(Decimal128)
        case string(String)
        case symbol(Symbol)
    }

    enum Symbol: String, Sendable, CaseIterable {
        // Longer ones first: the lexer takes the first that fits.
        case power = "**"
        case dots = ".."
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case notEqual = "!="
        case arrow = "->"
        case equal = "="
        case less = "<"
        case greater = ">"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divided = "/"
        case dot = "."
        case comma = ","
        case colon = ":"
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
        case openBrace = "{"
        case closeBrace = "}"
        case at = "@"
        /// Nothing but a part of names that are bound: `Mike's`.
        case apostrophe = "'"
    }

    let kind: Kind
    let start: Int
    let end: Int

    /// The token as a message names it.
    var name: String {
        switch kind {
        case .end: "the end"
        case .word(let word): "`\(word)`"
        case .quotedName(let name): "`\(name)`"
        case .number(let number): "the number \(number)"
        case .string: "a string"
        case .symbol(let symbol): "`\(symbol.rawValue)`"
        }
    }
}
