/// A regular expression: Perl's syntax over Unicode text, bounded in time and memory.
///
/// Equal if source and options are. `$` matches only at the very end, unless `multiline`.
package struct Pattern: Sendable {
    package struct Options: OptionSet, Sendable, Hashable {
        package let rawValue: Int

        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// XPath's flags `i`, `m`, `s`, `x` and `q`.
        package static let caseInsensitive = Options(rawValue: 1)
        package static let multiline = Options(rawValue: 2)
        package static let dotMatchesNewlines = Options(rawValue: 4)
        package static let ignoresWhitespace = Options(rawValue: 8)
        package static let literal = Options(rawValue: 16)
        /// Read as ECMA-262, which JSON Schema means: `\d`, `\w` and `\s` are ASCII, there is `\u0041`, and `[]` matches nothing.
        package static let ecmaScript = Options(rawValue: 32)
    }

    package struct Match: Sendable, Hashable {
        /// In bytes of the subject's UTF-8.
        package var range: Range<Int>
        package var text: String
        /// Group 1 is at index 0; nil where the group took no part.
        package var groups: [String?]
    }

    package let source: String
    package let options: Options
    private let code: CompiledPattern

    package init(_ pattern: String, options: Options = []) throws(PatternError) {
        source = pattern
        self.options = options
        code = try CompiledPattern(pattern, options: options)
    }

    package func matches(anywhereIn text: String) throws(PatternError) -> Bool {
        try code.firstMatch(in: Array(text.utf8)) != nil
    }

    package func firstMatch(in text: String) throws(PatternError) -> Match? {
        let subject = Array(text.utf8)
        return try code.firstMatch(in: subject).map { Match($0, in: subject) }
    }

    /// Those that do not overlap, from left to right. The limits hold for each of them.
    package func allMatches(in text: String) throws(PatternError) -> [Match] {
        let subject = Array(text.utf8)
        return try code.allMatches(in: subject).map { Match($0, in: subject) }
    }

    /// XPath's replacement syntax: `$1` is a group (`$12` the twelfth if there are so many, else the first and a `2`), `$0`
    /// the match, `\$` and `\\` the characters.
    package func replacing(in text: String, with replacement: String) throws(PatternError) -> String {
        let subject = Array(text.utf8)
        let template = try ReplacementTemplate(
            replacement, groupCount: code.groupCount, isLiteral: options.contains(.literal))
        var result: [UInt8] = []
        var position = 0
        for match in try code.allMatches(in: subject) {
            result += subject[position..<match.range.lowerBound]
            template.append(match, of: subject, to: &result)
            position = match.range.upperBound
        }
        result += subject[position...]
        return String(decoding: result, as: UTF8.self)
    }

    /// What stands between the matches; one more than there are matches.
    package func splitting(_ text: String) throws(PatternError) -> [String] {
        let subject = Array(text.utf8)
        var parts: [String] = []
        var position = 0
        for match in try code.allMatches(in: subject) {
            parts.append(String(decoding: subject[position..<match.range.lowerBound], as: UTF8.self))
            position = match.range.upperBound
        }
        return parts + [String(decoding: subject[position...], as: UTF8.self)]
    }
}

extension Pattern: Hashable {
    package static func == (left: Pattern, right: Pattern) -> Bool {
        left.source == right.source && left.options == right.options
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(options)
    }
}

extension Pattern.Match {
    fileprivate init(_ match: PatternRanges, in subject: [UInt8]) {
        range = match.range
        text = String(decoding: subject[match.range], as: UTF8.self)
        groups = match.groups.map { $0.map { String(decoding: subject[$0], as: UTF8.self) } }
    }
}

/// Why a pattern could not be made or used.
package struct PatternError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case invalidPattern
        case invalidReplacement
        /// Matching took more steps or memory than allowed.
        case limitExceeded
        case subjectTooLong
        /// What else the library reports.
        case failed
    }

    package var kind: Kind
    package var message: String
    /// Where in the pattern or replacement, in bytes of its UTF-8.
    package var offset: Int?

    package init(kind: Kind, message: String, offset: Int? = nil) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }
}

extension PatternError: CustomStringConvertible {
    package var description: String { offset.map { "\(message) at offset \($0)" } ?? message }
}
