import Expressions
import Testing
import Values

@Suite struct FEELTests {
    @Test(
        arguments: [
            ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ** 3 ** 2", 64), ("-2 ** 2", 4), ("7 - 2 - 1", 4), ("--1", 1),
            (".5 + .5", 1), ("0.1 + 0.2 = 0.3", true), ("1 / 0", nil), ("1 + \"a\"", nil), ("\"a\" + \"b\"", "ab"),
            ("10 / 4", 2.5),
        ] as [(String, Value)])
    func `calculates in decimals, and null where operands do not fit`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(
        arguments: [
            ("true and null", nil), ("false and null", false), ("null and false", false), ("true or null", true),
            ("null or null", nil), ("not(null)", nil), ("not(true)", false), ("1 < \"a\"", nil), ("null = null", true),
            ("null = 1", false), ("1 = \"1\"", nil), ("1 != 2", true), ("[1, 2] = [1, 2]", true),
            ("{a: 1} = {a: 1.0}", true),
            ("true and 1 = 1 or false", true), ("3 between 1 and 3 and true", true),
        ] as [(String, Value)])
    func `decides with three truth values`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(
        arguments: [
            ("5 in [1..5]", true), ("5 in [1..5)", false), ("5 in (5..9]", false), ("5 in ]1..5[", false),
            ("5 in (< 6)", true),
            ("5 in >= 6", false), ("5 in (1, 5)", true), ("5 in ([6..7], > 4)", true),
            ("\"b\" in [\"a\", \"b\"]", true),
            ("2 in (1 + 1)", true), ("2 in (1) + 1", true), ("1 in [null..3]", nil), ("5 in not(5)", false),
            ("@\"2026-01-02\" in [@\"2026-01-01\"..@\"2026-01-31\"]", true), ("5 in (? > 4)", true),
        ] as [(String, Value)])
    func `tests membership`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(
        arguments: [
            ("[1,2,3][2]", 2), ("[1,2,3][-1]", 3), ("[1,2,3][item > 1]", [2, 3]), ("[{a: 1}, {a: 2}][a = 2].a", [2]),
            ("[{a: 1}, {a: 2}].a", [1, 2]), ("orders[total > limit].id", ["b"]), ("orders[1].id", "a"),
            ("order.first item", "x"),
            ("{a: 1, b: a + 1}.b", 2), ("{first name: \"Ada\"}.first name", "Ada"), ("5[1]", 5), ("null[1]", nil),
            ("missing", nil),
            ("missing.member", nil), ("`order`.`first item`", "x"), ("[[1], [2]][1]", [1]),
        ] as [(String, Value)])
    func `reads lists and contexts`(source: String, expected: Value) throws {
        let variables: Value = [
            "orders": [["id": "a", "total": 5], ["id": "b", "total": 15]], "limit": 10, "order": ["first item": "x"],
        ]
        #expect(try feel(source, variables) == expected)
    }

