import Expressions
import Testing
import Values

@Suite struct JUELTests {
    static let variables: Value = [
        "amount": 5, "text": "7", "name": "Ada",
        "order": ["id": "o1", "items": [["sku": "a"], ["sku": "b"]], "a b": 1],
        "nothing": nil, "flag": true, "list": [1, 2, 3], "execution": ["id": "e1", "businessKey": "bk"],
    ]

    @Test(
        arguments: [
            ("${amount}", 5), ("#{amount + 1}", 6), ("${text + 1}", 8), ("${7 / 2}", 3.5), ("${7 div 2}", 3.5),
            ("${7 % 4}", 3),
            ("${7 mod 4}", 3), ("${-amount}", -5), ("${nothing + 1}", 1), ("${1 + 2 * 3}", 7), ("${(1 + 2) * 3}", 9),
            ("${1.5e2}", 150),
            ("${amount > 4 && flag}", true), ("${amount gt 4 and not flag}", false), ("${amount le 5 or false}", true),
            ("${!flag}", false),
            ("${amount == '5'}", true), ("${text eq 7}", true), ("${name ne 'Ada'}", false),
            ("${nothing == null}", true), ("${nothing < 1}", false),
            ("${'a' < 'b'}", true), ("${flag == 'true'}", true), ("${empty nothing}", true), ("${empty list}", false),
            ("${empty ''}", true),
            ("${not empty order.items}", true), ("${amount > 4 ? 'big' : 'small'}", "big"),
            ("${flag ? amount < 3 ? 1 : 2 : 3}", 2),
            ("${order.id}", "o1"), ("${order['id']}", "o1"), ("${order[\"a b\"]}", 1), ("${order.items[1].sku}", "b"),
            ("${order.missing}", nil),
            ("${list[7]}", nil), ("${nothing.member}", nil),
            ("${order}", ["id": "o1", "items": [["sku": "a"], ["sku": "b"]], "a b": 1]),
            ("${'it\\'s'}", "it's"), ("${true}", true), ("${null}", nil),
        ] as [(String, Value)])
    func `evaluates`(source: String, expected: Value) throws {
        #expect(try juel(source, Self.variables) == expected)
    }

    @Test(
        arguments: [
            ("a-${name}", "a-Ada"), ("${name}${amount}", "Ada5"), ("${name} has #{amount}!", "Ada has 5!"),
            ("x${nothing}y", "xy"),
            ("\\${name}", "${name}"), ("plain", "plain"), ("", ""), ("l: ${list}", "l: [1,2,3]"),
            ("$ {x} ${1}}", "$ {x} 1}"), ("${'}'}-", "}-"),
        ] as [(String, Value)])
    func `embeds values in text`(source: String, expected: Value) throws {
        #expect(try juel(source, Self.variables) == expected)
    }

    @Test(
        arguments: [
            ("${name.length()}", 3), ("${name.startsWith('A')}", true), ("${name.contains('d')}", true),
            ("${name.toUpperCase()}", "ADA"),
            ("${name.substring(1)}", "da"), ("${name.replace('a', 'bb')}", "Adbb"), ("${name.indexOf('a')}", 2),
            ("${name.equals('Ada')}", true),
            ("${name.lastIndexOf('x')}", -1), ("${'abcab'.lastIndexOf('ab')}", 3), ("${' x '.trim()}", "x"),
            ("${list.size()}", 3), ("${list.contains(2)}", true), ("${list.get(0)}", 1),
            ("${order.items.isEmpty()}", false),
            ("${order.containsKey('id')}", true), ("${order.get('id')}", "o1"), ("${amount.toString()}", "5"),
            ("${execution.getVariable('amount')}", 5), ("${execution.getVariable('none')}", nil),
            ("${execution.hasVariable('none')}", false),
            ("${'a,b,,'.split(',')}", ["a", "b"]), ("${'a1b22'.split('[0-9]+')}", ["a", "b"]),
            ("${''.split(',')}", [""]),
            ("${name.matches('A.a')}", true), ("${name.matches('d')}", false), ("${name.matches('x|Ada')}", true),
            ("${'b'.compareTo('a')}", 1), ("${'ab'.compareTo('abcd')}", -2), ("${amount.compareTo(7)}", -1),
            ("${list.subList(1, 3)}", [2, 3]), ("${list.subList(1, 1)}", []),
            ("${execution.businessKey}", "bk"), ("${execution.getBusinessKey()}", "bk"),
        ] as [(String, Value)])
    func `calls methods of a fixed list`(source: String, expected: Value) throws {
        #expect(try juel(source, Self.variables) == expected)
    }

