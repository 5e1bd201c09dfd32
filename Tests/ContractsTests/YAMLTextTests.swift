import Contracts
import Testing
import Values
import YAMLReader

@Suite struct YAMLTextTests {
    private static func again(_ value: Value) throws -> Value {
        try YAMLReader.read(Array(YAMLText.text(value).utf8), file: "x.yaml").value
    }

    @Test func `a contract written as YAML is the contract`() throws {
        let contract = try Sample.contract(Sample.transcode)
        let text = YAMLText.text(contract.canonical.decoded())
        #expect(try Sample.contract(text).canonical == contract.canonical)
        #expect(text.contains("\nversion: \"2.1\"\n"))
        #expect(text.contains("    preset: {type: string, enum: [proxy, web, master], default: proxy}\n"))
    }

    @Test(arguments: [
        "", " ", "no", "Null", "2.10", "1e3", "12:30", "- a", "a: b", "a #b", "#", "{", "[x", "&a", "*a", "!t", "'",
        "\"", "%", "@",
        "a\nb", "a\nb\n", "\na", "a\n\nb\n\n", " a\nb", "a \nb", "tab\there", "ü", "\u{1}", "---", "...", "? x", "a,b",
        "x]", "=", "<<",
        "0x1F", "~", "a\n# b\n", "a\r\nb", "\u{2028}", "true", "y", "long words that go on and on and on",
    ])
    func `every text comes back`(text: String) throws {
        for value in [
            Value.string(text), ["a": .string(text)], [.string(text)], ["l": [.string(text), ["m": .string(text)]]],
            Value(members: [(text, 1)]), ["deep": ["er": [["x": .string(text), "y": [["z": .string(text)]]]]]],
        ] {
            #expect(try Self.again(value) == value)
        }
    }

    @Test func `empty things and nested lists come back`() throws {
        let value: Value = ["a": [], "b": [:], "c": [[], [[1, 2.5], [:]], ["x": [[["y": nil]]]]], "d": true]
        #expect(try Self.again(value) == value)
        #expect(try Self.again([]) == [])
    }
}
