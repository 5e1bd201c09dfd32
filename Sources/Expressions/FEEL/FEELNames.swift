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
    /// Other names of `?`, unless something here has the name.
    private var tested: [String] = []
    /// Names of one word, which need no help to be read.
    private var words: Set<String> = []

    init(_ names: [String]) {
        for name in names { bind(name) }
    }

    init(_ names: ExpressionNames) {
        self.init(names.variables)
        members = names.members.compactMap { FEELNames.phrase($0) }
        inScope += names.tested.compactMap { FEELNames.phrase($0) }
        tested = names.tested
    }

    /// What `restore` goes back to.
    struct Mark {
        fileprivate let phrases: Int
        fileprivate let tested: [String]
        fileprivate let words: Set<String>
    }

    var mark: Mark { Mark(phrases: inScope.count, tested: tested, words: words) }

    mutating func restore(_ mark: Mark) {
        inScope.removeSubrange(mark.phrases...)
        tested = mark.tested
        words = mark.words
    }

    mutating func bind(_ name: String) {
        if let phrase = FEELNames.phrase(name) { inScope.append(phrase) } else { words.insert(name) }
        tested.removeAll { $0 == name }
    }

    /// Whether something here has the name.
    func knows(_ name: String) -> Bool { words.contains(name) || inScope.contains { $0.name == name } }

    /// What a name stands for: `?` for the other names of the tested value.
    func meaning(of name: String) -> String { tested.contains(name) ? "?" : name }

    mutating func bindMember(_ name: String) {
        tested.removeAll { $0 == name }
        guard let phrase = FEELNames.phrase(name) else {
            words.insert(name)
            return
        }
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
