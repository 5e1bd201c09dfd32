import Values

/// FEEL's functions of strings. Positions count code points from 1.
enum StringFunctions {
    private static let pair: [BuiltIn.Parameter] = [.init("string", .string), .init("match", .string)]

    static let all: [BuiltIn] = [
        BuiltIn(
            "substring", [.init("string", .string), .init("start position", .number), .optional("length", .number)],
            .string, substring),
        BuiltIn("string length", [.init("string", .string)], .number) {
            $0.string(0).map { .number(Decimal128($0.unicodeScalars.count)) }
        },
        BuiltIn("upper case", [.init("string", .string)], .string) { $0.string(0).map { .string($0.uppercased()) } },
        BuiltIn("lower case", [.init("string", .string)], .string) { $0.string(0).map { .string($0.lowercased()) } },
        BuiltIn("trim", [.init("string", .string)], .string) { $0.string(0).map { .string($0.trimmingSpace) } },
        BuiltIn("substring before", pair, .string) { strings($0, substringBefore) },
        BuiltIn("substring after", pair, .string) { strings($0, substringAfter) },
        BuiltIn("contains", pair, .boolean) { strings($0) { .bool(StringSearch.contains($0, $1)) } },
        BuiltIn("starts with", pair, .boolean) { strings($0) { .bool(StringSearch.hasPrefix($0, $1)) } },
        BuiltIn("ends with", pair, .boolean) { strings($0) { .bool(StringSearch.hasSuffix($0, $1)) } },
        BuiltIn(
            "matches", .fixed([[.init("input", .string), .init("pattern", .string), .optional("flags", .string)]]),
            .boolean, evaluating: matches),
        BuiltIn(
            "replace",
            .fixed([
                [
                    .init("input", .string), .init("pattern", .string), .init("replacement", .string),
                    .optional("flags", .string),
                ]
            ]), .string, evaluating: replace),
        BuiltIn(
            "split", .fixed([[.init("string", .string), .init("delimiter", .string)]]), .list(of: .string),
            evaluating: split),
        BuiltIn(
            "string join",
            .fixed([
                [.init("list", .list), .optional("delimiter", .string)],
                [
                    .init("list", .list), .init("delimiter", .string), .init("prefix", .string),
                    .init("suffix", .string),
                ],
            ]), .string, evaluating: join),
    ]

    private static func strings(_ arguments: BuiltIn.Arguments, _ function: (String, String) -> Datum?) -> Datum? {
        guard let first = arguments.string(0), let second = arguments.string(1) else { return nil }
        return function(first, second)
    }

    private static func substring(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let string = arguments.string(0), let start = arguments.integer(1), start != 0 else { return nil }
        let scalars = Array(string.unicodeScalars)
        let first = start > 0 ? start - 1 : scalars.count + start
        guard scalars.indices.contains(first) else { return nil }
        var count = scalars.count - first
        if arguments.count == 3 {
            guard let length = arguments.integer(2), length >= 1 else { return nil }
            count = min(count, length)
        }
        return .string(String(String.UnicodeScalarView(scalars[first..<first + count])))
    }

    private static func substringBefore(_ string: String, _ match: String) -> Datum? {
        let offset = match.isEmpty ? 0 : StringSearch.offset(of: match, in: string) ?? 0
        return .string(String(decoding: string.utf8.prefix(offset), as: UTF8.self))
    }

    private static func substringAfter(_ string: String, _ match: String) -> Datum? {
        guard let offset = StringSearch.offset(of: match, in: string) else { return .string("") }
        return .string(String(decoding: string.utf8.dropFirst(offset + match.utf8.count), as: UTF8.self))
    }

    private static func join(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let items = arguments.list(0) else { return .null }
        let delimiter = arguments.string(1) ?? ""
        // Camunda's own are the last two.
        let (prefix, suffix) = arguments.values.count == 4 ? (arguments.string(2), arguments.string(3)) : (nil, nil)
        var text = prefix ?? ""
        var isFirst = true
        for item in items where !item.isNull {
            guard case .string(let string) = item else { return .null }
            if !isFirst { text += delimiter }
            text += string
            isFirst = false
            try evaluator.checkSize(of: .string(text), at: node.offset)
        }
        return .string(text + (suffix ?? ""))
    }

    // MARK: Patterns

    /// Null for a bad pattern; an error when matching costs too much.
    private static func guarding<Result>(
        _ node: Node, _ body: () throws(PatternError) -> Result
    ) throws(Fault) -> Result? {
        do throws(PatternError) {
            return try body()
        } catch {
            switch error.kind {
            case .limitExceeded, .subjectTooLong: throw Fault(.limit, error.message, at: node.offset)
            case .invalidPattern, .invalidReplacement, .failed: return nil
            }
        }
    }

    private static func matches(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let input = arguments.string(0), let source = arguments.string(1),
            let pattern = evaluator.pattern(source, flags: arguments.string(2))
        else { return .null }
        return try guarding(node) { () throws(PatternError) in try pattern.matches(anywhereIn: input) }
            .map { .bool($0) } ?? .null
    }

    /// The size of the result is checked before it is made: every match adds at most the replacement, each `$n` in it
    /// at most the match.
    private static func replace(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let input = arguments.string(0), let source = arguments.string(1), let replacement = arguments.string(2),
            let pattern = evaluator.pattern(source, flags: arguments.string(3))
        else { return .null }
        let result = try guarding(node) { () throws(PatternError) in
            let matches = try pattern.allMatches(in: input)
            let references = replacement.utf8.count { $0 == UInt8(ascii: "$") }
            let matched = matches.reduce(0) { $0 + $1.text.utf8.count }
            let (most, overflow) = references.multipliedReportingOverflow(by: matched)
            let size = input.utf8.count + matches.count * replacement.utf8.count + most
            if overflow || size > evaluator.limits.maxStringBytes {
                throw PatternError(kind: .limitExceeded, message: "the replaced string is too long", offset: nil)
            }
            return try pattern.replacing(in: input, with: replacement)
        }
        return result.map { .string($0) } ?? .null
    }

    /// Every match of the pattern.
    static func extract(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let input = arguments.string(0), let source = arguments.string(1),
            let pattern = evaluator.pattern(source, flags: nil)
        else { return .null }
        let matches = try guarding(node) { () throws(PatternError) in try pattern.allMatches(in: input) }
        return matches.map { .list($0.map { .string($0.text) }) } ?? .null
    }

    private static func split(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let input = arguments.string(0), let source = arguments.string(1),
            let pattern = evaluator.pattern(source, flags: nil)
        else { return .null }
        let pieces = try guarding(node) { () throws(PatternError) in try pattern.splitting(input) }
        return pieces.map { .list($0.map { .string($0) }) } ?? .null
    }
}
