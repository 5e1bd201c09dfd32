import Contracts
import Expressions
import Values
import YAMLReader

/// Languages: expressions, JSON, YAML, JSON Schema.
extension FuzzTarget {
    static let feelWords = [
        "if ", " then ", " else ", "for x in ", " return ", "some ", "every ", " satisfies ", " in ", " between ",
        " and ", " or ",
        " instance of ", "not(", "function(a) ", "{a: 1}", "[1, 2]", "[item > 1]", "(1..2]", "..", "**", " - ", "null",
        "true",
        "date(\"2026-01-31\")", "@\"PT1H\"", "@\"2026-01-31T12:00:00@Europe/Berlin\"", "string length(", "substring(",
        "split(",
        "replace(", "matches(\"a\", \"", "sort(", "partial", "1E6144", "0.1", "9999999999999999999999999999999999",
        "\"\\uD83D\"",
        "`a b`", "?", "x.y.z", "years and months duration(", "context put(", "list replace(", "range(\"[1..2]\")",
    ]
    private static let juelWords = [
        "${", "}", "#{", " eq ", " ne ", " div ", " mod ", " empty ", " ? ", " : ", "&&", "||", "!", "['a']", ".b",
        "\\${", "'",
        "execution.getVariable('n')", "task.name", "1e999", ".5", "not ", "n.substring(1)", "list[0]", "null",
    ]

    static let feel = FuzzTarget(
        name: "feel", corpus: Corpus("dmn-tck", ".dmn", split: texts),
        seeds: [
            "if n > 1 then \"a\" else [1, n][item = 1]", "for x in 1..10 return partial[-1] + x", "{a: 1, b: a + 1}.b",
        ],
        words: feelWords, maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            let text = String(decoding: input, as: UTF8.self)
            for expression in [try? Expression.parse(text, as: .feel), try? Expression.parseUnaryTests(text)] {
                if let problem = expression.flatMap(evaluate) { return problem }
            }
            return nil
        })

    static let juel = FuzzTarget(
        name: "juel", corpus: Corpus("bpmn/models", ".bpmn", ".xml", split: juelTexts),
        seeds: ["${n > 1 ? 'a' : list[0].b}", "a ${n} b #{text} c", "${empty list or n mod 2 eq 0}"], words: juelWords,
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            (try? Expression.parse(String(decoding: input, as: UTF8.self), as: .juel)).flatMap(evaluate)
        })

    /// The same twice, or our bug.
    private static func evaluate(_ expression: Expression) -> String? {
        let limits = EvaluationLimits(
            maxSteps: 20_000, maxListSize: 2_000, maxStringBytes: 1 << 16, maxResultBytes: 1 << 18)
        let first = try? expression.evaluate(in: SomeVariables(), limits: limits)
        let second = try? expression.evaluate(in: SomeVariables(), limits: limits)
        _ = expression.variablesRead
        return first == second ? nil : "evaluates to something else the second time"
    }

    private struct SomeVariables: VariableScope {
        static let members: [(name: String, value: Value)] = [
            ("n", 7), ("text", "some text"), ("list", [1, "b", ["b": 2]]), ("a", ["b": ["c": 1.5]]),
            ("date", "2026-01-31"),
        ]
        let now = Timestamp(millisecondsSinceEpoch: 1_767_225_600_000)
        var names: [String] { Self.members.map(\.name) }
        func lookup(_ name: String) -> JSON? { Self.members.first { $0.name == name }?.value.json }
    }

    /// The texts of a decision model: its expressions.
    private static let texts: @Sendable ([UInt8]) -> [[UInt8]] = { file in
        guard let root = tree(file) else { return [] }
        var texts: [[UInt8]] = []
        var rest = [root]
        while let node = rest.popLast() {
            if node.name == "text" { texts.append(Array(node.text.utf8)) }
            rest += node.children
        }
        return texts
    }

    /// Attributes and texts with an expression in them.
    private static let juelTexts: @Sendable ([UInt8]) -> [[UInt8]] = { file in
        guard let root = tree(file) else { return [] }
        var texts: [[UInt8]] = []
        var rest = [root]
        while let node = rest.popLast() {
            texts += (node.attributes.map(\.value) + [node.text]).filter { $0.contains("${") }.map { Array($0.utf8) }
            rest += node.children
        }
        return texts
    }

    // MARK: Data

    private static let jsonWords = [
        "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\uD834\\uDD1E", "\\uD800", "null", "true", "-0", "1e400",
        "1E-400",
        "123456789012345678901234567890123456789", "\"a\":", "\u{FEFF}", "\t", "é",
    ]

    static let json = FuzzTarget(
        name: "json", corpus: Corpus("json", ".json"), seeds: ["{\"a\": [1, 2.5e3, \"\\u00e9\", null, true]}"],
        words: jsonWords, maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            guard case .failed(let problem) = JSONParsingSuite.verdict(named: "i_fuzz", input) else { return nil }
            return problem
        })

    static let yaml = FuzzTarget(
        name: "yaml", corpus: Corpus("examples", ".yaml"),
        seeds: [
            "kind: task\nname: a.b\nversion: \"1.0\"\ninput: {type: object, properties: {n: {type: number, default: 1}}}\n",
            "a: &x [1, ~, 'b', \"c\\n\", |\n  text\n, !!str 1]\nb: *x\n",
        ],
        words: [
            "&a ", "*a", "!!str ", "<<: ", "- ", ": ", "? ", "|\n", ">-\n", "---\n", "...\n", "%YAML 1.2\n", "{", "}",
            "[", "]", "#",
            "\"", "'", "\t", "0x1F", ".inf", "version: 1.0\n", "retry: {maxAttempts: 0}\n", "errors: [{code: A}]\n",
        ],
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            guard let located = try? YAMLReader.read(input, file: "input.yaml") else { return nil }
            guard let contract = try? Contract(located) else { return nil }
            guard let again = try? Contract(canonical: contract.canonical) else {
                return "its canonical form is refused"
            }
            return again == contract ? nil : "its canonical form is another contract"
        })

    static let schema = FuzzTarget(
        name: "schema", corpus: Corpus("json-schema/tests/draft2020-12", ".json", split: groups),
        seeds: [
            "{\"schema\": {\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}}}, \"tests\": [{\"data\": {\"a\": {}}}]}"
        ],
        words: jsonWords + [
            "\"$ref\": \"#\"", "\"$dynamicRef\": \"#a\"", "\"allOf\": [", "\"not\": {", "\"pattern\": \"(a+)+$\"",
            "\"minLength\": -1",
            "\"multipleOf\": 0", "\"$id\": \"http://a/b\"", "\"unevaluatedProperties\": false", "\"uniqueItems\": true",
            "\"enum\": []",
        ],
        maker: { ChangedBytes($0, $1, $2) },
        run: { input in
            guard let group = try? Value(parsing: input), let source = group["schema"],
                let schema = try? JSONSchema(source)
            else { return nil }
            for test in (group["tests"]?.listValue ?? []).prefix(20) {
                guard let data = test["data"] else { continue }
                if schema.validate(data) != schema.validate(data) { return "validates differently the second time" }
                _ = schema.applyingDefaults(to: data.json)
            }
            return nil
        })

    /// Each group of a file of the suite.
    private static let groups: @Sendable ([UInt8]) -> [[UInt8]] = { file in
        ((try? JSON(validating: file))?.elements() ?? []).map(\.bytes)
    }
}
