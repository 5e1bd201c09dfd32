import Expressions
import Testing
import Values

@Suite struct TypeCheckerTests {
    static let environment = TypeEnvironment(
        [
            .init(name: "amount", type: .number), .init(name: "name", type: .string),
            .init(name: "flag", type: .boolean),
            .init(
                name: "order",
                type: .context(
                    members: [.init(name: "id", type: .string), .init(name: "total", type: .number)], open: false)),
            .init(
                name: "orders", type: .list(of: .context(members: [.init(name: "total", type: .number)], open: true))),
            .init(name: "due", type: .date), .init(name: "anything", type: .any),
        ], isComplete: true)

    private func infer(_ source: String, _ language: ExpressionLanguage = .feel) throws -> (
        ExpressionType, [TypeProblem.Kind]
    ) {
        let (type, problems) = TypeChecker.infer(try Expression.parse(source, as: language), in: Self.environment)
        return (type, problems.map(\.kind))
    }

    @Test(
        arguments: [
            ("amount + 1", .number), ("name + \"x\"", .string), ("amount > 1 and flag", .boolean),
            ("order.total", .number),
            ("orders.total", .list(of: .number)),
            ("orders[total > 5]", .list(of: .context(members: [.init(name: "total", type: .number)], open: true))),
            ("orders[1].total", .number), ("if flag then 1 else 2", .number), ("if flag then 1 else \"a\"", .any),
            ("if flag then 1 else null", .number),
            ("[1, 2]", .list(of: .number)), ("{a: 1}.a", .number),
            ("for i in [1, 2] return i > 1", .list(of: .boolean)), ("due + @\"P1D\"", .date),
            ("due - due", .daysTimeDuration), ("due.year", .number), ("string length(name)", .number),
            ("anything + 1", .any), ("(function(x: number) x + 1)(2)", .number),
            ("some o in orders satisfies o.total > 1", .boolean), ("-amount", .number), ("null", .null),
            ("5 in [1..3]", .boolean),
        ] as [(String, ExpressionType)])
    func `infers`(source: String, type: ExpressionType) throws {
        let (inferred, problems) = try infer(source)
        #expect(inferred == type)
        #expect(problems.isEmpty)
    }

    @Test(
        arguments: [
            ("missing + 1", [.unknownVariable]), ("order.missing", [.unknownMember]), ("amount + name", [.mismatch]),
            ("amount = name", [.mismatch]),
            ("if amount then 1 else 2", [.mismatch]), ("floor()", [.argumentCount]),
            ("nofunction(1)", [.unknownFunction]),
            ("(function(x) x)(1, 2)", [.argumentCount]), ("amount between 1 and name", [.mismatch]),
            ("orders[other = 1]", []), ("flag and amount", [.mismatch]),
        ] as [(String, [TypeProblem.Kind])])
    func `finds problems`(source: String, kinds: [TypeProblem.Kind]) throws {
        #expect(try infer(source).1 == kinds)
    }

    @Test func `infers JUEL`() throws {
        #expect(try infer("${amount + name}", .juel).0 == .number)
        #expect(try infer("a-${amount}", .juel).0 == .string)
        #expect(try infer("${order['id']}", .juel).0 == .string)
        #expect(try infer("${name.length() > 3}", .juel).0 == .boolean)
        #expect(try infer("${missing}", .juel).1 == [.unknownVariable])
    }

    @Test func `problems have positions`() throws {
        let problems = TypeChecker.infer(try Expression.parse("1 +\n  missing", as: .feel), in: Self.environment)
            .problems
        #expect(problems.map(\.line) == [2])
        #expect(problems.map(\.column) == [3])
    }

    @Test func `types conform and join`() {
        let closed = ExpressionType.context(members: [.init(name: "a", type: .number)], open: false)
        #expect(closed.conforms(to: .anyContext))
        #expect(!closed.conforms(to: .context(members: [.init(name: "b", type: .number)], open: true)))
        #expect(ExpressionType.list(of: .number).conforms(to: .anyList))
        #expect(ExpressionType.null.conforms(to: .number))
        #expect(ExpressionType.number.joined(with: .string) == .any)
        #expect(closed.joined(with: .null) == closed)
    }
}
