package import Values

extension Expression {
    /// The value, if the expression is made of constants alone, and so has the same in every instance.
    package var foldedValue: JSON? {
        if let value = constantValue { return value }
        guard root.isMadeOfConstants else { return nil }
        return try? evaluate(in: NoVariables())
    }
}

private struct NoVariables: VariableScope {
    var now: Timestamp { Timestamp(millisecondsSinceEpoch: 0) }
    var names: [String] { [] }
    func lookup(_ name: String) -> JSON? { nil }
}

extension Node {
    fileprivate var isMadeOfConstants: Bool {
        switch kind {
        case .literal, .json: true
        case .negate, .binary, .list, .context, .template, .conditional, .not:
            kind.children.allSatisfy(\.isMadeOfConstants)
        case .name, .path, .filter, .index, .empty, .between, .membership, .test, .unaryTests, .range, .iteration,
            .quantified, .function, .call, .method, .instanceOf:
            false
        }
    }
}
