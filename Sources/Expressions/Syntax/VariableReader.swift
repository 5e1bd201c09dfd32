/// Collects the variables a tree reads.
struct VariableReader {
    /// In order of first appearance.
    private(set) var names: [String] = []
    /// Those inside filters.
    private(set) var perhaps: [String] = []
    /// Functions that are called and are neither FEEL's nor bound here, with their places.
    private(set) var functions: [(name: String, offset: Int)] = []
    private var bound: [String] = []
    private var filterDepth = 0

    mutating func visit(_ node: Node) {
        switch node.kind {
        case .name(let name): read(name)
        case .filter(let base, let condition):
            visit(base)
            filterDepth += 1
            binding(["item"]) { $0.visit(condition) }
            filterDepth -= 1
        case .context(let entries):
            binding([]) { reader in
                for entry in entries {
                    reader.visit(entry.value)
                    reader.bound.append(entry.name)
                }
            }
        case .iteration(let iterators, let body):
            binding(["partial"]) { $0.visit(iterators, then: body) }
        case .quantified(_, let iterators, let condition):
            binding([]) { $0.visit(iterators, then: condition) }
        case .function(let parameters, let body):
            binding(parameters.map(\.name)) { $0.visit(body) }
        case .unaryTests(let tests, _):
            binding(["?"]) { reader in tests.forEach { reader.visit($0) } }
        case .membership(let value, let tests):
            visit(value)
            binding(["?"]) { reader in tests.forEach { reader.visit($0) } }
        case .call(let callee, let arguments):
            visitCallee(callee)
            arguments.nodes.forEach { visit($0) }
        case .path(let base, let member):
            // `execution.variables.x` reads `x`.
            if case .path(let host, "variables") = base.kind, host.isHostObject { read(member) } else { visit(base) }
        case .method(let receiver, let method, let arguments):
            visitMethod(of: receiver, method, arguments)
        case .literal, .json, .index, .not, .negate, .empty, .binary, .between, .test, .conditional,
            .list, .range, .instanceOf, .template:
            node.kind.children.forEach { visit($0) }
        }
    }

    /// `execution.getVariable('x')` reads `x`.
    private mutating func visitMethod(of receiver: Node, _ method: String, _ arguments: [Node]) {
        if receiver.isHostObject {
            if method == "getVariable" || method == "getVariableLocal",
                case .literal(.string(let name))? = arguments.first?.kind
            {
                read(name)
            }
        } else {
            visit(receiver)
        }
        arguments.forEach { visit($0) }
    }

    /// Variables are JSON, which has no functions: a name that is called is none.
    private mutating func visitCallee(_ callee: Node) {
        guard case .name(let name) = callee.kind else { return visit(callee) }
        if !bound.contains(name), BuiltIn.named(name) == nil { functions.append((name, callee.offset)) }
    }

    private mutating func visit(_ iterators: [Node.Iterator], then body: Node) {
        for iterator in iterators {
            iterator.nodes.forEach { visit($0) }
            bound.append(iterator.name)
        }
        visit(body)
    }

    private mutating func binding(_ names: [String], _ body: (inout VariableReader) -> Void) {
        let count = bound.count
        bound += names
        body(&self)
        bound.removeSubrange(count...)
    }

    private mutating func read(_ name: String) {
        if bound.contains(name) { return }
        if filterDepth > 0 {
            if !perhaps.contains(name) { perhaps.append(name) }
        } else if !names.contains(name) {
            names.append(name)
        }
    }
}
