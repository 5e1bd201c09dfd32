import Contracts
import Testing
import Values
import YAMLReader

@Suite struct YAMLReaderTests {
    private func read(_ text: String, file: String = "a.yaml") throws(Diagnostics) -> LocatedValue {
        try YAMLReader.read(Array(text.utf8), file: file)
    }

    private func code(_ text: String, file: String = "a.yaml") -> String? {
        do {
            _ = try read(text, file: file)
            return nil
        } catch {
            return error.all.first?.code
        }
    }

    @Test(arguments: [
        ("~", "null"), ("null", "null"), ("true", "true"), ("False", "false"), ("yes", #""yes""#), ("no", #""no""#),
        ("on", #""on""#),
        ("12", "12"), ("-3", "-3"), ("+7", "7"), ("0x1F", "31"), ("0o17", "15"), ("017", "17"), ("1_000", #""1_000""#),
        ("1.50", "1.5"),
        (".5", "0.5"), ("5.", "5"), ("1e3", "1000"), ("12:30", #""12:30""#), ("2026-01-31", #""2026-01-31""#),
        ("PT10S", #""PT10S""#),
        ("'12'", #""12""#), (#""true""#, #""true""#), ("'null'", #""null""#), ("!!str 12", #""12""#),
        ("!!int 12", "12"), ("! 12", #""12""#),
        ("!!float 1", "1"), ("1e", #""1e""#), ("-", #"[null]"#), ("- 1\n- [a, b]", #"[1,["a","b"]]"#),
        ("{a: 1, b: }", #"{"a":1,"b":null}"#),
        ("12: x", #"{"12":"x"}"#), ("|\n  a\n  b", #""a\nb""#), (">\n  a\n  b", #""a b""#), ("&x a", #""a""#),
        ("a: &x [1]\nb: *x", #"{"a":[1],"b":[1]}"#), ("\u{FEFF}a: 1", #"{"a":1}"#), ("\"\\u00e9\"", #""é""#),
        ("0x", #""0x""#), ("12345678901234567890123", "12345678901234567890123"),
    ])
    func `reads scalars as YAML 1 2 does`(text: String, expected: String) throws {
        #expect(try read(text).value == Value(parsing: expected))
    }

    @Test(arguments: [
        ("a: 1\na: 2", "duplicate-key"), ("a: 1\n'a': 2", "duplicate-key"), ("1: a\n'1': b", "duplicate-key"),
        ("--- a\n--- b", "several-documents"), ("", "empty-file"), ("# only a comment", "empty-file"),
        ("a: !mine 1", "unsupported-tag"),
        ("a: !!binary aGk=", "unsupported-tag"), ("!!set {a, b}", "unsupported-tag"), ("a: !!int x", "unsupported-tag"),
        ("a: .inf", "number-out-of-range"), ("a: .nan", "number-out-of-range"), ("? [a]\n: 1", "key-not-text"),
        ("a: &x {b: 1}\nc: {<<: *x}", "merge-key"), ("a: *nothing", "invalid-yaml"), ("a: [1", "invalid-yaml"),
        ("a: b: c", "invalid-yaml"),
        ("\ta: 1", "invalid-yaml"), ("a: \"\\x\"", "invalid-yaml"), ("a: \u{1}", "invalid-yaml"),
    ])
    func `refuses what has no place in a contract`(text: String, expected: String) {
        #expect(code(text) == expected)
    }

    @Test func `refuses what is not UTF-8`() {
        let error = #expect(throws: Diagnostics.self) { try YAMLReader.read([0x61, 0xFF], file: "a.yaml") }
        #expect(error?.all.first?.code == "not-utf-8")
    }

    @Test(arguments: [
        (String(repeating: "[", count: 100_000), "invalid-yaml"),
        (String(repeating: "- ", count: 100_000), "invalid-yaml"),
        (String(repeating: "{a: ", count: 900), "invalid-yaml"),
        (String(repeating: "[", count: 80) + String(repeating: "]", count: 80), "nested-too-deeply"),
        (String(repeating: "a", count: 1_048_577), "file-too-large"),
        ("[" + String(repeating: "1,", count: 100_001) + "1]", "too-many-values"),
    ])
    func `has limits`(text: String, expected: String) {
        #expect(code(text) == expected)
    }

    @Test func `aliases that multiply are refused before they are followed`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(code(text) == "too-many-aliases")

        var keys = "a0: &a0 [x, x]\n"
        for level in 1...30 { keys += "a\(level): &a\(level) {? [*a\(level - 1), *a\(level - 1)] : 1}\n" }
        #expect(code(keys) == "too-many-aliases")
    }

    @Test func `text that only looks like aliases is no matter`() throws {
        let text = "a: |\n" + String(repeating: "  *bold* words, and &more\n", count: 10)
        #expect(try read(text).value["a"]?.stringValue?.hasPrefix("*bold*") == true)
    }

    /// 1: kind: task
    /// 2: input:
    /// 3:   properties:
    /// 4:     a/b: {type: string}
    /// 5: errors:
    /// 6:   - code: X
    @Test(arguments: [
        ("/kind", 1, 1), ("/input/properties", 3, 3), ("/input/properties/a~1b", 4, 5),
        ("/input/properties/a~1b/type", 4, 11),
        ("/errors/0", 6, 5), ("/errors/0/code", 6, 5), ("/errors/0/unknown", 6, 5), ("/nothing/at/all", 1, 1),
    ])
    func `knows where each part stands`(pointer: String, line: Int, column: Int) throws {
        let located = try read("kind: task\ninput:\n  properties:\n    a/b: {type: string}\nerrors:\n  - code: X\n")
        #expect(located.position(of: pointer) == SourcePosition(line: line, column: column))
    }

    @Test func `reads JSON exactly, with positions`() throws {
        let text = "{\n  \"a\": [1, {\"b\\\"c\": 0.1000000000000000000001}],\n  \"d\" : null\n}"
        let located = try read(text, file: "A.JSON")

        #expect(located.value.json.text == #"{"a":[1,{"b\"c":0.1000000000000000000001}],"d":null}"#)
        #expect(located.position(of: "/a") == SourcePosition(line: 2, column: 3))
        #expect(located.position(of: "/a/1/b\"c") == SourcePosition(line: 2, column: 13))
        #expect(located.position(of: "/d") == SourcePosition(line: 3, column: 3))
    }

    @Test(arguments: ["{", "{\"a\":1,\"a\":2}", "{a: 1}", "", "[1] x", String(repeating: "[", count: 100_000)])
    func `refuses what is not JSON in a JSON file`(text: String) {
        #expect(code(text, file: "a.json") == "invalid-json")
    }

    @Test func `a mistake has its line`() {
        let error = #expect(throws: Diagnostics.self) { try read("a: 1\nb: [1\nc: 2") }
        #expect(error?.all.first?.file == "a.yaml")
        #expect(error?.all.first?.position.line == 3)
    }
}
