import Expressions
import Testing
import Values

/// Texts and values come from outside: whatever they are, the answer is a value or an error, soon.
@Suite struct LimitTests {
    @Test(arguments: [
        ("(", ")"), ("[", "]"), ("{a:", "}"), ("-", ""), ("not(", ")"), ("if true then ", " else 1"), ("1 in (", ")"),
        ("function() ", ""),
        ("a.", ""), ("1 + ", ""), ("1 ** ", ""), ("for x in 1..2 return ", ""), ("a[", "]"), ("1 = ", ""),
        ("x instance of list<", ">"),
    ])
    func `deep FEEL is refused, not a crash`(open: String, close: String) throws {
        let source = String(repeating: open, count: 3000) + "1" + String(repeating: close, count: 3000)
        let error = try #require(throws: ExpressionError.self) { try Expression.parse(source, as: .feel) }
        #expect([.limit, .syntax].contains(error.kind), "\(error)")
    }

    @Test(arguments: [
        ("(", ")"), ("-", ""), ("!", ""), ("empty ", ""), ("a[", "]"), ("a.b(", ")"), ("1 + ", ""), ("true ? 1 : ", ""),
    ])
    func `deep JUEL is refused, not a crash`(open: String, close: String) throws {
        let source = "${" + String(repeating: open, count: 3000) + "1" + String(repeating: close, count: 3000) + "}"
        let error = try #require(throws: ExpressionError.self) { try Expression.parse(source, as: .juel) }
        #expect(error.kind == .limit, "\(error)")
    }

    @Test func `ninety-nine levels and a chain of a hundred and fifty are fine`() throws {
        #expect(try feel(String(repeating: "(", count: 99) + "1" + String(repeating: ")", count: 99)) == 1)
        #expect(try feel("0" + String(repeating: " + 1", count: 150)) == 150)
        #expect(try feel(String(repeating: "{a: ", count: 60) + "1" + String(repeating: "}", count: 60) + ".a") != nil)
    }

    @Test func `a text over 64 KiB is refused`() throws {
        let source = "\"" + String(repeating: "x", count: 70_000) + "\""
        for language in [ExpressionLanguage.feel, .juel] {
            let error = try #require(throws: ExpressionError.self) { try Expression.parse(source, as: language) }
            #expect(error.kind == .limit)
        }
    }

    @Test(arguments: [
        "for a in 1..1000, b in 1..1000, c in 1..1000 return 1", "for i in 1..1000000000 return i",
        "for i in -9223372036854775807..9223372036854775807 return i",
        "count(for a in 1..1000 return (for b in 1..5000 return b)) > 0",
        "{f: function(g, n) g(g, n), r: f(f, 1)}.r",
        "{a: for i in 1..100 return i, b: for i in 1..100 return a, c: for i in 1..100 return b}",
        "string join(for i in 1..9000 return \"0123456789012345678901234567890\")",
        "{a: for i in 1..100 return i, b: for i in 1..100 return a, c: for i in 1..100 return b, d: c = c}.d",
        "{a: for i in 1..100 return i, b: for i in 1..100 return a, c: for i in 1..100 return b, d: string(c)}.d",
        "{a: for i in 1..100 return i, b: for i in 1..100 return a, c: for i in 1..100 return b, d: flatten(c)}.d",
        "replace(string join(for i in 1..9000 return \"aa\"), \"a\", string join(for i in 1..9000 return \"bb\"))",
    ])
    func `work without end is an error`(source: String) throws {
        let limits = EvaluationLimits(maxSteps: 100_000, maxStringBytes: 1 << 18)
        let error = try #require(throws: ExpressionError.self) {
            try Expression.parse(source, as: .feel).evaluate(in: TestScope(), limits: limits)
        }
        #expect(error.kind == .limit, "\(error)")
    }

    @Test func `limits can be set`() throws {
        let expression = try Expression.parse("for i in 1..100 return i", as: .feel)
        #expect(throws: ExpressionError.self) {
            try expression.evaluate(in: TestScope(), limits: EvaluationLimits(maxSteps: 50))
        }
        #expect(throws: ExpressionError.self) {
            try expression.evaluate(in: TestScope(), limits: EvaluationLimits(maxListSize: 99))
        }
        #expect(try expression.evaluate(in: TestScope()).elements()?.count == 100)
    }

    /// Every parse ends in an expression or an error, and so does every evaluation.
    @Test(arguments: 0..<8)
    func `random texts are harmless`(seed: UInt64) {
        var random = SplitMix(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let pieces = [
            "1", "a", "order total", "\"s\"", "'s'", "(", ")", "[", "]", "{", "}", ":", ",", ".", "..", "+", "-", "*",
            "/", "**", "=", "<", ">=",
            "if", "then", "else", "for", "in", "return", "some", "satisfies", "and", "or", "not", "between", "function",
            "instance of", "list<",
            "@\"P1D\"", "@\"2026-01-01\"", "null", "true", "date", "sort", "?", "item", "${", "#{", "\\", "`", "empty",
            "==", "&&", "%", "\u{1F40E}", "0.5", "-1",
            "count(", "replace(", "duration(", "9999999999999999999999999999999999", "e400",
        ]
        let scope = TestScope(["a": [1, ["b": "x"]], "order total": 5])
        for _ in 0..<1500 {
            let source = (0..<Int(random.next() % 14)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
                .joined(separator: random.next() % 2 == 0 ? " " : "")
            for language in [ExpressionLanguage.feel, .juel] {
                for text in [source, "${\(source)}"] {
                    guard let parsed = try? Expression.parse(text, as: language, knownNames: scope.names) else {
                        continue
                    }
                    let answer = try? parsed.evaluate(in: scope)
                    let type = TypeChecker.infer(parsed, in: TypeEnvironment()).type
                    if let answer, type == .number || type == .boolean {
                        #expect(
                            answer.isNull
                                || (type == .number ? answer.decoded().numberValue != nil : answer.boolValue != nil),
                            "\(text)")
                    }
                }
            }
        }
    }
}

/// A small generator with a seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
