import Values

/// Regular expressions as FEEL has them: those of XPath, which are not quite Perl's.
///
/// Writes anew what differs (classes that subtract, blocks, name characters, what `.` and `$` mean), and refuses what
/// XPath does not have.
struct XPathPattern {
    private let scalars: [Unicode.Scalar]
    private let dotMatchesNewlines: Bool
    private let multiline: Bool
    private var index = 0
    /// Groups whose parenthesis is closed, and those that are open: only the former can be referred to.
    private var closedGroups: Set<Int> = []
    private var openGroups: [Int?] = []
    private var groupCount = 0

    /// Classes that subtract classes: each is a recursion.
    private static let maxNesting = 20

    /// The pattern with XPath's flags; nil if either is wrong.
    static func compile(_ source: String, flags: String?) -> Pattern? {
        var options: Pattern.Options = []
        var ignoresSpace = false
        for flag in flags ?? "" {
            switch flag {
            case "s": options.insert(.dotMatchesNewlines)
            case "m": options.insert(.multiline)
            case "i": options.insert(.caseInsensitive)
            case "x": ignoresSpace = true
            case "q": options.insert(.literal)
            default: return nil
            }
        }
        if options.contains(.literal) { return try? Pattern(source, options: options) }
        let text = ignoresSpace ? withoutSpace(source) : source
        var translator = XPathPattern(text, options)
        guard let translated = translator.translated() else { return nil }
        return try? Pattern(translated, options: options)
    }

    /// Flag `x`: white space counts only inside classes.
    private static func withoutSpace(_ source: String) -> String {
        var result = String.UnicodeScalarView()
        var depth = 0
        var isEscaped = false
        for scalar in source.unicodeScalars {
            if depth == 0, ["\t", "\n", "\r", " "].contains(scalar) { continue }
            if !isEscaped {
                if scalar == "[" { depth += 1 }
                if scalar == "]" { depth = max(0, depth - 1) }
            }
            isEscaped = scalar == "\\" && !isEscaped
            result.append(scalar)
        }
        return String(result)
    }

    private init(_ source: String, _ options: Pattern.Options) {
        scalars = Array(source.unicodeScalars)
        dotMatchesNewlines = options.contains(.dotMatchesNewlines)
        multiline = options.contains(.multiline)
    }

    private mutating func next() -> Unicode.Scalar? {
        guard index < scalars.count else { return nil }
        defer { index += 1 }
        return scalars[index]
    }

    private var upcoming: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    // MARK: Outside of classes

    private mutating func translated() -> String? {
        var output = ""
        while let scalar = next() {
            switch scalar {
            case "\\":
                guard let escape = escape() else { return nil }
                output += escape
            case "[":
                guard let set = characterClass(nesting: 0) else { return nil }
                output += set
            case ".": output += dotMatchesNewlines ? "." : "[^\\n\\r]"
            case "$": output += multiline ? "$" : "\\z"
            case "(":
                guard let group = openGroup() else { return nil }
                output += group
            case ")":
                guard let group = openGroups.popLast() else { return nil }
                if let group { closedGroups.insert(group) }
                output += ")"
            case "?", "*", "+", "}":
                output.unicodeScalars.append(scalar)
                // A second `+` is possessive in Perl, and nothing in XPath.
                if upcoming == "+" || upcoming == "*" { return nil }
            case "#", " ": output += "\\" + String(scalar)
            default: output.unicodeScalars.append(scalar)
            }
        }
        return openGroups.isEmpty ? output : nil
    }

    private mutating func openGroup() -> String? {
        guard upcoming == "?" else {
            groupCount += 1
            openGroups.append(groupCount)
            return "("
        }
        index += 1
        guard next() == ":" else { return nil }
        openGroups.append(nil)
        return "(?:"
    }

    private mutating func escape() -> String? {
        guard let scalar = next() else { return nil }
        guard scalar.isDigit else { return singleEscape(scalar) ?? classEscape(scalar).map { $0.outside } }
        var number = Int(scalar.value - 0x30)
        guard closedGroups.contains(number) else { return nil }
        // As many digits as there are groups for.
        while let digit = upcoming, digit.isDigit, closedGroups.contains(number * 10 + Int(digit.value - 0x30)) {
            number = number * 10 + Int(digit.value - 0x30)
            index += 1
        }
        return "(?:\\g{\(number)})"
    }

