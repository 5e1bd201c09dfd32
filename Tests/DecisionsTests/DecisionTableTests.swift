import Decisions
import Testing
import Values

struct DecisionTableTests {
    private static let names = ["<output name=\"a\"/>", "<output name=\"b\"/>"]
    private static let order = [
        "<output><outputValues><text>\"high\", \"middle\", \"low\"</text></outputValues></output>"
    ]
    private static let withDefault = ["<output><defaultOutputEntry><text>\"none\"</text></defaultOutputEntry></output>"]

    /// Rules: x < 10, x < 20, x < 30.
    private static func rules(_ outputs: String...) -> [(test: String, outputs: [String])] {
        zip(["< 10", "< 20", "< 30"], outputs).map { ($0, [$1]) }
    }

    @Test(arguments: [(5, nil), (15, nil), (25, "c"), (35, nil)])
    func `unique: one rule at most may match`(x: Int, expected: String?) throws {
        let model = try model(table("UNIQUE", rules: Self.rules("\"a\"", "\"b\"", "\"c\"")))
        #expect(
            try model.value(of: "d", ["x": .number(Decimal128(x))]) == expected.map { .string($0) } ?? .null)
    }

    @Test func `says which rules match where one may`() throws {
        let model = try model(table("UNIQUE", rules: Self.rules("\"a\"", "\"b\"", "\"c\"")))
        let result = try model.result(of: "d", ["x": 15])
        #expect(result.diagnostics.map(\.message) == ["rules 2, 3 match, where only one may"])
        #expect(result.diagnostics.first?.position.line == 2)
    }

    @Test(arguments: [
        ("FIRST", 5, "\"a\""), ("FIRST", 15, "\"b\""), ("RULE ORDER", 15, "[\"b\",\"c\"]"),
        ("COLLECT", 5, "[\"a\",\"b\",\"c\"]"), ("COLLECT", 99, "[]"), ("RULE ORDER", 99, "null"), ("FIRST", 99, "null"),
        ("ANY", 25, "\"c\""), ("ANY", 5, "null"),
    ])
    func `hit policies`(policy: String, x: Int, expected: String) throws {
        let model = try model(table(policy, rules: Self.rules("\"a\"", "\"b\"", "\"c\"")))
        #expect(try model.value(of: "d", ["x": .number(Decimal128(x))]).json.text == expected)
    }

    @Test(arguments: [("PRIORITY", "\"high\""), ("OUTPUT ORDER", "[\"high\",\"middle\",\"low\"]")])
    func `outputs are ordered by their allowed values`(policy: String, expected: String) throws {
        let model = try model(
            table(policy, rules: Self.rules("\"low\"", "\"high\"", "\"middle\""), outputs: Self.order))
        #expect(try model.value(of: "d", ["x": 5]).json.text == expected)
    }

    @Test func `an output that is not among the allowed values is null`() throws {
        let model = try model(table("FIRST", rules: Self.rules("\"lowest\""), outputs: Self.order))
        let result = try model.result(of: "d", ["x": 5])
        #expect(result.json == .null)
        #expect(result.diagnostics.first?.code == "output-value")
    }

    @Test(arguments: [("SUM", "6"), ("COUNT", "3"), ("MIN", "1"), ("MAX", "3")])
    func `aggregations`(aggregation: String, expected: String) throws {
        let model = try model(table("COLLECT", rules: Self.rules("1", "2", "3"), aggregation: aggregation))
        #expect(try model.value(of: "d", ["x": 5]).json.text == expected)
    }

    @Test func `what cannot be added is null with a diagnostic`() throws {
        let model = try model(table("COLLECT", rules: Self.rules("1", "\"b\""), aggregation: "SUM"))
        let result = try model.result(of: "d", ["x": 5])
        #expect(result.json == .null)
        #expect(result.diagnostics.first?.code == "aggregation")
    }

    @Test func `several outputs are a context`() throws {
        let rules = [("-", ["x + 1", "\"r\""])].map { (test: $0.0, outputs: $0.1) }
        let model = try model(table("UNIQUE", rules: rules, outputs: Self.names))
        #expect(try model.value(of: "d", ["x": 5]) == ["a": 6, "b": "r"])
    }

    @Test func `the default output stands where no rule matches`() throws {
        let model = try model(table("UNIQUE", rules: Self.rules("\"a\""), outputs: Self.withDefault))
        #expect(try model.value(of: "d", ["x": 50]) == "none")
    }

    @Test func `the trace shows inputs, rules and outputs`() throws {
        let model = try model(table("COLLECT", rules: Self.rules("\"a\"", "\"b\"", "\"c\"")))
        let trace = try model.result(of: "d", ["x": 15]).trace
        #expect(trace.map(\.kind) == [.table, .decision])
        #expect(trace[0].inputs.map(\.label) == ["X"])
        #expect(trace[0].inputs.map(\.value.text) == ["15"])
        #expect(trace[0].matched.map(\.number) == [2, 3])
        #expect(trace[0].matched.map { $0.outputs.map(\.text) } == [["\"b\""], ["\"c\""]])
    }

    @Test func `a rule with a cell too many is refused with its place`() throws {
        let wrong = table("UNIQUE", rules: [(test: "1", outputs: ["1", "2"])])
        let error = try #require(throws: Diagnostics.self) { try model(wrong) }
        #expect(error.all.map(\.code) == ["rule-cells"])
        #expect(error.all[0].file == "test.dmn" && error.all[0].element == "d")
    }
}
