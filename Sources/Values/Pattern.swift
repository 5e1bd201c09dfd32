/// A regular expression, bounded in time and memory.
package struct Pattern: Sendable, Hashable {
    package struct Options: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let caseInsensitive = Options(rawValue: 1)
        package static let multiline = Options(rawValue: 2)
        package static let dotMatchesNewlines = Options(rawValue: 4)
        package static let ignoresWhitespace = Options(rawValue: 8)
        package static let literal = Options(rawValue: 16)
        /// Read as ECMA-262 (JSON Schema): `\d`, `\w`, `\s` are ASCII.
        package static let ecmaScript = Options(rawValue: 32)
    }
    package struct Match: Sendable, Hashable {
        /// UTF-8 offsets.
        package var range: Range<Int>
        package var text: String
        /// Group 1 is at index 0; nil where the group took no part.
        package var groups: [String?]
    }
    package let source: String
    package let options: Options
    package init(_ pattern: String, options: Options = []) throws(PatternError) {
        source = pattern; self.options = options
    }
    package func matches(anywhereIn text: String) throws(PatternError) -> Bool { false }
    package func firstMatch(in text: String) throws(PatternError) -> Match? { nil }
    package func allMatches(in text: String) throws(PatternError) -> [Match] { [] }
    /// XPath's replacement syntax: `$1`, `\$`, `\\`.
    package func replacing(in text: String, with replacement: String) throws(PatternError) -> String { text }
    package func splitting(_ text: String) throws(PatternError) -> [String] { [] }
}
package struct PatternError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case invalidPattern, invalidReplacement, limitExceeded, subjectTooLong, failed
    }
    package var kind: Kind
    package var message: String
    /// Where in the pattern, in UTF-8 bytes.
    package var offset: Int?
}
