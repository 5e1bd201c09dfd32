package import Values

/// What a condition claims where it holds, or where it does not: comparisons with constants as far as it is made of them, and the
/// rest as it is written. All claims of a list hold together.
package struct ConditionClaim: Sendable, Hashable {
    package enum Relation: Sendable, Hashable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

    /// The variables it is about.
    package let names: [String]
    let content: Content

    enum Content: Sendable, Hashable {
        /// A variable, or a member of one, against a constant.
        case comparison(Node.Kind, Relation, Value)
        /// Anything else, which holds or does not.
        case opaque(Node.Kind, holds: Bool)
    }
}

extension Expression {
    /// What is so if the condition holds; or, with `false`, if it does not.
    package func claims(holding holds: Bool) -> [ConditionClaim] {
        var claims: [ConditionClaim] = []
        ConditionClaim.collect(root, holds, into: &claims)
        return claims
    }
}

extension ConditionClaim {
    /// Whether claims are certain to be possible together. False if they are not, or if nobody can say: two that are about one
    /// variable, and of which one is no comparison with a constant, unless they are the same. `values` lists, for the variables that
    /// have few, the values that they can have.
    package static func areSurelyPossible(_ claims: [ConditionClaim], values: [String: [Value]] = [:]) -> Bool {
        var different: [ConditionClaim] = []
        for claim in claims where !different.contains(claim) { different.append(claim) }
        var subjects: [Node.Kind] = []
        for (index, claim) in different.enumerated() {
            guard case .comparison(let subject, _, _) = claim.content else {
                let others = different.indices.filter { $0 != index }
                if others.contains(where: { !Set(different[$0].names).isDisjoint(with: claim.names) }) { return false }
                if claim.names.isEmpty { return false }
                continue
            }
            if !subjects.contains(subject) { subjects.append(subject) }
        }
        return subjects.allSatisfy { subject in
            let comparisons = different.compactMap { claim -> (Relation, Value)? in
                guard case .comparison(subject, let relation, let value) = claim.content else { return nil }
                return (relation, value)
            }
            guard case .name(let name) = subject, let values = values[name] else { return isPossible(comparisons) }
            return values.contains { value in comparisons.allSatisfy { $0.0.holds(value, $0.1) } }
        }
    }

    // MARK: Reading

    fileprivate static func collect(_ node: Node, _ holds: Bool, into claims: inout [ConditionClaim]) {
        if let value = node.constant?.boolValue, value == holds { return }
        switch node.kind {
        case .not(let operand): return collect(operand, !holds, into: &claims)
        case .call(let callee, let arguments)
        where callee.kind == .name("not") && arguments.nodes.count == 1:
            return collect(arguments.nodes[0], !holds, into: &claims)
        case .binary(.and, let left, let right) where holds, .binary(.or, let left, let right) where !holds:
            collect(left, holds, into: &claims)
            return collect(right, holds, into: &claims)
        case .template(let parts) where parts.count == 1: return collect(parts[0], holds, into: &claims)
        case .binary(let binary, let left, let right):
            if let claim = comparison(binary, left, right, holds) { return claims.append(claim) }
        case .name, .path:
            if node.rootName != nil {
                return claims.append(comparison(of: node, holds ? .equal : .notEqual, .bool(true)))
            }
        case .literal, .json, .filter, .index, .negate, .empty, .between, .membership, .test, .unaryTests, .conditional,
            .list, .context, .range, .iteration, .quantified, .function, .call, .method, .instanceOf, .template:
            break
        }
        var reader = VariableReader()
        reader.visit(node)
        claims.append(
            ConditionClaim(names: reader.names + reader.perhaps, content: .opaque(node.plainKind, holds: holds)))
    }

    private static func comparison(of node: Node, _ relation: Relation, _ value: Value) -> ConditionClaim {
        // A truth value is one of two.
        let isOther = relation == .notEqual && value.boolValue != nil
        return ConditionClaim(
            names: node.rootName.map { [$0] } ?? [],
            content: .comparison(
                node.plainKind, isOther ? .equal : relation, isOther ? .bool(value.boolValue == false) : value))
    }

    private static func comparison(
        _ binary: BinaryOperator, _ left: Node, _ right: Node, _ holds: Bool
    ) -> ConditionClaim? {
        guard var relation = Relation(binary) else { return nil }
        var (subject, constant) = (left, right)
        if subject.constant != nil {
            (subject, constant) = (right, left)
            relation = relation.turned
        }
        guard subject.rootName != nil, let value = constant.constant else { return nil }
        switch value {
        case .null, .list, .object: return nil
        case .bool, .number, .string: break
        }
        return comparison(of: subject, holds ? relation : relation.opposite, value)
    }

    // MARK: Deciding

