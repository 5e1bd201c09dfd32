import Values

/// Infers types and finds what cannot be meant.
///
/// Sound: the value of an expression is of the inferred type, or null. What is not known is `any`, about which nothing
/// is ever a problem.
package struct TypeChecker {
    private let language: ExpressionLanguage
    private let source: String
    private let environment: TypeEnvironment
    private var bound: [TypeEnvironment.Variable] = []
    /// Inside a filter of items whose members are not all known, any name may be a member.
    private var unknownMembers = 0
    private(set) var problems: [TypeProblem] = []

    private init(_ expression: Expression, _ environment: TypeEnvironment) {
        language = expression.language
        source = expression.source
        self.environment = environment
    }

    package static func infer(
        _ expression: Expression, in environment: TypeEnvironment
    ) -> (type: ExpressionType, problems: [TypeProblem]) {
        var checker = TypeChecker(expression, environment)
        let type = checker.infer(expression.root)
        return (type, checker.problems)
    }

    mutating func report(_ kind: TypeProblem.Kind, _ message: String, at node: Node) {
        let position = SourcePosition(offset: node.offset, in: source)
        problems.append(TypeProblem(kind: kind, message: message, line: position.line, column: position.column))
    }

    mutating func infer(_ node: Node) -> ExpressionType {
        switch node.kind {
        case .literal(let value): return ExpressionType(of: value)
        case .json(let json): return ExpressionType(of: Datum(json.decoded()))
        case .name(let name): return variable(name, at: node)
        case .path(let base, let member): return path(infer(base), member, at: node)
        case .filter(let base, let condition): return filter(infer(base), condition)
        case .index(let base, let index): return self.index(infer(base), index)
        case .not(let operand), .empty(let operand):
            _ = infer(operand)
            return .boolean
        case .negate(let operand):
            let type = infer(operand)
            return language == .juel ? .number : OperatorTypes.negated(type)
        case .binary(let binary, let left, let right): return self.binary(binary, infer(left), infer(right), at: node)
        case .between(let value, let low, let high):
            let type = infer(value)
            comparable(type, infer(low), at: low)
            comparable(type, infer(high), at: high)
            return .boolean
        case .membership(let value, let tests): return membership(infer(value), tests)
        case .test(_, let operand):
            _ = infer(operand)
            return .boolean
        case .unaryTests(let tests, _): return membership(variableType("?") ?? .any, tests)
        case .conditional(let condition, let then, let otherwise):
            expectBoolean(infer(condition), at: condition)
            return infer(then).joined(with: infer(otherwise))
        case .list(let nodes): return .list(of: nodes.reduce(.null) { $0.joined(with: infer($1)) })
        case .context(let entries): return context(entries)
        case .range(let range): return self.range(range)
        case .iteration(let iterators, let body):
            return binding([]) { checker in
                checker.bind(iterators)
                checker.bound.append(.init(name: "partial", type: .anyList))
                return .list(of: checker.infer(body))
            }
        case .quantified(_, let iterators, let condition):
            return binding([]) { checker in
                checker.bind(iterators)
                checker.expectBoolean(checker.infer(condition), at: condition)
                return .boolean
            }
        case .function(let parameters, let body):
            return binding(parameters.map { .init(name: $0.name, type: $0.type) }) { checker in
                .function(parameters: parameters.map(\.type), result: checker.infer(body))
            }
        case .call(let callee, let arguments): return call(callee, arguments, at: node)
        case .method(let receiver, let name, let arguments):
            if !receiver.isHostObject { _ = infer(receiver) }
            for argument in arguments { _ = infer(argument) }
            return OperatorTypes.method(name)
        case .instanceOf(let operand, _):
            _ = infer(operand)
            return .boolean
        case .template(let parts):
            for part in parts { _ = infer(part) }
            return .string
        }
    }

    // MARK: Names

    private func variableType(_ name: String) -> ExpressionType? {
        bound.last { $0.name == name }?.type ?? environment.variables.first { $0.name == name }?.type
    }

    private mutating func variable(_ name: String, at node: Node) -> ExpressionType {
        if let type = variableType(name) { return type }
        if unknownMembers > 0 { return .any }
        if language == .feel, BuiltIn.standard(named: name) != nil { return .any }
        if language == .juel, HostObject(rawValue: name) != nil { return .any }
        if environment.isComplete { report(.unknownVariable, "there is no variable `\(name)`", at: node) }
        return .any
    }

    private mutating func binding(
        _ variables: [TypeEnvironment.Variable], _ body: (inout TypeChecker) -> ExpressionType
    ) -> ExpressionType {
        let mark = bound.count
        bound += variables
        let type = body(&self)
        bound.removeSubrange(mark...)
        return type
    }

    private mutating func bind(_ iterators: [Node.Iterator]) {
        for iterator in iterators {
            let source = infer(iterator.source)
            var item = source.itemType
            if let end = iterator.end {
                _ = infer(end)
                item = source
            }
            bound.append(.init(name: iterator.name, type: item))
        }
    }

    // MARK: Parts

    private mutating func path(_ base: ExpressionType, _ member: String, at node: Node) -> ExpressionType {
        if case .list(let item) = base, language == .feel { return .list(of: path(item, member, at: node)) }
        if case .context(let members, let open) = base {
            if let known = members.first(where: { $0.name == member }) { return known.type }
            if !open { report(.unknownMember, "there is no member `\(member)` in \(base)", at: node) }
            return open ? .any : .null
        }
        if base == .string || base == .number || base == .boolean {
            report(.unknownMember, "there is no member `\(member)` in a \(base)", at: node)
            return .null
        }
        return language == .feel ? OperatorTypes.property(member, of: base) : .any
    }

    private mutating func filter(_ base: ExpressionType, _ condition: Node) -> ExpressionType {
        let item = base.itemType
        var variables: [TypeEnvironment.Variable] = [.init(name: "item", type: item)]
        var isOpen = item == .any
        if case .context(let members, let open) = item {
            variables += members.map { .init(name: $0.name, type: $0.type) }
            isOpen = open
        }
        if case .named = item { isOpen = true }
        unknownMembers += isOpen ? 1 : 0
        var verdict = ExpressionType.any
        _ = binding(variables) { checker in
            verdict = checker.infer(condition)
            return verdict
        }
        unknownMembers -= isOpen ? 1 : 0
        switch verdict {
        case .number: return item
        case .boolean: return .list(of: item)
        case .any, .null, .string, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .list, .context,
            .range, .function, .named:
            return .any
        }
    }

    private mutating func index(_ base: ExpressionType, _ index: Node) -> ExpressionType {
        _ = infer(index)
        if case .list(let item) = base { return item }
        if case .context(let members, _) = base, case .literal(.string(let name)) = index.kind {
            return members.first { $0.name == name }?.type ?? .any
        }
        return .any
    }

    private mutating func binary(
        _ binary: BinaryOperator, _ left: ExpressionType, _ right: ExpressionType, at node: Node
    ) -> ExpressionType {
        switch binary {
        case .and, .or:
            expectBoolean(left, at: node)
            expectBoolean(right, at: node)
            return .boolean
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            comparable(left, right, at: node)
            return .boolean
        case .add, .subtract, .multiply, .divide, .remainder, .power:
            if language == .juel { return .number }
            guard let result = OperatorTypes.arithmetic(binary, left, right) else {
                report(.mismatch, "`\(binary.rawValue)` does not take \(left) and \(right)", at: node)
                return .null
            }
            return result
        }
    }

    private mutating func membership(_ value: ExpressionType, _ tests: [Node]) -> ExpressionType {
        binding([.init(name: "?", type: value)]) { checker in
            for test in tests { _ = checker.infer(test) }
            return .boolean
        }
    }

    private mutating func context(_ entries: [Node.ContextEntry]) -> ExpressionType {
        var members: [ExpressionType.Member] = []
        _ = binding([]) { checker in
            for entry in entries {
                let type = checker.infer(entry.value)
                members.append(.init(name: entry.name, type: type))
                checker.bound.append(.init(name: entry.name, type: type))
            }
            return .null
        }
        return .context(members: members, open: false)
    }

    private mutating func range(_ range: Node.RangeNode) -> ExpressionType {
        let start = range.start.map { infer($0) } ?? .null
        let end = range.end.map { infer($0) } ?? .null
        return .range(of: start.joined(with: end))
    }

    private mutating func call(_ callee: Node, _ arguments: Node.Arguments, at node: Node) -> ExpressionType {
        for argument in arguments.nodes { _ = infer(argument) }
        if case .name(let name) = callee.kind, variableType(name) == nil {
            guard let builtIn = BuiltIn.named(name) else {
                let suggestion = Spelling.suggestion(for: name, among: BuiltIn.all.map(\.name)).map { "; \($0)" } ?? ""
                report(.unknownFunction, "there is no function `\(name)`\(suggestion)", at: callee)
                return .any
            }
            if !builtIn.takes(arguments) { report(.argumentCount, "`\(name)` does not take these arguments", at: node) }
            return builtIn.result
        }
        guard case .function(let parameters, let result) = infer(callee) else { return .any }
        if parameters.isEmpty, result == .any { return .any }
        if parameters.count != arguments.nodes.count {
            report(.argumentCount, "the function takes \(parameters.count) arguments", at: node)
        }
        return result
    }

    // MARK: Expectations

    private mutating func expectBoolean(_ type: ExpressionType, at node: Node) {
        if language == .feel, type.excludes(.boolean) { report(.mismatch, "\(type) is never true or false", at: node) }
    }

    private mutating func comparable(_ left: ExpressionType, _ right: ExpressionType, at node: Node) {
        guard language == .feel, left.excludes(right) else { return }
        if [left, right].allSatisfy({ $0 == .date || $0 == .dateTime }) { return }
        report(.mismatch, "\(left) and \(right) cannot be compared", at: node)
    }
}