    private func singleEscape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "n", "r", "t", "\\", "|", ".", "?", "*", "+", "(", ")", "{", "}", "-", "[", "]", "^", "$":
            "\\" + String(scalar)
        default: nil
        }
    }

    // MARK: Classes

    /// What a class escape is outside of brackets, and inside of them.
    private struct ClassEscape {
        let outside: String
        let inside: String

        init(_ inside: String, negated: Bool = false) {
            self.inside = inside
            outside = (negated ? "[^" : "[") + inside + "]"
        }

        init(both: String) {
            inside = both
            outside = both
        }
    }

    private static let nameStart =
        #"A-Za-z_:\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}"#
        + #"\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}"#
    private static let nameRest = #"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}"#
    private static let notNameStart =
        #"\x{0}-9;-@\[-^`{-\x{BF}\x{D7}\x{F7}\x{300}-\x{36F}\x{37E}\x{2000}-\x{200B}\x{200E}-\x{206F}"#
        + #"\x{2190}-\x{2BFF}\x{2FF0}-\x{3000}\x{E000}-\x{F8FF}\x{FDD0}-\x{FDEF}\x{FFFE}\x{FFFF}\x{F0000}-\x{10FFFF}"#
    private static let notNameCharacter =
        #"\x{0}-,/;-@\[-^`{-\x{B6}\x{B8}-\x{BF}\x{D7}\x{F7}\x{37E}\x{2000}-\x{200B}\x{200E}-\x{203E}\x{2041}-\x{206F}"#
        + #"\x{2190}-\x{2BFF}\x{2FF0}-\x{3000}\x{E000}-\x{F8FF}\x{FDD0}-\x{FDEF}\x{FFFE}\x{FFFF}\x{F0000}-\x{10FFFF}"#

    private mutating func classEscape(_ scalar: Unicode.Scalar) -> ClassEscape? {
        switch scalar {
        case "s": ClassEscape(#" \t\n\r"#)
        case "S": ClassEscape(#"\x{0}-\x{8}\x{B}\x{C}\x{E}-\x{1F}!-\x{10FFFF}"#)
        case "d": ClassEscape(both: #"\p{Nd}"#)
        case "D": ClassEscape(both: #"\P{Nd}"#)
        case "w": ClassEscape(#"\p{L}\p{M}\p{N}\p{S}"#)
        case "W": ClassEscape(#"\p{P}\p{Z}\p{C}"#)
        case "i": ClassEscape(XPathPattern.nameStart)
        case "I": ClassEscape(XPathPattern.notNameStart)
        case "c": ClassEscape(XPathPattern.nameStart + XPathPattern.nameRest)
        case "C": ClassEscape(XPathPattern.notNameCharacter)
        case "p", "P": property(negated: scalar == "P")
        default: nil
        }
    }

    /// `\p{Lu}` or `\p{IsBasicLatin}`.
    private mutating func property(negated: Bool) -> ClassEscape? {
        guard next() == "{" else { return nil }
        var name = ""
        while let scalar = next(), scalar != "}" { name.unicodeScalars.append(scalar) }
        if name.hasPrefix("Is") {
            guard let block = UnicodeBlocks.range(of: String(name.dropFirst(2))) else { return nil }
            if !negated { return ClassEscape(XPathPattern.text(of: block)) }
            var rest = ""
            if block.lowerBound > 0 { rest += XPathPattern.text(of: 0...block.lowerBound - 1) }
            if block.upperBound < 0x10FFFF { rest += XPathPattern.text(of: block.upperBound + 1...0x10FFFF) }
            return ClassEscape(rest)
        }
        guard (1...2).contains(name.utf8.count),
            name.unicodeScalars.allSatisfy({ $0.isASCII && $0.properties.isAlphabetic })
        else { return nil }
        return ClassEscape(both: (negated ? "\\P{" : "\\p{") + name + "}")
    }

    private static func text(of range: ClosedRange<UInt32>) -> String {
        "\\x{" + String(range.lowerBound, radix: 16) + "}-\\x{" + String(range.upperBound, radix: 16) + "}"
    }

    /// What follows `[`: characters, ranges and escapes, and after a minus a class of what is not meant.
    private mutating func characterClass(nesting: Int) -> String? {
        guard nesting < XPathPattern.maxNesting else { return nil }
        var isNegated = false
        if upcoming == "^" {
            isNegated = true
            index += 1
        }
        var content = ""
        var isEmpty = true
        while let scalar = next() {
            switch scalar {
            case "]":
                return isEmpty ? nil : (isNegated ? "[^" : "[") + content + "]"
            case "-" where upcoming == "[":
                index += 1
                guard !isEmpty, let subtracted = characterClass(nesting: nesting + 1), next() == "]" else { return nil }
                return "(?!" + subtracted + ")" + (isNegated ? "[^" : "[") + content + "]"
            case "[": return nil
            case "\\":
                guard let escaped = next() else { return nil }
                guard let text = singleEscape(escaped) ?? classEscape(escaped).map({ $0.inside }) else { return nil }
                content += text
            case "^", "&", "~", "|", "#", " ": content += "\\" + String(scalar)
            default: content.unicodeScalars.append(scalar)
            }
            isEmpty = false
        }
        return nil
    }
}
