import Expressions
import Testing
import Values

@Suite struct ExpressionTests {
    @Test func `a variable alone is answered as the raw JSON it is`() throws {
        let raw = try JSON(validating: #"{"b": 1.50,  "a": [1e2]}"#)
        let scope = TestScope(members: [("v", raw)])
        #expect(try Expression.parse("v", as: .feel).evaluate(in: scope).text == raw.text)
        #expect(try Expression.parse("${v.a}", as: .juel).evaluate(in: scope).text == "[1e2]")
        #expect(try Expression.constant(raw).evaluate(in: scope).text == raw.text)
    }

    @Test func `zeebe attributes are FEEL after an equals sign`() throws {
        #expect(try Expression.parseZeebe("=1 + 1").evaluate(in: TestScope()).decoded() == 2)
        #expect(try Expression.parseZeebe("1 + 1").evaluate(in: TestScope()).decoded() == "1 + 1")
        #expect(throws: ExpressionError.self) { try Expression.parseZeebe("= 1 +") }
    }

    @Test func `camunda text is JUEL if it embeds an expression`() throws {
        #expect(try Expression.parseCamunda("a${1 + 1}").evaluate(in: TestScope()).decoded() == "a2")
        #expect(try Expression.parseCamunda("1 + 1").constantValue?.decoded() == "1 + 1")
        #expect(try Expression.parseCamunda("cost: $5 {x}").constantValue != nil)
    }

    @Test(
        arguments: [
            ("a + b.c * a", ["a", "b"], []), ("for x in xs return x + y", ["xs", "y"], []),
            ("{a: 1, b: a + c}", ["c"], []), ("some x in l satisfies x > limit", ["l", "limit"], []),
            ("function(p) p + q", ["q"], []),
            ("count(items[price > limit and item.n = 1])", ["items"], ["price", "limit"]),
            ("sum(amounts) > max", ["amounts", "max"], []), ("5 in (? > n)", ["n"], []), ("1 + 2", [], []),
        ] as [(String, [String], [String])])
    func `names the variables that FEEL reads`(source: String, read: [String], perhaps: [String]) throws {
        let expression = try Expression.parse(source, as: .feel)
        #expect(expression.variablesRead == read)
        #expect(expression.variablesPerhapsRead == perhaps)
    }

    @Test func `names the variables that JUEL reads`() throws {
        let expression = try Expression.parse("x-${a.b[c]}-${execution.getVariable('d').size() > e.size()}", as: .juel)
        #expect(expression.variablesRead == ["a", "c", "d", "e"])
    }

    @Test func `expressions are values`() throws {
        let one = try Expression.parse("a + 1", as: .feel)
        #expect(try one == Expression.parse("a + 1", as: .feel))
        #expect(try one != Expression.parse("a + 2", as: .feel))
        #expect(try Set([one, Expression.parse("a + 1", as: .feel)]).count == 1)
    }
}