    @Test(
        arguments: [
            ("if 1 < 2 then \"y\" else \"n\"", "y"), ("if null then 1 else 2", 2),
            ("for i in 1..3 return i * i", [1, 4, 9]),
            ("for x in [1,2], y in [10,20] return x + y", [11, 21, 12, 22]),
            ("for i in 1..4 return if i < 3 then 1 else partial[-1] + partial[-2]", [1, 1, 2, 3]),
            ("some x in [1,2,3] satisfies x > 2", true), ("every x in [1,2,3] satisfies x > 2", false),
            ("every x in [] satisfies false", true), ("{f: function(a: number, b) a * b, r: f(2, 3)}.r", 6),
            ("(function(x) x + 1)(2)", 3), ("sort([3,1,2], function(a, b) a < b)", [1, 2, 3]),
            ("count(for i in 3..1 return i)", 3),
        ] as [(String, Value)])
    func `iterates, decides and calls`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(
        arguments: [
            ("substring(\"foobar\", 3)", "obar"), ("substring(\"foobar\", -2, 1)", "a"),
            ("substring(string: \"foo\", start position: 2)", "oo"),
            ("string length(\"\u{1F40E}ab\")", 3), ("upper case(\"a\")", "A"),
            ("substring before(\"foobar\", \"bar\")", "foo"),
            ("contains(\"foobar\", \"of\")", false), ("replace(\"abcd\", \"(ab)|(a)\", \"[1=$1]\")", "[1=ab]cd"),
            ("matches(\"foobar\", \"^fo*b\")", true), ("split(\"a;b\", \";\")", ["a", "b"]),
            ("string join([\"a\", \"b\"], \"-\")", "a-b"),
            ("string({a: [1, \"x\"], b c: null})", "{a: [1, \"x\"], b c: null}"),
            ("number(\"1,000.5\", \",\", \".\")", 1000.5),
            ("list contains([1, null], null)", true), ("count([])", 0), ("min(3, 1, 2)", 1), ("sum([1, 2])", 3),
            ("mean([1, 2])", 1.5),
            ("median([4, 1, 3])", 3), ("stddev([2, 4, 7, 5])", 2.0816659994661326), ("mode([6, 1, 9, 6, 1])", [1, 6]),
            ("sublist([4,5,6], 1, 2)", [4, 5]), ("append([1], 2, 3)", [1, 2, 3]), ("concatenate([1], [2])", [1, 2]),
            ("insert before([1, 3], 1, 2)", [2, 1, 3]), ("remove([1,2,3], 2)", [1, 3]), ("reverse([1,2])", [2, 1]),
            ("index of([1,2,1], 1)", [1, 3]), ("union([1,2], [2,3])", [1, 2, 3]), ("distinct values([1,2,1])", [1, 2]),
            ("flatten([1, [2, [3]]])", [1, 2, 3]), ("all([true, null])", nil), ("any(false, true)", true),
            ("decimal(1/3, 2)", 0.33),
            ("floor(-1.5)", -2), ("modulo(-12, 5)", 3), ("abs(@\"-P1D\")", "P1D"), ("sqrt(16)", 4), ("odd(5)", true),
            ("get value({a: 1}, \"a\")", 1), ("context put({}, \"a\", 1)", ["a": 1]), ("unknownFunction(1)", nil),
            ("floor(1, 2, 3)", nil),
        ] as [(String, Value)])
    func `has the built-in functions`(source: String, expected: Value) throws {
        let answer = try feel(source)
        #expect(ConformanceTests.agree(answer, expected), "\(answer)")
    }

    @Test(
        arguments: [
            ("@\"2026-01-31\" + @\"P1M\"", "2026-02-28"), ("date(\"2026-03-01\") - date(\"2026-02-01\")", "P28D"),
            ("date and time(\"2026-01-01T10:00:00+02:00\") = date and time(\"2026-01-01T08:00:00Z\")", true),
            ("time(\"10:00:00\") + @\"PT15H\"", "01:00:00"), ("@\"PT90M\" * 2", "PT3H"), ("@\"P1Y\" / @\"P3M\"", 4),
            ("now()", "2026-01-31T12:00:00Z"),
            ("today()", "2026-01-31"), ("@\"2026-01-31\".weekday", 6), ("@\"P1DT2H\".hours", 2),
            ("duration(\"P1Y1D\")", nil),
            ("day of week(today())", "Saturday"),
            ("years and months duration(@\"2024-02-29\", @\"2026-01-31\")", "P1Y11M"),
            ("@\"10:00:00@Europe/Paris\"", "10:00:00@Europe/Paris"), ("@\"nonsense\"", nil),
            ("@\"2026-01-01\" instance of date", true), ("[1] instance of list<number>", true),
            ("null instance of Any", false),
            // A date is the midnight in UTC with which it begins, and what has no offset has no order beside that.
            ("@\"2026-01-01\" < @\"2026-01-01T00:00:01Z\"", true), ("@\"2026-01-01\" < @\"2026-06-01T00:00:00\"", nil),
        ] as [(String, Value)])
    func `knows dates, times and durations`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(
        arguments: [
            ("before(1, 2)", true), ("during(5, [1..10])", true), ("meets([1..5], [5..9])", true),
            ("overlaps([1..5], (5..9])", false),
            ("finishes(10, [1..10])", true), ("coincides([1..2], [1..2])", true), ("includes([1..9], 9)", true),
            ("starts(1, [1..2])", true),
        ] as [(String, Value)])
    func `relates ranges`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test func `takes the longest known name`() throws {
        let variables: Value = [
            "a": 5, "b": 2, "a-b": 100, "order total": 7, "order total net": 6, "values in a list": [1],
        ]
        #expect(try feel("a-b", variables) == 100)
        #expect(try feel("a - b", variables) == 100)
        #expect(try feel("b-a", variables) == -3)
        #expect(try feel("order total net + order   total", variables) == 13)
        #expect(try feel("some v in values in a list satisfies v = 1", variables) == true)
        #expect(try feel("{x y: 1, z: x y + 1}.z") == 2)
    }

