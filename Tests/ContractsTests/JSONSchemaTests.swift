import Contracts
import Testing
import Values

/// What people read when an instance breaks a schema, and what hostile schemas cannot do.
@Suite struct JSONSchemaTests {
    private func schema(_ text: String) throws -> JSONSchema { try JSONSchema(Value(parsing: text)) }

    private func problems(_ schemaText: String, _ instance: String) throws -> [String] {
        try schema(schemaText).validate(Value(parsing: instance)).map { $0.sentence(about: "input") }
    }

    @Test(arguments: [
        (#"{"type":"object"}"#, #"[]"#, ["input must be an object, not a list"]),
        (#"{"properties":{"a":{"type":["string","null"]}}}"#, #"{"a":1}"#, ["input.a must be text or null, not 1"]),
        (#"{"required":["a","b"]}"#, #"{}"#, [#"input requires "a""#, #"input requires "b""#]),
        (
            #"{"properties":{"preset":{"enum":["proxy","web"]}}}"#, #"{"preset":"wbe"}"#,
            [#"input.preset must be one of "proxy", "web", not "wbe""#]
        ),
        (
            #"{"properties":{"preset":{}},"additionalProperties":false}"#, #"{"prest":1}"#,
            [#"input does not allow "prest"; did you mean "preset"?"#]
        ),
        (#"{"items":{"minimum":3}}"#, #"[5,2]"#, ["input[1] must be at least 3, not 2"]),
        (#"{"minLength":1}"#, #""""#, ["input must not be empty"]),
        (#"{"uniqueItems":true}"#, #"[1,2,1.0]"#, ["input must not have an element twice: 1"]),
        (#"{"format":"date"}"#, #""2026-02-30""#, [#"input must be a date, as in 2026-01-31, not "2026-02-30""#]),
        (#"{"properties":{"a/b":{"const":1}}}"#, #"{"a/b":2}"#, ["input.a/b must be 1, not 2"]),
        (#"{"dependentRequired":{"a":["b"]}}"#, #"{"a":1}"#, [#"input requires "b", since it has "a""#]),
        (
            #"{"contains":{"const":1},"minContains":2}"#, #"[1]"#,
            ["input must contain at least 2 matching elements, not 1"]
        ),
        (
            #"{"propertyNames":{"maxLength":2}}"#, #"{"abc":1}"#,
            [#"input has a member whose name is wrong: the name "abc" must have at most 2 characters"#]
        ),
        // JSON tells apart what only looks alike.
        (#"{"required":["é"]}"#, "{\"e\u{301}\":1}", [#"input requires "é""#]),
        (#"{"uniqueItems":true}"#, "[\"é\",\"e\u{301}\"]", []),
        (
            #"{"additionalProperties":{"$ref":"http://json-schema.org/draft-07/schema#"}}"#,
            #"{"a":{"type":"object"}}"#, []
        ),
        (
            #"{"additionalProperties":{"$ref":"http://json-schema.org/draft-07/schema#"}}"#,
            #"{"a":{"minLength":"1"}}"#,
            [#"input.a.minLength must be a whole number, not "1""#]
        ),
        (#"{"pattern":"^\\uD83D\\uDCA9$"}"#, #""💩""#, []), (#"{"pattern":"^[\\uD83D\\uDCA9]$"}"#, #""💩""#, []),
        (#"{"not":{"type":"null"}}"#, "null", ["input is what the schema excludes"]),
        (
            #"{"oneOf":[{"minimum":1},{"minimum":2}]}"#, "3",
            ["input must fit exactly one alternative, but fits number 1 and number 2"]
        ),
        (#"false"#, "3", ["input is not allowed"]),
    ])
    func `says what is wrong and where`(schema: String, instance: String, expected: [String]) throws {
        #expect(try problems(schema, instance) == expected)
    }

    @Test func `of alternatives it explains the one that was meant`() throws {
        let schema = #"""
            {"anyOf": [{"type": "string"}, {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string"}}}]}
            """#
        #expect(try problems(schema, #"{"uri": 7}"#) == ["input.uri must be text, not 7"])
        #expect(
            try problems(schema, "7") == [
                "input fits none of the 2 alternatives: must be text, not 7; or must be an object, not 7"
            ])
    }

    @Test func `reports at most fifty violations`() throws {
        let instance = Value.list((0..<200).map { _ in Value.string("x") })
        #expect(try schema(#"{"items":{"type":"number"}}"#).validate(instance).count == 50)
    }

    @Test func `a schema that refers to itself without end is stopped`() throws {
        let found = try problems(
            ##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##, "1")
        #expect(found == ["input is nested too deeply to be checked"])
    }

    @Test func `a schema whose alternatives multiply is stopped`() throws {
        var text = #""$defs":{"d0":{"type":"string"}"#
        for level in 1...40 {
            text +=
                ##","d\##(level)":{"allOf":[{"$ref":"#/$defs/d\##(level - 1)"},{"$ref":"#/$defs/d\##(level - 1)"}]}"##
        }
        let found = try problems("{" + text + ##"},"$ref":"#/$defs/d40"}"##, #""x""#)
        #expect(found.first == "input takes too many steps to be checked")
    }

    @Test(arguments: [
        (#"{"type":"strin"}"#, "/type"),
        (#"{"properties":{"a":{"pattern":"("}}}"#, "/properties/a/pattern"),
        (#"{"properties":{"a":{"requird":["x"]}}}"#, "/properties/a/requird"),
        (##"{"$ref":"#/$defs/nothing"}"##, "/$ref"),
        (#"{"$ref":"https://example.org/other.json"}"#, "/$ref"),
        (#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#, "/$schema"),
        (#"{"properties":{"a":{"type":"string","default":5}}}"#, "/properties/a/default"),
        (#"{"minLength":-1}"#, "/minLength"),
        (#"{"required":"a"}"#, "/required"),
        (#"{"properties":{"a":5}}"#, "/properties/a"),
        (#"{"enum":5}"#, "/enum"),
        (#"{"multipleOf":0}"#, "/multipleOf"),
        (#"{"items":{"minimum":5,"maximum":3}}"#, "/items/minimum"),
        (#"{"exclusiveMinimum":3,"maximum":3}"#, "/exclusiveMinimum"),
        (#"{"minLength":3,"maxLength":2}"#, "/minLength"),
        (#"{"minItems":3,"maxItems":2}"#, "/minItems"),
        (#"{"type":"string","enum":["a",1]}"#, "/enum/1"),
        (#"{"type":["string","null"],"const":5}"#, "/const"),
        (#"{"properties":{"a":{}},"required":["a","b"],"additionalProperties":false}"#, "/required/1"),
        (#"{"properties":{"a":false},"required":["a"]}"#, "/required/0"),
        (#"{"type":"string","format":"dat-time"}"#, "/format"),
        (#"{"type":"integer","format":"email"}"#, "/format"),
    ])
    func `a schema with a mistake is refused with its place`(text: String, path: String) throws {
        let source = try Value(parsing: text)
        let error = #expect(throws: SchemaProblems.self) { try JSONSchema(checking: source) }
        #expect(error?.all.map(\.path).contains(path) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        #"{"minimum":3,"maximum":3}"#, #"{"type":["integer","null"],"enum":[1,null,2.0]}"#,
        #"{"type":"number","enum":[1,1.5]}"#, #"{"type":"string","format":"idn-hostname"}"#,
        #"{"type":"integer","format":"int32"}"#, #"{"type":"string","format":"iri"}"#,
        #"{"type":"string","format":"house-style"}"#, #"{"format":"email"}"#,
        #"{"required":["a"],"patternProperties":{"^a":{}},"additionalProperties":false}"#,
        #"{"required":["a"],"properties":{"b":{}}}"#,
    ])
    func `a schema that can be meant is taken`(text: String) throws {
        let source = try Value(parsing: text)
        #expect(throws: Never.self) { try JSONSchema(checking: source) }
    }

    @Test func `a schema that was taken once is read for ever`() throws {
        let source = try Value(parsing: #"{"minimum":5,"maximum":3}"#)
        #expect(throws: Never.self) { try JSONSchema(checking: source, isNew: false) }
    }

    @Test func `a misspelt keyword is named with what was meant`() throws {
        let source = try Value(parsing: #"{"proprties":{}}"#)
        let error = #expect(throws: SchemaProblems.self) { try JSONSchema(checking: source) }
        #expect(error?.all.first?.suggestion == #"did you mean "properties"?"#)
    }

    @Test func `accepts the schema of schemas itself`() throws {
        let uri = "https://json-schema.org/draft/2020-12/schema"
        let schema = try #require(SchemaDocuments()[uri])
        #expect(try JSONSchema(["$ref": .string(uri)]).validate(schema) == [])
    }

    @Test(arguments: [
        (#"{"properties":{"a":{"default":1}}}"#, #"{}"#, #"{"a":1}"#),
        (#"{"properties":{"a":{"default":1}}}"#, #"{ "b" : 1e2 }"#, #"{"b":1e2,"a":1}"#),
        (#"{"properties":{"a":{"default":1}}}"#, #"{"a":null}"#, #"{"a":null}"#),
        (#"{"properties":{"a":{"default":1}}}"#, #"[1]"#, #"[1]"#),
        (#"{"properties":{"a":{"properties":{"b":{"default":2}}}}}"#, #"{}"#, #"{}"#),
        (#"{"properties":{"a":{"default":{},"properties":{"b":{"default":2}}}}}"#, #"{}"#, #"{"a":{"b":2}}"#),
        (#"{"items":{"properties":{"b":{"default":2}}}}"#, #"[{},{"b":3}]"#, #"[{"b":2},{"b":3}]"#),
        (#"{"prefixItems":[true],"items":{"properties":{"b":{"default":2}}}}"#, #"[{},{}]"#, #"[{},{"b":2}]"#),
        (##"{"properties":{"a":{"$ref":"#/$defs/d"}},"$defs":{"d":{"default":"x"}}}"##, #"{}"#, #"{"a":"x"}"#),
        (
            #"{"allOf":[{"properties":{"a":{"default":1}}},{"properties":{"b":{"default":2}}}]}"#, #"{}"#,
            #"{"a":1,"b":2}"#
        ),
        (
            #"{"if":{"properties":{"k":{"const":1}}},"then":{"properties":{"a":{"default":1}}},"else":{"properties":{"b":{"default":2}}}}"#,
            #"{"k":2}"#, #"{"k":2,"b":2}"#
        ),
        (
            #"{"oneOf":[{"properties":{"k":{"const":1},"a":{"default":1}}},{"properties":{"k":{"const":2},"b":{"default":2}}}]}"#,
            #"{"k":2}"#, #"{"k":2,"b":2}"#
        ),
        (#"{"additionalProperties":{"properties":{"b":{"default":2}}}}"#, #"{"x":{}}"#, #"{"x":{"b":2}}"#),
        (
            ##"{"properties":{"next":{"$ref":"#"},"n":{"default":0}}}"##, #"{"next":{"next":{}}}"#,
            #"{"next":{"next":{"n":0},"n":0},"n":0}"#
        ),
    ])
    func `puts defaults where members are missing, and leaves the rest as it is`(
        schema: String, instance: String, expected: String
    ) throws {
        let filled = try self.schema(schema).applyingDefaults(to: JSON(validating: instance))
        #expect(filled.text.filter { $0 != " " } == expected)
    }

    @Test func `defaults that refer to each other without end are stopped`() throws {
        let schema = try schema(##"{"properties":{"a":{"$ref":"#","default":{}}}}"##)
        let filled = schema.applyingDefaults(to: .emptyObject)
        #expect(filled.isObject)
        #expect(filled.bytes.count < 10_000)
    }

    @Test func `the declared members are found through references, in order`() throws {
        let schema = try schema(
            ##"{"properties":{"z":{},"a":{}},"allOf":[{"$ref":"#/$defs/more"}],"$defs":{"more":{"properties":{"m":{},"a":{}}}}}"##
        )
        #expect(schema.propertyNames == ["z", "a", "m"])
    }
}

/// Schemas that name draft 7.
@Suite struct Draft7Tests {
    private func schema(_ text: String) throws -> JSONSchema {
        try JSONSchema(
            checking: Value(parsing: #"{"$schema": "http://json-schema.org/draft-07/schema#", "# + text + "}"))
    }

    @Test(arguments: [
        (#""items": [{"type": "string"}], "additionalItems": {"type": "number"}"#, #"["a", 1]"#, #"["a", "b"]"#),
        (#""dependencies": {"a": ["b"]}"#, #"{"b": 1}"#, #"{"a": 1}"#),
        (#""dependencies": {"a": {"required": ["b"]}}"#, #"{"a": 1, "b": 1}"#, #"{"a": 1}"#),
        (
            ##""definitions": {"x": {"type": "string"}}, "items": {"$ref": "#/definitions/x", "maxLength": 1}"##,
            #"["ab"]"#, "[1]"
        ),
        (##""definitions": {"x": {"$id": "#name", "type": "string"}}, "items": {"$ref": "#name"}"##, #"["a"]"#, "[1]"),
        (##""items": [{"type": "string"}, {"$ref": "#/items/0"}]"##, #"["a", "b"]"#, #"["a", 1]"#),
    ])
    func `mean what draft 7 says`(keywords: String, valid: String, invalid: String) throws {
        let schema = try schema(keywords)
        #expect(try schema.validate(JSON(validating: valid)) == [])
        #expect(try schema.validate(JSON(validating: invalid)) != [])
    }

    @Test func `must not use what came later`() {
        #expect {
            try schema(#""type": "object", "dependentRequired": {"a": ["b"]}"#)
        } throws: { error in
            let problem = (error as? SchemaProblems)?.all.first
            return problem?.message == #"draft 7, which $schema names, has no keyword "dependentRequired""#
                && problem?.suggestion == "leave $schema out to write draft 2020-12"
        }
    }
}
