import Expressions
import Testing
import Values

/// Examples of the DMN specification's chapter 10, and what its tables say of cases that they have no example for.
struct SpecificationTests {
    @Test(arguments: [
        ("1 = 1.00", "true"), ("1 = \"1\"", "null"), ("null = null", "true"), ("null = 1", "false"),
        ("[1, 2] = [1, 2]", "true"), ("[1, 2] = [2, 1]", "false"), ("{a: 1, b: 2} = {b: 2, a: 1}", "true"),
        ("{a: 1} = {a: 2}", "false"), ("[1..3] = [1..3]", "true"), ("[1..3] = [1..3)", "false"),
        ("@\"2018-12-08\" = @\"2018-12-08\"", "true"), ("@\"2018-12-08\" = @\"2018-12-08T00:00:00\"", "null"),
        ("@\"2018-12-08T00:00:00+00:00\" = @\"2018-12-08T00:00:00@Etc/UTC\"", "true"),
        ("@\"10:30:00+01:00\" = @\"09:30:00Z\"", "true"), ("@\"PT36H\" = @\"P1DT12H\"", "true"),
        ("@\"P12M\" = @\"P1Y\"", "true"), ("@\"P1Y\" = @\"P365D\"", "null"), ("true != null", "true"),
    ])
    func `equality`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("substring(\"foobar\", 3)", "\"obar\""), ("substring(\"foobar\", -2, 1)", "\"a\""),
        ("substring(\"\\U01F40Eab\", 2)", "\"ab\""), ("substring(\"foobar\", 0)", "null"),
        ("substring(\"foobar\", 3, -1)", "null"), ("string length(\"\\U01F40E\")", "1"),
        ("starts with(\"foobar\", \"fo\")", "true"), ("ends with(\"foobar\", \"r\")", "true"),
        ("substring before(\"foobar\", \"bar\")", "\"foo\""), ("substring after(\"\", \"a\")", "\"\""),
        ("replace(\"abcd\", \"(ab)|(a)\", \"[1=$1][2=$2]\")", "\"[1=ab][2=]cd\""),
        ("split(\"a;b;c;;\", \";\")", "[\"a\",\"b\",\"c\",\"\",\"\"]"),
        ("string join([\"a\", \"b\"], \"_and_\")", "\"a_and_b\""), ("string join([\"a\", null, \"c\"])", "\"ac\""),
        ("upper case(\"aBc4\")", "\"ABC4\""), ("matches(\"foobar\", \"^fo*b\")", "true"),
        ("contains(\"\\uD83D\\uDC0E!\", \"\\U01F40E\")", "true"), ("string(1.1)", "\"1.1\""), ("string(null)", "null"),
        ("string([1, \"a\", {b: null}])", "\"[1, \\\"a\\\", {b: null}]\""),
        ("string(@\"2018-12-08T10:30:11@Europe/Paris\")", "\"2018-12-08T10:30:11@Europe/Paris\""),
    ])
    func `strings`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("min(1, 2, 3)", "1"), ("max([])", "null"), ("min(\"a\", \"b\")", "\"a\""), ("sum(1, 2, 3)", "6"),
        ("mean([1, 2, 3])", "2"), ("all([])", "true"), ("any([])", "false"), ("all([true, null])", "null"),
        ("any([false, null, true])", "true"), ("sublist([4, 5, 6], 1, 2)", "[4,5]"),
        ("sublist([1, 2, 3], -2)", "[2,3]"), ("append([1], 2, 3)", "[1,2,3]"), ("concatenate([1, 2], [3])", "[1,2,3]"),
        ("insert before([1, 3], 1, 2)", "[2,1,3]"), ("remove([1, 2, 3], 2)", "[1,3]"),
        ("reverse([1, 2, 3])", "[3,2,1]"),
        ("index of([1, 2, 3, 2], 2)", "[2,4]"), ("union([1, 2], [2, 3])", "[1,2,3]"),
        ("distinct values([1, 2, 3, 2, 1])", "[1,2,3]"), ("flatten([[1, 2], [[3]], 4])", "[1,2,3,4]"),
        ("product([2, 3, 4])", "24"), ("median(8, 2, 5, 3, 4)", "4"), ("median([6, 1, 2, 3])", "2.5"),
        ("median([])", "null"), ("mode(6, 3, 9, 6, 6)", "[6]"), ("mode([6, 1, 9, 6, 1])", "[1,6]"), ("mode([])", "[]"),
        ("stddev([47])", "null"), ("decimal(stddev(2, 4, 7, 5), 10)", "2.0816659995"), ("count(null)", "null"),
        ("list contains([1, 2, null], null)", "true"), ("list replace([2, 4, 7, 8], 3, 6)", "[2,4,6,8]"),
        ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", "[5,5,7,8]"),
        ("sort([3, 1, 4, 5, 2], function(x, y) x < y)", "[1,2,3,4,5]"),
    ])
    func `lists`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("decimal(1/3, 2)", "0.33"), ("decimal(1.5, 0)", "2"), ("decimal(2.5, 0)", "2"), ("floor(-1.56, 1)", "-1.6"),
        ("ceiling(-1.5)", "-1"), ("round up(-5.5, 0)", "-6"), ("round down(1.126, 2)", "1.12"),
        ("round half up(-2.5, 0)", "-3"), ("round half down(1.125, 2)", "1.12"), ("abs(@\"-PT5H\")", "\"PT5H\""),
        ("modulo(-12, 5)", "3"), ("modulo(10.1, 4.5)", "1.1"), ("sqrt(16)", "4"), ("sqrt(-3)", "null"),
        ("decimal(log(10), 8)", "2.30258509"), ("log(0)", "null"), ("log(-1)", "null"),
        ("decimal(exp(5), 8)", "148.41315910"), ("odd(5)", "true"), ("even(-2)", "true"), ("1 / 0", "null"),
        ("2 ** 3 ** 2", "64"), ("-2 ** 2", "4"), ("10 ** -2", "0.01"), ("-\"a\"", "null"), ("1 + \"a\"", "null"),
        ("number(\"1 000,0\", \" \", \",\")", "1000.0"), ("number(\"1,000.0\", \",\", \".\")", "1000.0"),
    ])
    func `numbers`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("day of year(date(2019, 9, 17))", "260"), ("day of week(date(2019, 9, 17))", "\"Tuesday\""),
        ("month of year(date(2019, 9, 17))", "\"September\""), ("week of year(date(2003, 12, 29))", "1"),
        ("week of year(date(2005, 1, 1))", "53"), ("time(11, 59, 45, duration(\"PT2H\"))", "\"11:59:45+02:00\""),
        ("time(23, 59, 0)", "\"23:59:00\""), ("time(24, 0, 0)", "null"), ("time(\"14:11:16\").minute", "11"),
        ("time(date(2017, 8, 10))", "\"00:00:00Z\""), ("time(\"23:59:60\")", "null"),
        ("date and time(date(2012, 12, 24), time(\"23:59:00\"))", "\"2012-12-24T23:59:00\""),
        ("date(\"2012-12-25\") - date(\"2012-12-24\")", "\"P1D\""), ("duration(\"P2Y2M\") / 2", "\"P1Y1M\""),
        ("years and months duration(date(\"2011-12-22\"), date(\"2013-08-24\"))", "\"P1Y8M\""),
        ("duration(\"P1Y\") + date(\"2016-02-29\")", "\"2017-02-28\""), ("@\"P1D\" * 1.5", "\"P1DT12H\""),
        ("@\"PT1H\" / @\"PT30M\"", "2"), ("@\"10:00:00\" - @\"PT11H\"", "\"23:00:00\""), ("now() - now()", "\"PT0S\""),
        ("today()", "\"2026-01-31\""), ("@\"2021-02-30\"", "null"),
        ("@\"2018-01-01T00:00:00Z\".time offset", "\"PT0S\""),
        ("@\"2018-12-10T10:30:00@Etc/UTC\".timezone", "\"Etc/UTC\""), ("@\"-P1Y3M\".months", "-3"),
    ])
    func `dates and times`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("get value({key1: \"value1\"}, \"key1\")", "\"value1\""), ("get value({a: {b: 2}}, [\"a\", \"b\"])", "2"),
        ("get value({a: 1}, \"b\")", "null"), ("get entries({a: 1})[1].key", "\"a\""),
        ("context([{key: \"a\", value: 1}])", "{\"a\":1}"), ("context put({x: 1}, \"y\", 2)", "{\"x\":1,\"y\":2}"),
        ("context put({x: 1, y: {a: 0}}, [\"y\", \"a\"], 2)", "{\"x\":1,\"y\":{\"a\":2}}"),
        ("context merge([{x: 1}, {x: 2, y: 3}])", "{\"x\":2,\"y\":3}"), ("[{x: 1}, {x: 2}].x", "[1,2]"),
        ("[{x: 1, y: 2}, {x: 2, y: 3}][x = 1]", "[{\"x\":1,\"y\":2}]"), ("[1, 2, 3, 4][item > 2]", "[3,4]"),
        ("[1, 2, 3][-1]", "3"), ("[1, 2, 3][4]", "null"), ("100[1]", "100"), ("null[1]", "null"),
        ("for i in 1..3, j in [10, 20] return i * j", "[10,20,20,40,30,60]"),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", "[1,1,2,6,24]"),
        ("for d in @\"2026-01-30\"..@\"2026-02-01\" return d.day", "[30,31,1]"),
        ("some x in [1, 2], y in [2, 3] satisfies x = y", "true"), ("every x in [] satisfies false", "true"),
        ("{a: 1, b: a + 1, f: function(x: number) x * 2, c: f(b)}.c", "4"),
        ("if null then 1 else 2", "2"), ("if 1 then 1 else 2", "2"),
        ("5 in (< 3, > 4)", "true"), ("5 in [1..5)", "false"), ("1 in []", "false"), ("null in (null)", "true"),
        ("[1] instance of list<number>", "true"), ("1 instance of string", "false"), ("null instance of Null", "true"),
        ("@\"P1D\" instance of days and time duration", "true"), ("[1..2] instance of range<number>", "true"),
        ("is(@\"2012-12-25\", @\"23:00:50\")", "false"), ("is(@\"23:00:50Z\", @\"23:00:50+00:00\")", "true"),
    ])
    func `contexts, filters and iteration`(source: String, expected: String) throws { try answers(source, expected) }

    @Test(arguments: [
        ("before([1..5), [5..10])", "true"), ("after([5..10], 4)", "true"), ("meets([1..5], [5..10])", "true"),
        ("met by([5..10], [1..5])", "true"), ("overlaps([1..5], [5..8])", "true"), ("during(5, [1..10])", "true"),
        ("overlaps before([1..5], (1..5])", "true"), ("overlaps after((1..5], [1..5))", "true"),
        ("overlaps after((1..5], [1..5])", "true"), ("finishes(10, [1..10])", "true"),
        ("finished by([1..10], 10)", "true"), ("includes([1..10], [4..6])", "true"), ("starts(1, [1..10])", "true"),
        ("started by([1..10], [1..5])", "true"), ("coincides([1..5], [1..5])", "true"), ("[1..5].start", "1"),
        ("(1..5].start included", "false"), ("range(\"[18..21)\").end", "21"), ("(< 10).end included", "false"),
    ])
    func `ranges`(source: String, expected: String) throws { try answers(source, expected) }

    /// Regular expressions are XPath's, not Perl's.
    @Test(arguments: [
        ("matches(\"x\", \"[A-Z-[OI]]\", \"i\")", "true"), ("matches(\"o\", \"[a-z-[oi]]\")", "false"),
        ("matches(\"abc\", \"\\p{IsBasicLatin}{3}\")", "true"), ("matches(\"\u{3B1}\", \"\\P{IsBasicLatin}\")", "true"),
        ("matches(\"a\\rb\", \"a.b\")", "false"), ("matches(\"a\\n\", \"a$\")", "false"),
        ("matches(\"a:b\", \"^\\i\\c*$\")", "true"), ("matches(\"1\", \"^\\I\")", "true"),
        ("matches(\"abab\", \"(ab)\\1\")", "true"), ("matches(\"a\", \"(a\\1)\")", "null"),
        ("matches(\"a\", \"(?=a)\")", "null"), ("matches(\"a\", \"a++\")", "null"), ("matches(\"a\", \"[]\")", "null"),
        ("matches(\"hello world\", \" hello [ ] world \", \"x\")", "true"),
        ("matches(\"a.b\", \"a.b\", \"q\")", "true"),
        ("matches(\"axb\", \"a.b\", \"q\")", "false"), ("matches(\"a\", \"a\", \"z\")", "null"),
        ("matches(\"\\\\\", \"^[\\W]$\")", "true"), ("matches(\"a-b\", \"^[\\w\\-]+$\")", "true"),
        ("matches(\"a#b\", \"a#b\", \"x\")", "true"), ("matches(\"]\", \"[\\]]\")", "true"),
    ])
    func `patterns`(source: String, expected: String) throws { try answers(source, expected) }

    private func answers(_ source: String, _ expected: String) throws {
        let expression = try Expression.parse(source, as: .feel)
        let answer = try expression.evaluate(in: TestScope())
        let value = try Value(parsing: expected)
        #expect(answer.decoded() == value, "\(source) = \(answer.text)")
    }
}
