import HTTPTypes
import ProcessEngine
import Testing
import Values

@testable import WebServer

@Suite struct TypedValueTests {
    @Test(arguments: [
        (#"{"value":"a","type":"String"}"#, #""a""#), (#"{"value":"a","type":"string"}"#, #""a""#),
        (#"{"value":7,"type":"STRING"}"#, #""7""#), (#"{"value":true,"type":"Boolean"}"#, "true"),
        (#"{"value":"TRUE","type":"boolean"}"#, "true"), (#"{"value":7,"type":"Integer"}"#, "7"),
        (#"{"value":"7","type":"integer"}"#, "7"), (#"{"value":9007199254740993,"type":"Long"}"#, "9007199254740993"),
        (#"{"value":1,"type":"Double"}"#, "1.0"), (#"{"value":1.50,"type":"double"}"#, "1.50"),
        (#"{"value":"{\"a\": [1]}","type":"Json"}"#, #"{"a": [1]}"#),
        (#"{"value":{"a":1},"type":"json"}"#, #"{"a":1}"#),
        (#"{"value":"[1]","type":"Object","valueInfo":{"serializationDataFormat":"application/json"}}"#, "[1]"),
        (#"{"value":null,"type":"Null"}"#, "null"), (#"{"value":null,"type":"Integer"}"#, "null"),
        (#"{"value":"2026-01-31T12:00:00.000+0100","type":"Date"}"#, #""2026-01-31T12:00:00.000+01:00""#),
        (#"{"value":"2026-01-31T12:00:00.000Z","type":"date"}"#, #""2026-01-31T12:00:00.000Z""#),
        (#"{"value":"aGk=","type":"Bytes","valueInfo":null}"#, #""aGk=""#),
        // Without a type: what it is.
        (#"{"value":1}"#, "1"), (#"{"value":{"a":[]},"type":null}"#, #"{"a":[]}"#), ("{}", "null"),
    ])
    func `a typed value is read`(typed: String, expected: String) throws {
        #expect(try TypedValue.read(JSON(validating: typed), name: "x").text == expected)
    }

    @Test(arguments: [
        #"{"value":"x","type":"Integer"}"#, #"{"value":2147483648,"type":"Integer"}"#, #"{"value":1.5,"type":"Long"}"#,
        #"{"value":"maybe","type":"Boolean"}"#, #"{"value":"{","type":"Json"}"#, #"{"value":"x","type":"Double"}"#,
        #"{"value":"yesterday","type":"Date"}"#, #"{"value":"x","type":"Money"}"#, "1", "null", #""x""#,
        #"{"value":"rO0=","type":"Object","valueInfo":{"serializationDataFormat":"application/x-java-serialized-object"}}"#,
    ])
    func `what does not fit its type is refused by name`(typed: String) throws {
        let json = try JSON(validating: typed)
        let error = #expect(throws: CamundaError.self) { try TypedValue.read(json, name: "the one") }
        #expect(error?.status.code == 400)
        #expect(error?.message.contains("the one") == true)
    }

    @Test(arguments: [
        (#""a""#, #"{"type":"String","value":"a","valueInfo":{}}"#),
        ("true", #"{"type":"Boolean","value":true,"valueInfo":{}}"#),
        ("7", #"{"type":"Integer","value":7,"valueInfo":{}}"#),
        ("-2147483648", #"{"type":"Integer","value":-2147483648,"valueInfo":{}}"#),
        ("2147483648", #"{"type":"Long","value":2147483648,"valueInfo":{}}"#),
        ("9223372036854775808", #"{"type":"Double","value":9223372036854775808,"valueInfo":{}}"#),
        ("1.0", #"{"type":"Double","value":1.0,"valueInfo":{}}"#),
        ("1e3", #"{"type":"Double","value":1e3,"valueInfo":{}}"#),
        ("null", #"{"type":"Null","value":null,"valueInfo":{}}"#),
        (#"{"a":[1,"b"]}"#, #"{"type":"Json","value":"{\"a\":[1,\"b\"]}","valueInfo":{}}"#),
        ("[]", #"{"type":"Json","value":"[]","valueInfo":{}}"#),
    ])
    func `a value goes out with the type it has`(value: String, expected: String) throws {
        var writer = JSONWriter()
        writer.typed(try JSON(validating: value))
        #expect(writer.finish().text == expected)
    }

    @Test(arguments: ["1", "1.0", "true", #""x""#, "null", #"{"a":1}"#, "123456789012"])
    func `what went out comes back as it was`(value: String) throws {
        var writer = JSONWriter()
        writer.typed(try JSON(validating: value))
        #expect(try TypedValue.read(writer.finish(), name: "x").text == value)
    }
}
