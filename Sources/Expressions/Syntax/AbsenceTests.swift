import Values

/// Collects the variables that an expression is prepared to find missing: it compares them with null, or asks whether they are there.
struct AbsenceTests {
    /// In order of first appearance.
    private(set) var names: [String] = []

    mutating func visit(_ node: Node) {
        switch node.kind {
        case .binary(.equal, let left, let right), .binary(.notEqual, let left, let right):
            if isNull(right) { add(left) }
            if isNull(left) { add(right) }
        case .empty(let operand): add(operand)
        case .membership(let value, let tests) where tests.contains(where: isNull): add(value)
        case .call(let callee, let arguments):
            guard let first = arguments.nodes.first else { break }
            if callee.kind == .name("is defined") || callee.kind == .name("get or else") { add(first) }
        case .instanceOf(let operand, _): add(operand)
        case .method(let receiver, let method, let arguments):
            guard receiver.isHostObject,
                ["getVariable", "hasVariable", "getVariableLocal", "hasVariableLocal"].contains(method),
                case .literal(.string(let name))? = arguments.first?.kind
            else { break }
            add(name)
        case .literal, .json, .name, .path, .filter, .index, .not, .negate, .binary, .between, .membership, .test,
            .unaryTests, .conditional, .list, .context, .range, .iteration, .quantified, .function, .template:
            break
        }
        for child in node.kind.children { visit(child) }
    }

    private func isNull(_ node: Node) -> Bool {
        if case .json(let json) = node.kind { return json.isNull }
        return node.kind == .literal(.null)
    }

    private mutating func add(_ node: Node) {
        if let name = node.rootName { add(name) }
    }

    private mutating func add(_ name: String) {
        if !names.contains(name) { names.append(name) }
    }
}

extension Expression {
    /// The names of the variables that it is prepared to find missing.
    package var variablesTestedForAbsence: [String] {
        var tests = AbsenceTests()
        tests.visit(root)
        return tests.names
    }
}
