import Expressions
import Testing
import Values

/// Camunda's own functions of FEEL, with the examples of its documentation and tests.
@Suite struct CamundaFunctionTests {
    @Test(
        arguments: [
            ("get or else(\"this\", \"default\")", "this"), ("get or else(null, \"default\")", "default"),
            ("get or else(missing, 1)", 1), ("get or else(null, null)", nil),
            ("is defined(1)", true), ("is defined(null)", false), ("is defined(missing)", false),
            ("is defined({a: 1}.a)", true), ("is defined({a: 1}.b)", false),
            ("assert(4, 4 != null)", 4), ("assert(4, true, \"no\")", 4),
            ("is blank(\"\")", true), ("is blank(\" \")", true), ("is blank(\"hello world\")", false),
            ("to base64(\"FEEL\")", "RkVFTA=="), ("to base64(\"\")", ""), ("to base64(\"Many\")", "TWFueQ=="),
            ("to base64(\"foobar\")", "Zm9vYmFy"),
            ("extract(\"references are 1234, 1256, 1378\", \"12[0-9]*\")", ["1234", "1256"]),
            ("extract(\"none\", \"[0-9]\")", []), ("extract(\"a\", \"(\")", nil),
            ("is empty([])", true), ("is empty([1,2,3])", false),
            ("duplicate values([1,2,3,2,1])", [1, 2]), ("duplicate values([1,2])", []),
            ("partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]), ("partition([], 2)", []),
            ("partition([1,2], 0)", nil), ("partition([1,2], -1)", nil), ("partition([1], 1000000000000000000)", [[1]]),
            ("put({}, \"x\", 1)", ["x": 1]), ("put({x: 1}, \"x\", 2)", ["x": 2]),
            ("put({x: 1}, \"y\", 2)", ["x": 1, "y": 2]),
            ("put all({x: 1}, {y: 2})", ["x": 1, "y": 2]), ("put all([{x: 1}, {x: 2}])", ["x": 2]),
            ("string join([\"a\", \"b\", \"c\"], \", \", \"[\", \"]\")", "[a, b, c]"),
            ("string join([\"a\", null], null, \"<\", \">\")", "<a>"),
            ("last day of month(date(\"2022-10-01\"))", "2022-10-31"),
            ("last day of month(date and time(\"2024-02-01T10:00:00\"))", "2024-02-29"),
            ("date and time(@\"2020-07-31T14:27:30\", \"Z\")", "2020-07-31T14:27:30Z"),
            ("date and time(@\"2020-07-31T14:27:30@Europe/Berlin\", \"America/Los_Angeles\")", nil),
            ("date and time(@\"2020-07-31T14:27:30+02:00\", \"-07:00\")", "2020-07-31T05:27:30-07:00"),
            ("date and time(@\"2020-07-31T14:27:30\", \"no zone\")", nil),
            ("from json(\"{\\\"a\\\": [1, null]}\").a", [1, nil]), ("from json(\"true\")", true),
            ("from json(\"nothing\")", nil),
            ("to json({a: 1, b: [true, null]})", "{\"a\":1,\"b\":[true,null]}"),
            ("to json(@\"2023-06-14\")", "\"2023-06-14\""),
            ("cycle(3, duration(\"PT1H\"))", "R3/PT1H"), ("cycle(duration(\"P7D\"))", "R/P7D"),
            ("cycle(null, @\"P1M\")", "R/P1M"), ("cycle(3, \"PT1H\")", nil), ("cycle(-1, @\"PT1H\")", nil),
        ] as [(String, Value)])
    func `has Camunda's functions`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test func `what is asserted and does not hold ends the evaluation`() throws {
        let error = try #require(throws: ExpressionError.self) { try feel("assert(1, 1 > 2, \"too small\")") }
        #expect(error.message == "too small")
        #expect(throws: ExpressionError.self) { try feel("assert(null, null)") }
    }

    @Test(arguments: ["uuid()", "\"a\" + uuid()", "random number()", "[1][random number() > 0]"])
    func `what no replay could repeat is refused by name`(source: String) throws {
        let error = try #require(throws: ExpressionError.self) { try Expression.parse(source, as: .feel) }
        #expect(error.kind == .unsupported)
        #expect(error.message.contains("no history could be replayed"))
    }

    @Test func `a name of theirs is a variable unless it is called`() throws {
        #expect(try feel("partition + 1", ["partition": 1]) == 2)
        #expect(try feel("cycle = null") == true)
        #expect(try feel("(function(uuid) uuid())(function() 1)") == 1)
    }

    @Test(
        arguments: [
            ("sting length(\"a\")", "sting length", 1, "did you mean \"string length\"?"),
            ("1 + is definde(a)", "is definde", 5, "did you mean \"is defined\"?"),
            ("frobnicate(1)", "frobnicate", 1, nil),
        ] as [(String, String, Int, String?)])
    func `unknown functions are null, and told with their place`(
        source: String, name: String, column: Int, suggestion: String?
    ) throws {
        let expression = try Expression.parse(source, as: .feel)
        #expect(try expression.evaluate(in: TestScope()).decoded() == nil)
        let unknown = expression.unknownFunctions
        #expect(unknown.map(\.name) == [name])
        #expect(unknown.map(\.position.column) == [column])
        #expect(unknown.map(\.suggestion) == [suggestion])
        let problems = TypeChecker.infer(expression, in: TypeEnvironment([.init(name: "a", type: .any)])).problems
        #expect(problems.map(\.kind) == [.unknownFunction])
    }

    @Test(arguments: ["{f: function(x) x, r: f(1)}.r", "(function(f) f(1))(floor)", "count([1])"])
    func `bound functions are known`(source: String) throws {
        #expect(try Expression.parse(source, as: .feel).unknownFunctions.isEmpty)
    }
}
