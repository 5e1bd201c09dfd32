import Testing
import Values

struct JSONTests {
    @Test func `splits an object into raw members without the white space around them`() throws {
        let json = try JSON(validating: " { \"a\" : [1, 2.50] ,\"b\\n\": \"x\\\"}\" , \"\" : { } } \n")
        let members = try #require(json.members())
        #expect(members.map(\.name) == ["a", "b\n", ""])
        #expect(members.map(\.value.text) == ["[1, 2.50]", "\"x\\\"}\"", "{ }"])
        #expect(json["b\n"]?.stringValue == "x\"}")
        #expect(json["c"] == nil)
        #expect(members[0].value.elements()?.map(\.text) == ["1", "2.50"])
        #expect(members[2].value.members()?.isEmpty == true)
        #expect(json["a"]?.members() == nil)
        #expect(json.elements() == nil)
    }

    /// Texts are stepped over eight bytes at a time.
    @Test(arguments: 0..<20)
    func `sees what is special in a text wherever it stands`(place: Int) throws {
        let before = String(repeating: "a", count: place)
        for (special, text) in [
            (#"\""#, "\""), (#"\\"#, "\\"), ("é", "é"), ("\u{7F}", "\u{7F}"), ("~", "~"), ("!", "!"),
        ] {
            let json = try JSON(validating: #"{"x":"\#(before)\#(special)zzzzzzzzzz","y":1}"#)
            #expect(json["x"]?.stringValue == before + text + "zzzzzzzzzz")
            #expect(json["y"]?.intValue == 1)
        }
        for bad in ["\u{1F}", "\u{0}", #"\x"#] {
            #expect(throws: JSONError.self) { try JSON(validating: #"{"x":"\#(before)\#(bad)zzzzzzzzzz"}"#) }
        }
        #expect(throws: JSONError.self) {
            try JSON(validating: Array("\"\(before)".utf8) + [0xFF] + Array("zzzzzzz\"".utf8))
        }
        #expect(throws: JSONError.self) { try JSON(validating: #"{"x":"\#(before)"#) }
    }

    @Test func `finds a member by its name however it is written`() throws {
        let json = try JSON(validating: #"{"\u0061": 1, "caf\u00e9": 2, "😀": 3}"#)
        #expect(json["a"]?.intValue == 1)
        #expect(json["café"]?.intValue == 2)
        #expect(json["cafe\u{301}"] == nil)
        #expect(json["😀"]?.intValue == 3)
        #expect(json[#"\u0061"#] == nil)
    }

    @Test func `glues raw values without changing them`() throws {
        let raw = try JSON(validating: "[1.000, {\"x\" : null}]")
        let glued = JSON.object([
            ("a", raw), ("b\"", .array([.string("é\n"), .number(-7), .bool(true)])), ("c", .emptyObject),
        ])
        #expect(glued.text == #"{"a":[1.000, {"x" : null}],"b\"":["é\n",-7,true],"c":{}}"#)
        #expect(try JSON(validating: glued.bytes) == glued)
        #expect(JSON.object([]) == .emptyObject)
        #expect(JSON.array([]) == .emptyArray)
    }

    @Test func `keeps numbers of any length raw`() throws {
        let long = String(repeating: "1234567890", count: 50) + ".5e-7"
        #expect(try JSON(validating: long).text == long)
        #expect(try JSON(validating: "[\(long)]").elements()?.first?.text == long)
    }

    @Test(arguments: [
        ("1", 1, 1.0), ("-0", 0, 0.0), ("1.0", 1, 1.0), ("12e2", 1200, 1200.0), ("1.5", nil, 1.5),
        ("9223372036854775807", Int.max, 0x1p63),
        ("9223372036854775808", nil, 0x1p63), ("1e400", nil, nil), ("\"1\"", nil, nil), ("null", nil, nil),
    ])
    func `reads numbers`(text: String, int: Int?, double: Double?) throws {
        let json = try JSON(validating: text)
        #expect(json.intValue == int)
        #expect(json.doubleValue == double)
    }

    @Test func `decodes escapes`() throws {
        let json = try JSON(validating: #""\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00\u0000 é€😀""#)
        #expect(json.stringValue == "\"\\/\u{8}\u{c}\n\r\té€😀\0 é€😀")
    }

    @Test func `decodes every kind of value in order`() throws {
        let value = try Value(parsing: #"{"z": [], "a": {}, "n": null, "t": true, "f": [false, -1.5, [[]]], "s": "x"}"#)
        let expected: Value = ["z": [], "a": [:], "n": nil, "t": true, "f": [false, -1.5, [[]]], "s": "x"]
        #expect(value == expected)
        #expect(value.members?.map(\.name) == ["z", "a", "n", "t", "f", "s"])
    }

    @Test func `a number beyond every decimal decodes to the largest of its sign`() throws {
        #expect(try Value(parsing: "-1e999999999999999999999") == .number(Decimal128.greatestFiniteMagnitude.negated))
        #expect(try Value(parsing: "1e-999999999999999999999") == 0)
    }

    @Test(arguments: [
        ("{\"a\":1,\n \"b\":}", 13, 2, 6), ("[1,2", 4, 1, 5), ("[\"é\",x]", 6, 1, 6), ("1 2", 2, 1, 3),
        ("\u{FEFF}1", 0, 1, 1), ("", 0, 1, 1),
        ("{\"a\":1,\"b\":2,\"a\":3}", 13, 1, 14), ("[\"\\ud800\"]", 2, 1, 3), ("[NaN]", 1, 1, 2), ("01", 1, 1, 2),
    ])
    func `says where the error is`(text: String, offset: Int, line: Int, column: Int) throws {
        let error = try #require(throws: JSONError.self) { try JSON(validating: text) }
        #expect((error.offset, error.line, error.column) == (offset, line, column), "\(error.message)")
    }

    @Test func `nests to the limit and not beyond`() throws {
        let limits = JSONLimits(maxDepth: 3)
        #expect(try JSON(validating: "[[{}]]".utf8, limits: limits).text == "[[{}]]")
        #expect(throws: JSONError.self) { try JSON(validating: "[[[{}]]]".utf8, limits: limits) }
        #expect(throws: JSONError.self) { try JSON(validating: String(repeating: "[", count: 1_000_000)) }
        let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try Value(parsing: deep).json.text == deep)
    }

    @Test func `refuses more bytes than the limit`() throws {
        #expect(try JSON(validating: "[1]".utf8, limits: JSONLimits(maxBytes: 3)).text == "[1]")
        #expect(throws: JSONError.self) { try JSON(validating: "[1] ".utf8, limits: JSONLimits(maxBytes: 3)) }
    }

    @Test func `is equal by its bytes`() throws {
        let (one, same, other) = (
            try JSON(validating: " [1]"), try JSON(validating: "[1] "), try JSON(validating: "[1.0]")
        )
        #expect(one == same)
        #expect(one.hashValue == same.hashValue)
        #expect(one != other)
        #expect(try JSON(validating: "[[1],2]").elements()?.first == one)
    }
}

struct JSONDuplicateNameTests {
    /// Few names are compared with each other, many are sorted, names that are not plain are decoded.
    @Test(arguments: [
        ("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}"),
        ("{\"a\":1,\"a\":2,\"a\":{\"x\":1 , \"x\":2}}", "{\"a\":{\"x\":2}}"),
        ("[{\"a\" : {\"b\":1,\"b\":2} , \"a\": 3 }]", "[{\"a\": 3 }]"),
        ("{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":2}"),
        ("{\"é\":1,\"e\u{301}\":2}", "{\"e\u{301}\":2}"),
    ])
    func `are refused, or the last one wins`(text: String, kept: String) throws {
        #expect(throws: JSONError.self) { try JSON(validating: text) }
        #expect(try JSON(validating: text.utf8, limits: JSONLimits(duplicateKeys: .lastWins)).text == kept)
    }

    @Test func `are found among many`() throws {
        let members = (0..<5000).map { "\"key\($0)\":\($0)" }
        #expect(try JSON(validating: "{\(members.joined(separator: ","))}").members()?.count == 5000)
        let text = "{\(members.joined(separator: ",")),\"key17\":-1}"
        let error = try #require(throws: JSONError.self) { try JSON(validating: text) }
        #expect(error.offset == text.utf8.count - "\"key17\":-1}".utf8.count)
        let kept = try JSON(validating: text.utf8, limits: JSONLimits(duplicateKeys: .lastWins))
        #expect(kept.members()?.count == 5000)
        #expect(kept["key17"]?.intValue == -1)
    }

    @Test func `in different objects are fine`() throws {
        let text = #"{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}"#
        #expect(try JSON(validating: text).text == text)
    }
}

struct JSONWriterTests {
    @Test func `places commas and escapes`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a\u{1f}\"")
        writer.beginArray()
        writer.int(-1)
        writer.double(0.1)
        writer.double(1e300)
        writer.double(.nan)
        writer.null()
        writer.beginObject()
        writer.end()
        writer.beginArray()
        writer.end()
        writer.endArray()
        writer.key("b")
        writer.string("\u{8}\u{c}\n\r\t\\/é😀\u{7f}")
        writer.key("c")
        writer.number(Decimal128("1.50") ?? .zero)
        writer.key("d")
        writer.value(["x": [true, nil]])
        writer.endObject()
        let expected =
            #"{"a\u001f\"":[-1,0.1,1e+300,null,null,{},[]],"b":"\b\f\n\r\t\\/é😀\#u{7f}","c":1.5,"d":{"x":[true,null]}}"#
        #expect(writer.finish().text == expected)
    }
}

struct CanonicalJSONTests {
    @Test(arguments: [
        (
            " { \"b\" : [ 1 , { \"d\" : 1, \"c\" : 2 } ] , \"a\" : \"\\u0061\\/\" } ",
            #"{"a":"a/","b":[1,{"c":2,"d":1}]}"#
        ),
        ("{\"\u{FB33}\":1,\"😀\":2,\"é\":3,\"1\":4,\"\\r\":5}", "{\"\\r\":5,\"1\":4,\"é\":3,\"😀\":2,\"\u{FB33}\":1}"),
        (
            "[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0, -1.0e0, 100, 1e21, 1e20, 123e-8, 1e-6]",
            "[333333333.33333329,1e+30,4.5,0.002,1e-27,0,-1,100,1e+21,100000000000000000000,0.00000123,0.000001]"
        ),
        ("123456789012345678901234567890123456789012", "1.23456789012345678901234567890123456789012e+41"),
        ("[[],{},\"\\u001f\\ud83d\\ude00\",1e99999999999999999999]", "[[],{},\"\\u001f😀\",1e99999999999999999999]"),
    ])
    func `has one text for each value`(text: String, canonical: String) throws {
        let json = try JSON(validating: text)
        #expect(json.canonical.text == canonical)
        #expect(json.canonical.canonical == json.canonical)
    }
}

struct JSONPropertyTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `a value survives being written and read`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let value = random.value()
        let json = value.json
        let read = try JSON(validating: json.bytes)
        #expect(read == json)
        #expect(read.decoded() == value)
        #expect(read.decoded().hashValue == value.hashValue)
        #expect(json.canonical.decoded() == value)
        if let members = read.members() {
            #expect(JSON.object(members) == json)
            for (name, member) in members { #expect(read[name] == member) }
        }
        if let elements = read.elements() { #expect(JSON.array(elements) == json) }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `damaged bytes are refused or read, and what is read is consistent`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bytes = random.value().json.bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: index)
            case 2: bytes.insert(contentsOf: Array("{}[],:\"\\u0".utf8).shuffled(using: &random).prefix(2), at: index)
            default: bytes.removeSubrange(index..<min(bytes.count, index + 3))
            }
            if bytes.isEmpty { bytes = [0x20] }
        }
        do {
            let json = try JSON(validating: bytes, limits: JSONLimits(duplicateKeys: .lastWins))
            #expect(try JSON(validating: json.bytes) == json)
            #expect(try Value(parsing: json.decoded().json.bytes) == json.decoded())
        } catch {
            #expect(error.offset <= bytes.count)
            #expect(error.line >= 1 && error.column >= 1)
        }
    }
}
