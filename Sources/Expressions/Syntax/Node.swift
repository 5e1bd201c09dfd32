import Values

/// A node of the tree that both languages are parsed into.
struct Node: Sendable, Hashable {
    let kind: Kind
    /// Where its text begins (for an operator: the operator), in Unicode scalars from the start of the source.
    let offset: Int
    /// Levels of the tree from here down. Bounded by the parsers, so that walking a tree by recursion is safe.
    let depth: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
        self.depth = 1 + (kind.children.lazy.map(\.depth).max() ?? 0)
    }

    indirect enum Kind: Sendable, Hashable {
        case literal(Datum)
        /// A constant kept as the JSON it was written in.
        case json(JSON)
        case name(String)
        /// `a.b`
        case path(Node, String)
        /// FEEL `a[b]`: an index if `b` is a number, a condition on each item otherwise.
        case filter(Node, Node)
        /// JUEL `a[b]`: a member or an index.
        case index(Node, Node)
        case not(Node)
        case negate(Node)
        /// JUEL `empty a`
        case empty(Node)
        case binary(BinaryOperator, Node, Node)
        case between(Node, low: Node, high: Node)
        /// `a in (test, test)`
        case membership(Node, tests: [Node])
        /// `< 5`, in unary tests: compares the tested value.
        case test(BinaryOperator, Node)
        /// Unary tests, alone (DMN): true or false of the variable `?`.
        case unaryTests([Node], negated: Bool)
        case conditional(Node, then: Node, otherwise: Node)
        case list([Node])
        case context([ContextEntry])
        case range(RangeNode)
        case iteration([Iterator], body: Node)
        case quantified(Quantifier, [Iterator], condition: Node)
        case function(parameters: [FormalParameter], body: Node)
        case call(Node, Arguments)
        /// JUEL `a.name(b)`: one of a fixed list of pure methods.
        case method(Node, String, [Node])
        case instanceOf(Node, ExpressionType)
        /// JUEL text with embedded expressions: a string.
        case template([Node])
    }

    enum Quantifier: Sendable, Hashable { case some, every }

    enum Arguments: Sendable, Hashable {
        case positional([Node])
        case named([ContextEntry])

        var nodes: [Node] {
            switch self {
            case .positional(let nodes): nodes
            case .named(let entries): entries.map(\.value)
            }
        }
    }

    struct ContextEntry: Sendable, Hashable {
        let name: String
        let value: Node
    }

    struct FormalParameter: Sendable, Hashable {
        let name: String
        let type: ExpressionType
    }

    /// `x in list`, or `x in low..high`.
    struct Iterator: Sendable, Hashable {
        let name: String
        let source: Node
        let end: Node?
    }

    /// A missing end is open: `(< 5)` has no start.
    struct RangeNode: Sendable, Hashable {
        let start: Node?
        let startIncluded: Bool
        let end: Node?
        let endIncluded: Bool
    }
}

enum BinaryOperator: String, Sendable, Hashable {
    case or, and
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "**"
}

extension Node.Kind {
    /// The nodes directly below, in the order of the text.
    var children: [Node] {
        switch self {
        case .literal, .json, .name: []
        case .path(let base, _), .not(let base), .negate(let base), .empty(let base), .instanceOf(let base, _): [base]
        case .test(_, let operand): [operand]
        case .filter(let base, let inner), .index(let base, let inner): [base, inner]
        case .binary(_, let left, let right): [left, right]
        case .between(let value, let low, let high): [value, low, high]
        case .membership(let value, let tests): [value] + tests
        case .unaryTests(let tests, _): tests
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .list(let nodes), .template(let nodes): nodes
        case .context(let entries): entries.map(\.value)
        case .range(let range): [range.start, range.end].compactMap { $0 }
        case .iteration(let iterators, let body): iterators.flatMap(\.nodes) + [body]
        case .quantified(_, let iterators, let condition): iterators.flatMap(\.nodes) + [condition]
        case .function(_, let body): [body]
        case .call(let callee, let arguments): [callee] + arguments.nodes
        case .method(let receiver, _, let arguments): [receiver] + arguments
        }
    }
}

extension Node.Iterator {
    var nodes: [Node] { [source] + (end.map { [$0] } ?? []) }
}

extension Node {
    /// The variable that a chain of members begins with.
    var rootName: String? {
        if case .name(let name) = kind { return name }
        if case .path(let base, _) = kind { return base.rootName }
        return nil
    }

    /// JUEL's `execution` or `task`; `task.execution` is the former.
    var hostObject: HostObject? {
        if case .name(let name) = kind { return HostObject(rawValue: name) }
        if case .path(let base, "execution") = kind, base.kind == .name("task") { return .execution }
        if case .method(let base, "getExecution", let arguments) = kind, arguments.isEmpty, base.kind == .name("task") {
            return .execution
        }
        return nil
    }

    var isHostObject: Bool { hostObject != nil }

    /// The raw JSON of a variable, or of members of one, if that is all the node is and it exists.
    func readRaw(from scope: any VariableScope) -> JSON? {
        if case .json(let json) = kind { return json }
        if case .name(let name) = kind { return scope.lookup(name) }
        guard case .path(let base, let member) = kind, let json = base.readRaw(from: scope), json.isObject else {
            return nil
        }
        return json[member]
    }
}
