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
        ("errors: [{code: A}]", "errors: [{code: A}, {code: B}]", []),
        ("events: []", "events: [{name: e}]", []),
        // What may not.
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
        ("events: [{name: e}]", "events: []", ["events"]),
        ("events: [{name: e, interrupting: false}]", "events: [{name: e, interrupting: true}]", ["events"]),
        (
            "events: [{name: e, payload: {type: object, required: [x]}}]",
            "events: [{name: e, payload: {type: object}}]", ["events.e.x"]
        ),
    ])
    func `a change breaks users or it does not`(before: String, after: String, expected: [String]) throws {
        #expect(try breaks(before, after) == expected)
    }

    @Test func `follows references, also those in a circle`() throws {
        let before =
            "input: {type: object, properties: {a: {$ref: '#/$defs/n'}}, $defs: {n: {type: object, properties: {next: {$ref: '#/$defs/n'}, v: {type: number}}}}}"
        let after = before.replacing("type: number", with: "type: integer")
        #expect(try breaks(before, after) == ["input.a.v"])
    }

    @Test func `says what to do`() throws {
        let found = try Compatibility.breaks(
            from: Sample.task("a", "2.0", "errors: [{code: A}]"), to: Sample.task("a", "2.1"))
        #expect(found.map(\.message) == [#"a@2.1 breaks users of a@2.0: the error code "A" is gone"#])
        #expect(found.first?.suggestion == "give it the version 3.0, or take the change back")
    }
}