    @Test func `names that are not known are single words`() {
        #expect(throws: ExpressionError.self) { try feel("order total > 5") }
    }

    @Test(arguments: [
        ("", 1, 1), ("1 +", 1, 4), ("1 + + 2", 1, 5), ("[1, 2", 1, 6), ("{a 1}", 1, 5), ("\"abc", 1, 1),
        ("if a then b", 1, 12),
        ("1\n  + )", 2, 5), ("a b", 1, 3), ("function(x) external {}", 1, 13), ("for x in", 1, 9), ("f(a: 1, 2)", 1, 9),
        ("#", 1, 1),
        ("{a: 1, a: 2}", 1, 8), ("/* open", 1, 1),
    ])
    func `says where the text is wrong`(source: String, line: Int, column: Int) throws {
        let error = try #require(throws: ExpressionError.self) { try Expression.parse(source, as: .feel) }
        #expect([.syntax, .unsupported].contains(error.kind))
        #expect(error.line == line && error.column == column, "\(error)")
        #expect(error.source == source)
    }

    @Test func `unary tests are about the question mark`() throws {
        func test(_ tests: String, _ value: Value) throws -> Value {
            try Expression.parseUnaryTests(tests).evaluate(in: TestScope(["?": value, "limit": 10])).decoded()
        }
        #expect(try test("< 5, > limit", 11) == true)
        #expect(try test("< 5, > limit", 7) == false)
        #expect(try test("not(1, 2)", 3) == true)
        #expect(try test("-", nil) == true)
        #expect(try test("[1..3]", 3) == true)
        #expect(try test("\"a\", \"b\"", "b") == true)
        #expect(try test("starts with(?, \"x\")", "xy") == true)
        #expect(try test("[1, 2, 3]", 2) == true)
        #expect(try test("null", nil) == true)
    }

    @Test func `a condition holds only if it is true`() throws {
        func holds(_ source: String) throws -> Bool {
            try Expression.parse(source, as: .feel).evaluateCondition(in: TestScope(["amount": 5]))
        }
        #expect(try holds("amount > 4"))
        #expect(try !holds("amount > 5"))
        #expect(try !holds("missing > 5"))
        #expect(try !holds("amount"))
    }

    @Test(
        arguments: [
            ("before(range: [1..2], point: 3)", true), ("before(point: 3, range: [1..2])", false),
            ("after(range: [4..5], point: 3)", true), ("includes(range: [1..3], point: 2)", true),
            ("includes(point: 2, range: [1..3])", true), ("finished by(range: [1..2], point: 2)", true),
            ("started by(range: [1..2], point: 1)", true), ("during(point: 2, range: [1..3])", true),
            ("before(point1: 1, point2: 2)", true), ("meets(range1: [1..2], range2: [2..3])", true),
            ("coincides(point1: 1, point2: 1)", true), ("meets(point: 1, range: [1..2])", nil),
        ] as [(String, Value)])
    func `relations of ranges take their arguments by name`(source: String, expected: Value) throws {
        #expect(try feel(source) == expected)
    }

    @Test(arguments: ["+P1Y", "P-1Y", "PT1.5H", "P1.5D", "PT1,5S", "P+1D", "--PT1S", "PT-1S"])
    func `a duration is written as XML Schema has it`(text: String) throws {
        #expect(try feel("duration(\"\(text)\")") == nil)
    }

    @Test func `names may have apostrophes, and an order needs two items`() throws {
        #expect(try feel("{Mike's: 5}.Mike's") == 5)
        #expect(try feel("sort([1, 2, 1], function(x) x)") == nil)
        #expect(throws: ExpressionError.self) { try feel("'a'") }
    }
}
