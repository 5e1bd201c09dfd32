import Testing
import Values

struct PatternTests {
    @Test(
        arguments: [
            ("b+", "abbc", [], true), ("^b+$", "abbc", [], false), ("^ABBC$", "abbc", .caseInsensitive, true),
            ("a.c", "a\nc", [], false),
            ("a.c", "a\nc", .dotMatchesNewlines, true), ("^b$", "a\nb\nc", .multiline, true),
            ("^b$", "a\nb\nc", [], false), ("a$", "a\n", [], false),
            ("a b", "ab", .ignoresWhitespace, true), ("a.c", "abc", .literal, false),
            ("[a.c", "x[A.C", [.literal, .caseInsensitive], true),
            (#"^\d$"#, "٣", [], true), (#"^\d$"#, "٣", .ecmaScript, false), (#"^\w$"#, "é", [], true),
            (#"^\w$"#, "é", .ecmaScript, false),
            (#"^.$"#, "😀", .ecmaScript, true), (#"^\u0061\u{1F600}$"#, "a😀", .ecmaScript, true),
            ("[]", "a", .ecmaScript, false), (#"^\p{Lu}$"#, "É", [], true), ("", "", [], true),
            ("É", "é", .caseInsensitive, true),
        ] as [(String, String, Pattern.Options, Bool)])
    func `matches anywhere in a text`(pattern: String, text: String, options: Pattern.Options, expected: Bool) throws {
        #expect(try Pattern(pattern, options: options).matches(anywhereIn: text) == expected)
    }

    @Test func `gives the groups of a match, nil where one took no part`() throws {
        let match = try #require(try Pattern("(é)|(b)(x?)").firstMatch(in: "aéb"))
        #expect(match.range == 1..<3)
        #expect(match.text == "é")
        #expect(match.groups == ["é", nil, nil])
        let all = try Pattern("(é)|(b)(x?)").allMatches(in: "aéb")
        #expect(all.map(\.groups) == [["é", nil, nil], [nil, "b", ""]])
        #expect(try Pattern("z").firstMatch(in: "aéb") == nil)
    }

    @Test func `empty matches step over whole characters`() throws {
        #expect(try Pattern("x*").allMatches(in: "é😀x").map(\.range) == [0..<0, 2..<2, 6..<7, 7..<7])
        #expect(try Pattern("").splitting("aé") == ["", "a", "é", ""])
    }

    @Test(arguments: [
        ("a(b)?(c)?", "abac", "[$1|$2]", "[b|][|c]"), ("(b)", "abc", #"\$1\\$0"#, #"a$1\bc"#),
        ("(b)", "abc", "$12$2", "ab2c"), ("é", "éaé", "", "a"),
        ("z", "abc", "$1", "abc"),
    ])
    func `replaces with XPath's syntax`(pattern: String, text: String, replacement: String, expected: String) throws {
        #expect(try Pattern(pattern).replacing(in: text, with: replacement) == expected)
    }

    @Test func `splits`() throws {
        #expect(try Pattern(#"\s*,\s*"#).splitting("a , b,c,") == ["a", "b", "c", ""])
        #expect(try Pattern(",").splitting("") == [""])
        #expect(try Pattern(".", options: .literal).replacing(in: "a.b", with: "$") == "a$b")
    }

    @Test(arguments: [("a$", 1), (#"a\"#, 1), (#"\x"#, 0), ("$x", 0)])
    func `refuses a replacement`(replacement: String, offset: Int) throws {
        let pattern = try Pattern("a")
        let error = try #require(throws: PatternError.self) { try pattern.replacing(in: "a", with: replacement) }
        #expect(error.kind == .invalidReplacement)
        #expect(error.offset == offset)
    }

    @Test(
        arguments: [
            ("a(b", 3), ("[z-a]", 3), ("*", 0), (#"a\C"#, 3), (String(repeating: "(", count: 100_000), nil),
            ("(a{1000}){60000}", nil),
        ] as [(String, Int?)])
    func `refuses a pattern and says where`(pattern: String, offset: Int?) throws {
        let error = try #require(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error.kind == .invalidPattern)
        #expect(!error.message.isEmpty)
        if let offset { #expect(error.offset == offset) }
    }

    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(.*)*x$", "(?:a|a)*[bc]$"])
    func `gives up on a pattern that would take for ever`(pattern: String) throws {
        let pattern = try Pattern(pattern)
        let error = try #require(throws: PatternError.self) {
            try pattern.matches(anywhereIn: String(repeating: "a", count: 200) + "!x!")
        }
        #expect(error.kind == .limitExceeded)
    }

    @Test func `refuses a subject that is too long`() throws {
        let pattern = try Pattern("a")
        let error = try #require(throws: PatternError.self) {
            try pattern.matches(anywhereIn: String(repeating: "b", count: 300_000))
        }
        #expect(error.kind == .subjectTooLong)
    }

    @Test func `is equal by source and options`() throws {
        #expect(try Pattern("a") == Pattern("a"))
        #expect(try Pattern("a").hashValue == Pattern("a").hashValue)
        #expect(try Pattern("a") != Pattern("a", options: .caseInsensitive))
    }

    @Test func `is shared by threads`() async throws {
        let pattern = try Pattern("(x)([0-9]+)")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<50 {
                group.addTask { try pattern.firstMatch(in: "ax\(index)b")?.groups == ["x", "\(index)"] }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `any pattern and text end in an answer or an error`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "b", "(", ")", "[", "]", "*", "+", "?", "{2,3}", "|", "\\", "^", "$", ".", "é", "-", "\\K", "(?=",
            "(?<=", "\\1",
        ]
        let source = (0..<Int.random(in: 1...8, using: &random)).compactMap { _ in pieces.randomElement(using: &random)
        }.joined()
        let text = random.string() + "aab"
        do {
            let pattern = try Pattern(source)
            let matches = try pattern.allMatches(in: text)
            #expect(try pattern.splitting(text).count == matches.count + 1)
            #expect(try pattern.replacing(in: text, with: "$0") == text)
        } catch {
            #expect(!error.message.isEmpty)
        }
    }
}
