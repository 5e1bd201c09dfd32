import Contracts
import Testing
import Values

@Suite struct CompatibilityTests {
    private func breaks(_ before: String, _ after: String) throws -> [String] {
        try Compatibility.breaks(from: Sample.task("a", "1.0", before), to: Sample.task("a", "1.1", after)).compactMap(
            \.element)
    }

    private static func input(_ properties: String, _ rest: String = "") -> String {
        "input: {type: object, properties: {\(properties)}\(rest)}"
    }

    private static func output(_ properties: String, _ rest: String = "") -> String {
        "output: {type: object, properties: {\(properties)}\(rest)}"
    }

    @Test(arguments: [
        // Nothing changed, and what may change.
        (input("a: {type: string}"), input("a: {type: string}"), []),
        (input("a: {type: string}"), input("a: {type: string}, b: {type: number}"), []),
        (input("a: {type: integer}"), input("a: {type: number}"), []),
        (input("a: {enum: [x]}"), input("a: {enum: [x, y]}"), []),
        (input("a: {}", ", required: [a]"), input("a: {}"), []),
        (input("a: {minimum: 2}"), input("a: {minimum: 1}"), []),
        (input("a: {description: x, default: 1}"), input("a: {description: y, default: 2}"), []),
        (output("a: {type: string}"), output("a: {type: string}, b: {type: string}"), []),
        (output("a: {type: number}"), output("a: {type: integer}"), []),
        (output("a: {enum: [x, y]}"), output("a: {enum: [x]}"), []),
        (output("a: {}"), output("a: {}", ", required: [a]"), []),
        ("events: []", "events: [{name: e}]", []),
        (input("a: {}"), input("a: {default: 1}", ", required: [a]"), []),
        (input("a: {exclusiveMinimum: 0}"), input("a: {minimum: 0}"), []),
        // The same in other words.
        (input("a: {type: [string, number]}"), input("a: {anyOf: [{type: string}, {type: number}]}"), []),
        (input("a: {type: boolean}"), input("a: {enum: [true, false]}"), []),
        (input("a: {type: boolean}"), input("a: {enum: [true]}"), ["input.a"]),
        (input("a: {type: integer, minimum: 1, maximum: 3}"), input("a: {enum: [1, 2, 3]}"), []),
        (input("a: {type: integer, minimum: 1, maximum: 3}"), input("a: {enum: [1, 2]}"), ["input.a"]),
        (input("a: {type: number, minimum: 1, maximum: 3}"), input("a: {enum: [1, 2, 3]}"), ["input.a"]),
        (input("a: {type: integer, exclusiveMaximum: 6}"), input("a: {type: integer, maximum: 5}"), []),
        (input("a: {type: number, exclusiveMaximum: 6}"), input("a: {type: number, maximum: 5}"), ["input.a"]),
        (input("a: {not: {enum: [x, y]}}"), input("a: {not: {enum: [x]}}"), []),
        (input("a: {not: {enum: [x]}}"), input("a: {not: {enum: [x, y]}}"), ["input.a"]),
        (input("a: {type: string}"), input("a: {type: string, minimum: 1, minItems: 2}"), []),
        (input("a: {type: integer}"), input("a: {multipleOf: 1}"), []),
        (input("a: {multipleOf: 6}"), input("a: {multipleOf: 3}"), []),
        (input("a: {enum: [2, 4]}"), input("a: {type: integer, maximum: 4}"), []),
        (input("a: {anyOf: [{type: string}]}"), input("a: {anyOf: [{type: string}, {type: number}]}"), []),
        (input("a: {type: string}"), input("a: {oneOf: [{type: string}, {type: number}]}"), []),
        (input("a: {oneOf: [{type: string}, {type: number}]}"), input("a: {type: [number, string]}"), []),
        (input("a: {allOf: [{minLength: 2}, {maxLength: 5}]}"), input("a: {minLength: 1}"), []),
        (input("a: {$ref: '#/$defs/x', maxLength: 2}", ", $defs: {x: {type: string}}"), input("a: {type: string}"), []),
        (input("a: {not: {const: 1}}"), input("a: {not: {const: 1}}, b: {}"), []),
        (input("a: {if: {const: 1}, then: {}}"), input("a: {}"), []),
        (input("a: {items: {}, prefixItems: [{type: string}]}"), input("a: {prefixItems: [{type: string}]}"), []),
        (
            input("a: {properties: {b: {}}, additionalProperties: {type: string}}"),
            input("a: {properties: {b: {}}, additionalProperties: {type: [string, number]}}"), []
        ),
        (output("a: {type: string}"), output("a: {type: string, pattern: x}"), []),
        // What may not.
        ("input: {type: object}", input("a: {}"), ["input"]),
        (input("a: {default: 1}", ", required: [a]"), input("a: {}", ", required: [a]"), ["input.a"]),
        (input("a: {minimum: 0}"), input("a: {exclusiveMinimum: 0}"), ["input.a"]),
        (input("a: {multipleOf: 3}"), input("a: {multipleOf: 6}"), ["input.a"]),
        (input("a: {enum: [2, 5]}"), input("a: {type: integer, maximum: 4}"), ["input.a"]),
        (input("a: {anyOf: [{type: string}, {type: number}]}"), input("a: {anyOf: [{type: string}]}"), ["input.a"]),
        (input("a: {type: string}"), input("a: {oneOf: [{type: string}, {minLength: 1}]}"), ["input.a"]),
        (input("a: {minLength: 1}"), input("a: {allOf: [{minLength: 2}]}"), ["input.a"]),
        (input("a: {}"), input("a: {not: {const: 1}}"), ["input.a"]),
        (input("a: {}"), input("a: {if: {const: 1}, then: {}, else: {}}"), ["input.a"]),
        (input("a: {type: array}"), input("a: {type: array, prefixItems: [{type: string}]}"), ["input.a[0]"]),
        (input("a: {type: array}"), input("a: {type: array, contains: {type: string}}"), ["input.a"]),
        (input("a: {type: array, uniqueItems: false}"), input("a: {type: array, uniqueItems: true}"), ["input.a"]),
        (
            input("a: {type: object}"), input("a: {type: object, propertyNames: {pattern: x}}"),
            ["the names of members of input.a"]
        ),
        (
            input("a: {type: object}"), input("a: {type: object, patternProperties: {x: {type: string}}}"),
            ["input.a./x/"]
        ),
        (input("a: {type: object}"), input("a: {type: object, dependentRequired: {b: [c]}}"), ["input.a.c"]),
        (input("a: {type: object}"), input("a: {type: object, dependentSchemas: {b: {required: [c]}}}"), ["input.a.c"]),
        (
            input("a: {type: object, additionalProperties: {type: [string, number]}}"),
            input("a: {type: object, additionalProperties: {type: string}}"), ["input.a.*"]
        ),
        (output("a: {pattern: x}"), output("a: {}"), ["output.a"]),
        (output("a: {anyOf: [{type: string}]}"), output("a: {anyOf: [{type: string}, {type: number}]}"), ["output.a"]),
        (
            output("a: {}, b: {}", ", additionalProperties: false"),
            output("a: {}, b: {}, c: {}", ", additionalProperties: false"), ["output.c"]
        ),
        (input("a: {}"), input("a: {}, b: {}", ", required: [b]"), ["input.b"]),
        (input("a: {}"), input("a: {}", ", required: [a]"), ["input.a"]),
        (input("a: {}, b: {}"), input("a: {}"), ["input.b"]),
        (input("a: {}, b: {}"), input("a: {}", ", additionalProperties: false"), ["input.b"]),
        (input("a: {type: string}"), input("a: {type: number}"), ["input.a"]),
        (input("a: {type: [string, number]}"), input("a: {type: string}"), ["input.a"]),
        (input("a: {type: number}"), input("a: {type: integer}"), ["input.a"]),
        (input("a: {}"), input("a: {type: string}"), ["input.a"]),
        (input("a: {enum: [x, y]}"), input("a: {enum: [x]}"), ["input.a"]),
        (input("a: {type: string}"), input("a: {type: string, enum: [x]}"), ["input.a"]),
        (input("a: {minimum: 1}"), input("a: {minimum: 2}"), ["input.a"]),
        (input("a: {}"), input("a: {maxLength: 5}"), ["input.a"]),
        (input("a: {}"), input("a: {pattern: x}"), ["input.a"]),
        (input("a: {items: {type: [string, 'null']}}"), input("a: {items: {type: string}}"), ["input.a[]"]),
        (input("a: {properties: {b: {type: string}}}"), input("a: {properties: {b: {type: number}}}"), ["input.a.b"]),
        (output("a: {}, b: {}"), output("a: {}"), ["output.b"]),
        (output("a: {type: integer}"), output("a: {type: number}"), ["output.a"]),
        (output("a: {type: string}"), output("a: {type: [string, 'null']}"), ["output.a"]),
        (output("a: {enum: [x]}"), output("a: {enum: [x, y]}"), ["output.a"]),
        (output("a: {}", ", required: [a]"), output("a: {}"), ["output.a"]),
        (output("a: {maximum: 1}"), output("a: {}"), ["output.a"]),
        ("errors: [{code: A}, {code: B}]", "errors: [{code: A}]", ["errors"]),
        ("errors: [{code: A}]", "errors: [{code: A}, {code: B}]", ["errors"]),
        ("events: [{name: e}]", "events: []", ["events"]),
        // An object that takes other members may have been given a new one, with any value.
        (input("a: {type: object}"), input("a: {type: object, properties: {b: {type: number}}}"), ["input.a.b"]),
        (
            input("a: {type: object, properties: {c: {}}}"),
            input("a: {type: object, properties: {c: {}, b: {type: number}}}"), ["input.a.b"]
        ),
        (
            input("a: {type: object, properties: {c: {}}, additionalProperties: false}"),
            input("a: {type: object, properties: {c: {}, b: {type: number}}, additionalProperties: false}"), []
        ),
        (input("a: {type: object}"), input("a: {type: object, properties: {b: {}}}"), []),
        ("events: [{name: e, interrupting: false}]", "events: [{name: e, interrupting: true}]", ["events"]),
        (
            "events: [{name: e, payload: {type: object, required: [x]}}]",
            "events: [{name: e, payload: {type: object}}]", ["events.e.x"]
        ),
    ])
    func `a change breaks users or it does not`(before: String, after: String, expected: [String]) throws {
        #expect(try breaks(before, after) == expected)
    }