    @Test(
        arguments: [
            ("${missing}", .name), ("${name.getClass()}", .name), ("${name.getClass().forName('x')}", .name),
            ("${bean:call(1)}", .name),
            ("${call()}", .name), ("${name.foo}", .name), ("${name + 1}", .type), ("${1 / 0}", .type),
            ("${list > 1}", .type),
            ("${amount ? 1 : 2}", .type), ("${nothing.size()}", .type), ("${name", .syntax), ("${}", .syntax),
            ("${1 +}", .syntax), ("${a b}", .syntax),
            ("${'x}", .syntax), ("${execution.setVariable('a', 1)}", .name), ("${name.codePoints()}", .name),
            ("${name.matches('(')}", .type),
            ("${name.substring(9)}", .type), ("${list.subList(2, 9)}", .type), ("${amount.compareTo('x')}", .type),
        ] as [(String, ExpressionError.Kind)])
    func `refuses`(source: String, kind: ExpressionError.Kind) throws {
        let error = try #require(throws: ExpressionError.self) { try juel(source, Self.variables) }
        #expect(error.kind == kind, "\(error)")
        #expect(error.line == 1 && error.column > 1)
    }

    /// A scope with the engine's objects.
    private struct Place: VariableScope {
        let now = Timestamp(millisecondsSinceEpoch: 0)
        let names = ["n", "m"]
        func lookup(_ name: String) -> JSON? { names.contains(name) ? .string("the " + name) : nil }
        func host(_ object: HostObject) -> JSON? {
            switch object {
            case .execution: .object([("id", .string("e1"))])
            case .task: .object([("name", .string("t"))])
            case .externalTask: nil
            }
        }
    }

    @Test(
        arguments: [
            ("${execution.variables.n}", "the n"), ("${execution.variables['m']}", "the m"),
            ("${execution.variables.none}", nil), ("${task.variables.n}", "the n"),
            ("${task.execution.variables.n}", "the n"), ("${execution.variableNames}", ["n", "m"]),
            ("${execution.variables.size()}", 2), ("${task.execution.id}", "e1"),
            ("${task.getExecution().getVariable('n')}", "the n"), ("${task.execution.getVariable('n')}", "the n"),
        ] as [(String, Value)])
    func `reaches the variables through the execution`(source: String, expected: Value) throws {
        #expect(try Expression.parse(source, as: .juel).evaluate(in: Place()).decoded() == expected)
    }

    @Test func `a task's execution sets variables`() throws {
        let expression = try Expression.parse("${task.execution.setVariable('x', 1)}", as: .juel)
        #expect(expression.hostCalls.map(\.isChange) == [true])
        let effects = try expression.evaluateWithEffects(in: Place()).effects
        #expect(effects.map(\.receiver) == [.execution])
        #expect(effects.map(\.method) == ["setVariable"])
        #expect(try Expression.parse("${execution.variables.n}", as: .juel).variablesRead == ["n"])
    }

    @Test func `a condition must be a boolean`() throws {
        func holds(_ source: String) throws -> Bool {
            try Expression.parse(source, as: .juel).evaluateCondition(in: TestScope(Self.variables))
        }
        #expect(try holds("${amount > 4}"))
        #expect(try !holds("${amount > 5}"))
        #expect(throws: ExpressionError.self) { try holds("${amount}") }
        #expect(throws: ExpressionError.self) { try holds("${nothing}") }
        #expect(throws: ExpressionError.self) { try holds("text") }
    }
}