    /// Whether a value fulfils all comparisons. One that is not there is left out of account.
    private static func isPossible(_ comparisons: [(Relation, Value)]) -> Bool {
        let equals = comparisons.filter { $0.0 == .equal }.map(\.1)
        if let value = equals.first { return comparisons.allSatisfy { $0.0.holds(value, $0.1) } }
        let bounds = comparisons.filter { $0.0 != .notEqual }
        guard let kind = bounds.first?.1 else { return true }
        // Between numbers there are always others; unlike kinds are left undecided.
        switch kind {
        case .number: break
        case .string: return bounds.count == 1 || hasText(comparisons)
        case .null, .bool, .list, .object: return bounds.count == 1
        }
        var low: (value: Decimal128, isIn: Bool)?
        var high: (value: Decimal128, isIn: Bool)?
        for (relation, value) in bounds {
            guard let number = value.numberValue else { return false }
            switch relation {
            case .greater, .greaterOrEqual:
                let bound = (value: number, isIn: relation == .greaterOrEqual)
                if low.map({ bound.value > $0.value || bound.value == $0.value && !bound.isIn }) ?? true { low = bound }
            case .less, .lessOrEqual:
                let bound = (value: number, isIn: relation == .lessOrEqual)
                if high.map({ bound.value < $0.value || bound.value == $0.value && !bound.isIn }) ?? true {
                    high = bound
                }
            case .equal, .notEqual: continue
            }
        }
        guard let low, let high else { return true }
        let isExcluded = comparisons.contains { $0.0 == .notEqual && $0.1 == .number(low.value) }
        return low.value < high.value || low.value == high.value && low.isIn && high.isIn && !isExcluded
    }
}

extension ConditionClaim {
    /// Whether a text near those that are compared with fulfils all comparisons: one of them, one right behind it, or the empty one.
    private static func hasText(_ comparisons: [(Relation, Value)]) -> Bool {
        let texts = comparisons.compactMap(\.1.stringValue)
        return (texts + texts.map { $0 + "0" } + [""]).contains { text in
            comparisons.allSatisfy { $0.0.holds(.string(text), $0.1) }
        }
    }
}

extension ConditionClaim.Relation {
    fileprivate init?(_ binary: BinaryOperator) {
        switch binary {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        case .or, .and, .add, .subtract, .multiply, .divide, .remainder, .power: return nil
        }
    }

    fileprivate var opposite: Self {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }

    /// The same with its sides exchanged.
    fileprivate var turned: Self {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    fileprivate func holds(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        let order: Int
        switch (left, right) {
        case (.number(let left), .number(let right)): order = left < right ? -1 : left == right ? 0 : 1
        case (.string(let left), .string(let right)): order = FEELComparison.scalarOrder(left, right)
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.list, _), (.object, _): return false
        }
        switch self {
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        case .equal, .notEqual: return false
        }
    }
}

extension Node {
    /// The kind without the places in the text, so that what is written the same is the same.
    fileprivate var plainKind: Kind {
        switch kind {
        case .name, .literal, .json: return kind
        case .path(let base, let member): return .path(Node(base.plainKind, at: 0), member)
        case .binary(let binary, let left, let right):
            return .binary(binary, Node(left.plainKind, at: 0), Node(right.plainKind, at: 0))
        case .not(let operand): return .not(Node(operand.plainKind, at: 0))
        case .empty(let operand): return .empty(Node(operand.plainKind, at: 0))
        case .negate(let operand): return .negate(Node(operand.plainKind, at: 0))
        case .call(let callee, .positional(let arguments)):
            return .call(
                Node(callee.plainKind, at: 0), .positional(arguments.map { Node($0.plainKind, at: 0) }))
        case .filter, .index, .between, .membership, .test, .unaryTests, .conditional, .list, .context, .range,
            .iteration, .quantified, .function, .call, .method, .instanceOf, .template:
            return kind
        }
    }

    /// The value of a number, a text, a truth value or null that is written down.
    fileprivate var constant: Value? {
        switch kind {
        case .json(let json): return json.decoded()
        case .literal(.null): return .null
        case .literal(.bool(let bool)): return .bool(bool)
        case .literal(.number(let number)): return .number(number)
        case .literal(.string(let string)): return .string(string)
        case .negate(let operand):
            return operand.constant?.numberValue.flatMap { Decimal128(0).subtracting($0) }.map { .number($0) }
        case .template(let parts) where parts.count == 1: return parts[0].constant
        case .literal, .name, .path, .filter, .index, .not, .empty, .binary, .between, .membership, .test, .unaryTests,
            .conditional, .list, .context, .range, .iteration, .quantified, .function, .call, .method, .instanceOf,
            .template:
            return nil
        }
    }
}