    @Test func `business keys that must differ break who starts instances`() throws {
        func workflow(_ version: String, _ rest: String) throws -> Contract {
            try Sample.workflow("w", version, process: "p", rest)
        }
        let found = try Compatibility.breaks(from: workflow("1.0", ""), to: workflow("1.1", "businessKey: unique"))
        #expect(found.map(\.element) == ["businessKey"])
        #expect(found.map(\.position.line) == [5])
        #expect(try Compatibility.breaks(from: workflow("1.0", "businessKey: unique"), to: workflow("1.1", "")).isEmpty)
    }

    @Test func `a break is told at the line of what breaks`() throws {
        let found = try Compatibility.breaks(
            from: Sample.task(
                "a", "1.0",
                """
                input: {type: object, properties: {x: {type: string}, y: {type: string}, z: {type: array}}}
                output: {type: object, required: [r], properties: {r: {type: string}}}
                events: [{name: e, payload: {type: object, required: [t]}}]
                """),
            to: Sample.task(
                "a", "1.1",
                """
                input:
                  type: object
                  properties:
                    x: {type: string}
                    y:
                      type: number
                    z:
                      type: array
                      items:
                        type: string
                output: {type: object, properties: {r: {type: string}}}
                errors:
                  - code: NEW
                """))
        #expect(
            found.map { "\($0.element ?? "") \($0.position.line)" } == [
                "input.y 8", "input.z[] 12", "output.r 14", "errors 16", "events 3",
            ])
    }

    @Test func `follows references, also those in a circle`() throws {
        let before =
            "input: {type: object, properties: {a: {$ref: '#/$defs/n'}}, $defs: {n: {type: object, properties: {next: {$ref: '#/$defs/n'}, v: {type: number}}}}}"
        let after = before.replacing("type: number", with: "type: integer")
        #expect(try breaks(before, after) == ["input.a.v"])
    }

    @Test func `follows references out of alternatives`() throws {
        let before =
            "input: {type: object, properties: {a: {anyOf: [{$ref: '#/$defs/x'}, {type: number}]}}, $defs: {x: {type: string}}}"
        let after = before.replacing("{type: string}", with: "{type: string, minLength: 1}")
        #expect(try breaks(before, after) == ["input.a"])
        #expect(try breaks(after, before) == [])
        #expect(try breaks(before, before) == [])
    }

    @Test func `weighs draft 7 by what it says in 2020-12`() throws {
        let draft = "$schema: 'http://json-schema.org/draft-07/schema#', "
        let before = "input: {\(draft)type: object, properties: {a: {type: array, items: [{type: [string, number]}]}}}"
        let after = "input: {\(draft)type: object, properties: {a: {type: array, items: [{type: string}]}}}"
        #expect(try breaks(before, after) == ["input.a[0]"])
        #expect(try breaks(after, before) == [])
    }

    @Test func `what a required input needs is said`() throws {
        let found = try Compatibility.breaks(
            from: Sample.task("a", "1.0", Self.input("a: {}")),
            to: Sample.task("a", "1.1", Self.input("a: {}", ", required: [a]")))
        #expect(found.map(\.message) == ["a@1.1 breaks users of a@1.0: input.a is now required"])
        #expect(found.first?.suggestion == "give it a default, or give it the version 2.0")
    }

    @Test func `alternatives that multiply end`() throws {
        func nested(_ depth: Int, _ leaf: String) -> String {
            depth == 0
                ? leaf
                : "{anyOf: [\(nested(depth - 1, leaf)), {type: object, properties: {n: \(nested(depth - 1, leaf))}}]}"
        }
        let found = try breaks(
            Self.input("a: \(nested(9, "{type: string}"))"), Self.input("a: \(nested(9, "{type: number}"))"))
        #expect(!found.isEmpty)
    }

    @Test func `says what to do`() throws {
        let found = try Compatibility.breaks(
            from: Sample.task("a", "2.0", "errors: [{code: A}]"), to: Sample.task("a", "2.1"))
        #expect(found.map(\.message) == [#"a@2.1 breaks users of a@2.0: the error code "A" is gone"#])
        #expect(found.first?.suggestion == "give it the version 3.0, or take the change back")
    }
}
