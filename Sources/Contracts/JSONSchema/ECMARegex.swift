import Values

/// Regular expressions as JSON Schema has them: those of ECMA-262 with its `u` flag.
///
/// `Pattern` reads nearly all of it. This writes anew what differs, Unicode properties by long names and white space, and refuses what
/// ECMA-262 does not have, so that no schema works here that works nowhere else.
enum ECMARegex {
    static func compile(_ source: String) throws(PatternError) -> Pattern {
        try Pattern(translate(source), options: .ecmaScript)
    }

    private static func translate(_ source: String) throws(PatternError) -> String {
        var output = String.UnicodeScalarView()
        var rest = source.unicodeScalars[...]
        var inClass = false
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\\":
                output.append(contentsOf: try escape(&rest, inClass: inClass).unicodeScalars)
                continue
            case "[" where !inClass: inClass = true
            case "[":
                // PCRE2 would see a POSIX class in [[:alpha:]].
                output.append("\\")
            case "]" where inClass: inClass = false
            case "(" where !inClass && rest.first == "?": try checkGroup(rest.dropFirst())
            default: break
            }
            output.append(scalar)
        }
        return String(output)
    }

    private static func checkGroup(_ rest: Substring.UnicodeScalarView) throws(PatternError) {
        guard let next = rest.first, [":", "=", "!", "<"].contains(next) else {
            throw invalid("a group may begin with (?:, (?=, (?!, (?<=, (?<! or (?<name>")
        }
    }

    private static func escape(_ rest: inout Substring.UnicodeScalarView, inClass: Bool) throws(PatternError) -> String
    {
        guard let letter = rest.popFirst() else { throw invalid("it ends in a backslash") }
        switch letter {
        case "p", "P": return "\\\(letter){\(try property(&rest))}"
        case "s": return inClass ? whiteSpace : "[\(whiteSpace)]"
        case "S": return inClass ? "\\S" : "[^\(whiteSpace)]"
        case "u": return surrogatePair(&rest) ?? "\\u"
        case "d", "D", "w", "W", "b", "B", "t", "n", "r", "f", "c", "x", "k": return "\\\(letter)"
        case "v": return "\\x0b"
        default:
            guard !letter.properties.isAlphabetic else { throw invalid("there is no escape \\\(letter)") }
            return "\\\(letter)"
        }
    }

    /// The character that two escapes stand for together, as JavaScript writes what is beyond 16 bits.
    private static func surrogatePair(_ rest: inout Substring.UnicodeScalarView) -> String? {
        let digits = Array(rest.prefix(10))
        guard digits.count == 10, digits[4] == "\\", digits[5] == "u", let high = unit(digits[..<4]),
            let low = unit(digits[6...]), high & 0xFC00 == 0xD800, low & 0xFC00 == 0xDC00,
            let scalar = Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + low & 0x3FF)
        else { return nil }
        rest.removeFirst(10)
        return String(scalar)
    }

    private static func unit(_ digits: ArraySlice<Unicode.Scalar>) -> UInt32? {
        guard digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return nil }
        return UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
    }

    /// All that ECMA-262 counts as white space; PCRE2's own `\s` is ASCII here.
    private static let whiteSpace = #"\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"#

    /// The name in `{…}` as PCRE2 has it.
    private static func property(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> String {
        guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}") else {
            throw invalid("\\p must be followed by {name}")
        }
        var name = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        for prefix in ["General_Category=", "gc=", "Script=", "sc=", "Script_Extensions=", "scx="]
        where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
        }
        return categories[name] ?? name
    }

    private static func invalid(_ message: String) -> PatternError {
        PatternError(kind: .invalidPattern, message: message)
    }

    /// The general categories by their long names.
    private static let categories = [
        "Letter": "L", "Cased_Letter": "L&", "LC": "L&", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll",
        "Titlecase_Letter": "Lt",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
        "Spacing_Mark": "Mc",
        "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl",
        "Other_Number": "No",
        "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd",
        "Open_Punctuation": "Ps",
        "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po",
        "Symbol": "S",
        "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z",
        "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc",
        "cntrl": "Cc",
        "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
    ]
}
