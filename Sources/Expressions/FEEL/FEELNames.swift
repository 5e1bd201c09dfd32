/// The names with more than one word, or with operators in them, that a place in the text knows.
///
/// FEEL cannot tell `order total` or `a-b` from two names without them; the longest known name that fits is meant.
struct FEELNames: Sendable {
    /// A name as a row of words and single other characters, `["a", "-", "b"]`.
    private struct Phrase: Sendable {
        let name: String
        let parts: [[Unicode.Scalar]]
    }

    private var inScope: [Phrase] = []
    /// Keys of contexts anywhere before: what may follow a dot.
    private var members: [Phrase] = []

    init(_ names: [String]) {
        for name in names { bind(name) }
    }

    init(_ names: ExpressionNames) {
        self.init(names.variables)
        members = names.members.compactMap { FEELNames.phrase($0) }
    }

    /// What `restore` goes back to.
    var mark: Int { inScope.count }

    mutating func restore(_ mark: Int) {
        inScope.removeSubrange(mark...)
    }

    mutating func bind(_ name: String) {
        if let phrase = FEELNames.phrase(name) { inScope.append(phrase) }
    }

    mutating func bindMember(_ name: String) {
        guard let phrase = FEELNames.phrase(name) else { return }
        inScope.append(phrase)
        if !members.contains(where: { $0.name == name }) { members.append(phrase) }
    }

    /// The longest name that stands at `offset`, and where it ends. `asMember`: after a dot, or inside a filter.
    func longest(in lexer: FEELLexer, at offset: Int, asMember: Bool) -> (name: String, end: Int)? {
        var best: (name: String, end: Int)?
        for phrases in [FEELNames.builtIn, inScope, asMember ? members : []] {
            for phrase in phrases {
                guard let end = FEELNames.match(phrase, in: lexer, at: offset), end > (best?.end ?? 0) else { continue }
                best = (phrase.name, end)
            }
        }
        return best
    }

    private static let builtIn: [Phrase] = BuiltIn.all.compactMap { phrase($0.name) }

    /// Nil for a name of one word: it needs no help.
    private static func phrase(_ name: String) -> Phrase? {
        var parts: [[Unicode.Scalar]] = []
        var insideWord = false
        for scalar in name.unicodeScalars {
            if scalar.isFEELSpace {
                insideWord = false
            } else if scalar.continuesFEELName {
                if insideWord { parts[parts.count - 1].append(scalar) } else { parts.append([scalar]) }
                insideWord = true
            } else {
                parts.append([scalar])
                insideWord = false
            }
        }
        return parts.count > 1 ? Phrase(name: name, parts: parts) : nil
    }

    private static func match(_ phrase: Phrase, in lexer: FEELLexer, at offset: Int) -> Int? {
        let scalars = lexer.scalars
        var index = offset
        for (number, part) in phrase.parts.enumerated() {
            if number > 0 {
                while index < scalars.count, scalars[index].isFEELSpace { index += 1 }
            }
            guard scalars[index...].starts(with: part) else { return nil }
            index += part.count
            let isWord = part[0].continuesFEELName
            if isWord, index < scalars.count, scalars[index].continuesFEELName { return nil }
        }
        return index
    }
}
