import OrderedCollections
import Values

/// Walks a tree once. The tree is the same for both languages; names, operators and conditions follow `language`.
///
/// One evaluator may evaluate many expressions, as a decision model does: the limits then hold for all of them together.
package struct Evaluator {
    private(set) var language: ExpressionLanguage
    let scope: any VariableScope
    package let limits: EvaluationLimits
    /// The text that positions count in.
    var source = ""
    let host: (any EvaluationHost)?
    /// The changes that JUEL asked for so far; nil where nothing may change.
    var effects: [ExpressionEffect]?
    private var steps = 0
    private var depth = 0
    /// Variables that were decoded, so that a loop decodes them once.
    private var decoded: [String: Datum] = [:]
    /// Patterns that were compiled, so that a loop compiles them once. Nil for wrong ones.
    private var patterns: [PatternKey: Pattern?] = [:]

    private struct PatternKey: Hashable {
        let source: String
        let flags: String?
    }

    package init(
        language: ExpressionLanguage, scope: any VariableScope, limits: EvaluationLimits,
        host: (any EvaluationHost)? = nil
    ) {
        self.language = language
        self.scope = scope
        self.limits = limits
        self.host = host
    }

    /// The value of an expression of which `binding` has the variables.
    package mutating func evaluate(_ expression: Expression, in binding: Binding?) throws(ExpressionError) -> Datum {
        let outer = (language, source)
        language = expression.language
        source = expression.source
        defer { (language, source) = outer }
        do throws(Fault) {
            return try evaluate(expression.root, in: binding)
        } catch {
            throw error.located(in: expression.source)
        }
    }

    /// Runs `body` one level deeper: for hosts, whose own recursion counts as well.
    package mutating func nested<Result>(
        _ body: (inout Evaluator) throws(ExpressionError) -> Result
    ) throws(ExpressionError) -> Result {
        try spend(1)
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.maxDepth else {
            throw Fault(.limit, "evaluation is nested more than \(limits.maxDepth) levels deep", at: 0)
                .located(in: source)
        }
        return try body(&self)
    }

    /// Counts steps of a host.
    package mutating func spend(_ steps: Int) throws(ExpressionError) {
        do throws(Fault) {
            try charge(steps, offset: 0)
        } catch {
            throw error.located(in: source)
        }
    }

    mutating func evaluate(_ node: Node, in binding: Binding?) throws(Fault) -> Datum {
        try charge(1, at: node)
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.maxDepth else {
            throw Fault(.limit, "evaluation is nested more than \(limits.maxDepth) levels deep", at: node.offset)
        }
        return try dispatch(node, binding)
    }

    private mutating func dispatch(_ node: Node, _ binding: Binding?) throws(Fault) -> Datum {
        switch node.kind {
        case .literal(let value): resolved(value)
        case .json(let json): Datum(json.decoded())
        case .name(let name): try variable(name, binding, at: node)
        case .path(let base, let member): try path(node, base, member, binding)
        case .filter(let base, let condition): try filter(base, condition, binding)
        case .index(let base, let index): try juelIndex(base, index, binding)
        case .not(let operand): try juelNot(operand, binding)
        case .negate(let operand): try negate(evaluate(operand, in: binding), at: node)
        case .empty(let operand): .bool(JUELCoercion.isEmpty(try evaluate(operand, in: binding)))
        case .binary(let binary, let left, let right): try self.binary(binary, left, right, binding, at: node)
        case .between(let value, let low, let high): try between(value, low, high, binding, at: node)
        case .membership(let value, let tests): try membership(value, tests, binding)
        case .test(let comparison, let operand): try test(comparison, operand, binding, at: node)
        case .unaryTests(let tests, let negated): try unaryTests(tests, negated: negated, binding)
        case .conditional(let condition, let then, let otherwise):
            try evaluate(try holds(condition, binding) ? then : otherwise, in: binding)
        case .list(let nodes): try list(nodes, binding, at: node)
        case .context(let entries): try context(entries, binding, at: node)
        case .range(let range): try self.range(range, binding, at: node)
        case .iteration(let iterators, let body): try iteration(iterators, body, binding, at: node)
        case .quantified(let quantifier, let iterators, let condition):
            try quantified(quantifier, iterators, condition, binding)
        case .function(let parameters, let body):
            .function(
                FunctionValue(.defined(parameters: parameters, body: body, closure: binding, source: source)))
        case .call(let callee, let arguments): try call(callee, arguments, binding, at: node)
        case .method(let receiver, let name, let arguments): try method(receiver, name, arguments, binding, at: node)
        case .instanceOf(let operand, let type):
            try isInstance(try evaluate(operand, in: binding), of: type, at: node).map { .bool($0) } ?? .null
        case .template(let parts): try template(parts, binding, at: node)
        }
    }

    /// A regular expression; nil if it or its flags are wrong.
    mutating func pattern(_ source: String, flags: String?) -> Pattern? {
        let key = PatternKey(source: source, flags: flags)
        if let known = patterns[key] { return known }
        if patterns.count >= 64 { patterns.removeAll() }
        let pattern = XPathPattern.compile(source, flags: flags)
        patterns[key] = .some(pattern)
        return pattern
    }

    // MARK: Limits

    mutating func charge(_ count: Int, at node: Node) throws(Fault) {
        try charge(count, offset: node.offset)
    }

    mutating func charge(_ count: Int, offset: Int) throws(Fault) {
        steps += count
        guard steps <= limits.maxSteps else {
            throw Fault(.limit, "evaluation took more than \(limits.maxSteps) steps", at: offset)
        }
    }

    /// Refuses a value that grew beyond the limits.
    func checkSize(of value: Datum, at offset: Int) throws(Fault) {
        if case .list(let items) = value, items.count > limits.maxListSize {
            throw Fault(.limit, "a list has more than \(limits.maxListSize) items", at: offset)
        }
        if case .string(let string) = value, string.utf8.count > limits.maxStringBytes {
            throw Fault(.limit, "a string has more than \(limits.maxStringBytes) bytes", at: offset)
        }
    }

    // MARK: Names and paths

    /// A bound name, a variable, or (FEEL) a built-in function as a value; else null in FEEL and an error in JUEL.
    private mutating func variable(_ name: String, _ binding: Binding?, at node: Node) throws(Fault) -> Datum {
        if let value = Binding.lookup(name, in: binding) { return value }
        if let value = decoded[name] { return value }
        if let json = scope.lookup(name) {
            let value = Datum(json.decoded())
            decoded[name] = value
            return value
        }
        switch language {
        case .feel: return BuiltIn.standard(named: name).map { .function(FunctionValue(.builtIn($0))) } ?? .null
        case .juel:
            if let object = HostObject(rawValue: name), let json = scope.host(object) { return Datum(json.decoded()) }
            throw Fault(.name, "unknown variable `\(name)`", at: node.offset)
        }
    }

    /// Members of a variable that is not decoded yet are cut out of its raw JSON, unless a loop may come back.
    private mutating func path(
        _ node: Node, _ base: Node, _ member: String, _ binding: Binding?
    ) throws(Fault) -> Datum {
        if binding == nil, let root = base.rootName, decoded[root] == nil, let raw = node.readRaw(from: scope) {
            return Datum(raw.decoded())
        }
        if language == .juel, let object = base.hostObject,
            let raw = hostProperty(member, of: object)
        {
            return Datum(raw.decoded())
        }
        return try self.member(member, of: try evaluate(base, in: binding), at: node)
    }

    private mutating func member(_ name: String, of base: Datum, at node: Node) throws(Fault) -> Datum {
        if case .context(let members) = base, let value = members[name] { return value }
        switch language {
        case .feel:
            if case .list(let items) = base {
                try charge(items.count, at: node)
                var values: [Datum] = []
                for item in items { values.append(try member(name, of: item, at: node)) }
                return .list(values)
            }
            return Properties.value(of: name, in: base) ?? .null
        case .juel:
            if case .context = base { return .null }
            if base.isNull { return .null }
            throw Fault(.name, "\(base.kindName) has no property `\(name)`", at: node.offset)
        }
    }

    // MARK: Conditions

    private mutating func holds(_ condition: Node, _ binding: Binding?) throws(Fault) -> Bool {
        let value = try evaluate(condition, in: binding)
        switch language {
        case .feel: return value == .bool(true)
        case .juel: return try JUELCoercion.boolean(value, at: condition.offset)
        }
    }

    private mutating func juelNot(_ operand: Node, _ binding: Binding?) throws(Fault) -> Datum {
        .bool(try !JUELCoercion.boolean(try evaluate(operand, in: binding), at: operand.offset))
    }

    private mutating func binary(
        _ binary: BinaryOperator, _ left: Node, _ right: Node, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        if binary == .and || binary == .or { return try logical(binary == .or, left, right, binding) }
        let leftValue = try evaluate(left, in: binding)
        let rightValue = try evaluate(right, in: binding)
        let result: Datum
        switch language {
        case .feel: result = try feel(binary, leftValue, rightValue, at: node)
        case .juel: result = try JUELOperators.apply(binary, leftValue, rightValue, at: node.offset)
        }
        try checkSize(of: result, at: node.offset)
        return result
    }

    /// `and`, or `or` if `decisive` is true: the decisive value on either side decides. FEEL: anything that is not a
    /// boolean counts as unknown.
    private mutating func logical(
        _ decisive: Bool, _ left: Node, _ right: Node, _ binding: Binding?
    ) throws(Fault) -> Datum {
        switch language {
        case .feel:
            let leftValue = try evaluate(left, in: binding)
            if leftValue == .bool(decisive) { return leftValue }
            let rightValue = try evaluate(right, in: binding)
            if rightValue == .bool(decisive) { return rightValue }
            return leftValue == .bool(!decisive) && rightValue == .bool(!decisive) ? .bool(!decisive) : .null
        case .juel:
            if try holds(left, binding) == decisive { return .bool(decisive) }
            return .bool(try holds(right, binding))
        }
    }

    private func negate(_ value: Datum, at node: Node) throws(Fault) -> Datum {
        switch language {
        case .feel: FEELArithmetic.negate(value)
        case .juel: .number(try JUELCoercion.number(value, at: node.offset).negated)
        }
    }

    // MARK: Constructors

    private mutating func list(_ nodes: [Node], _ binding: Binding?, at node: Node) throws(Fault) -> Datum {
        var items: [Datum] = []
        items.reserveCapacity(nodes.count)
        for item in nodes { items.append(try evaluate(item, in: binding)) }
        return .list(items)
    }

    /// Later entries see earlier ones.
    private mutating func context(
        _ entries: [Node.ContextEntry], _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        var members: OrderedDictionary<String, Datum> = [:]
        for entry in entries {
            if case .literal(let value) = entry.value.kind {
                members[entry.name] = value
            } else {
                try charge(members.count, at: node)
                let inner = members.isEmpty ? binding : Binding(members: members, in: binding)
                members[entry.name] = try evaluate(entry.value, in: inner)
            }
        }
        return .context(members)
    }

    private mutating func range(_ range: Node.RangeNode, _ binding: Binding?, at node: Node) throws(Fault) -> Datum {
        var start: Datum?
        var end: Datum?
        if let node = range.start { start = try evaluate(node, in: binding) }
        if let node = range.end { end = try evaluate(node, in: binding) }
        return FEELRanges.make(
            start: start, startIncluded: range.startIncluded, end: end, endIncluded: range.endIncluded)
    }

    private mutating func template(_ parts: [Node], _ binding: Binding?, at node: Node) throws(Fault) -> Datum {
        var text = ""
        for part in parts {
            text += try string(of: try evaluate(part, in: binding), at: part)
            try checkSize(of: .string(text), at: part.offset)
        }
        return .string(text)
    }

    /// JUEL's text of a value: nothing for null, JSON for lists and contexts.
    mutating func string(of value: Datum, at node: Node) throws(Fault) -> String {
        if value.isNull { return "" }
        return try text(of: value, at: node.offset) ?? ""
    }
}
