package import Values

/// What JUEL reaches of the engine: `execution`, the instance at the place where the expression stands, `task`, its user
/// task, and `externalTask`, what an agent does. Everything about them is a property, read as `execution.businessKey` or `execution.getBusinessKey()`; methods read
/// variables or ask for a change.
package enum HostObject: String, Sendable, Hashable, CaseIterable {
    case execution, task
    /// An external task, for the conditions of its error definitions.
    case externalTask

    /// What a method of that name does; nil if there is none.
    func method(_ name: String, arguments: Int) -> Method? {
        if self == .externalTask { return arguments == 0 ? Self.property(of: name).map { .property($0) } : nil }
        switch (name, arguments) {
        case ("getVariable", 1), ("getVariableLocal", 1), ("hasVariable", 1), ("hasVariableLocal", 1),
            ("getVariables", 0),
            ("getVariableNames", 0):
            return .reading
        case ("setVariable", 2), ("setVariableLocal", 2): return .changing
        case ("setAssignee", 1), ("setName", 1), ("setPriority", 1), ("setDueDate", 1), ("setFollowUpDate", 1),
            ("addCandidateUser", 1), ("addCandidateGroup", 1):
            return self == .task ? .changing : nil
        case (_, 0): return Self.property(of: name).map { .property($0) }
        default: return nil
        }
    }

    enum Method: Hashable {
        case property(String)
        case reading
        case changing
    }

    /// `businessKey` for `getBusinessKey`.
    fileprivate static func property(of getter: String) -> String? {
        guard getter.hasPrefix("get"), getter.utf8.count > 3 else { return nil }
        let name = getter.dropFirst(3)
        return name.prefix(1).lowercased() + name.dropFirst()
    }
}

/// A change that an expression asks for: `execution.setVariable('x', 1)`. Who evaluates it carries it out.
package struct ExpressionEffect: Sendable, Hashable {
    package let receiver: HostObject
    package let method: String
    package let arguments: [JSON]
}

/// A method that an expression calls on `execution` or `task`.
package struct HostCall: Sendable, Hashable, CustomStringConvertible {
    package let receiver: HostObject
    package let method: String
    /// It asks for a change.
    package let isChange: Bool
    /// There is such a method, or perhaps one of a variable of that name.
    package let isKnown: Bool
    /// The property that it reads, if it is a getter.
    package let property: String?
    package var description: String { "\(receiver.rawValue).\(method)()" }
}

extension Expression {
    /// How the names of methods begin that change something.
    private static let changes = [
        "set", "add", "remove", "delete", "create", "complete", "resolve", "delegate", "claim",
    ]

    /// The methods of `execution` and `task` that it calls, in the order of the text.
    package var hostCalls: [HostCall] {
        guard language == .juel else { return [] }
        var calls: [HostCall] = []
        var rest = [root]
        while let node = rest.popLast() {
            rest += node.kind.children.reversed()
            guard case .method(let receiver, let name, let arguments) = node.kind,
                let object = receiver.hostObject
            else { continue }
            let method = object.method(name, arguments: arguments.count)
            let isPerhapsOfVariable = object == .task && !Self.changes.contains { name.hasPrefix($0) }
            calls.append(
                HostCall(
                    receiver: object, method: name, isChange: method == .changing,
                    isKnown: method != nil || isPerhapsOfVariable, property: HostObject.property(of: name)))
        }
        return calls
    }

    /// Whether it asks for any of the engine's objects.
    package var readsHostObjects: Bool {
        guard language == .juel else { return false }
        var rest = [root]
        while let node = rest.popLast() {
            if node.isHostObject { return true }
            rest += node.kind.children
        }
        return false
    }

    /// The properties of one of the engine's objects that it reads, by name or getter.
    package func properties(read object: HostObject) -> [String] {
        var names: [String] = hostCalls.filter { $0.receiver == object }.compactMap(\.property)
        var rest = [root]
        while let node = rest.popLast() {
            rest += node.kind.children.reversed()
            if case .path(let base, let name) = node.kind, base.hostObject == object { names.append(name) }
        }
        return names
    }

    /// The value, and the changes that it asks for on the way.
    package func evaluateWithEffects(
        in scope: any VariableScope, limits: EvaluationLimits = .standard
    ) throws(ExpressionError) -> (value: JSON, effects: [ExpressionEffect]) {
        if let raw = root.readRaw(from: scope) { return (raw, []) }
        do throws(Fault) {
            var evaluator = Evaluator(language: language, scope: scope, limits: limits)
            evaluator.effects = []
            let value = try evaluator.json(of: try evaluator.evaluate(root, in: nil), at: root.offset)
            return (value, evaluator.effects ?? [])
        } catch {
            throw error.located(in: source)
        }
    }
}

extension Evaluator {
    /// `execution.getVariable('x')` reads the scope; `execution.getBusinessKey()` is `execution.businessKey`. Nil: not a method
    /// of the engine's objects.
    mutating func host(
        _ object: HostObject, _ name: String, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        switch object.method(name, arguments: arguments.count) {
        case .property(let property): return hostProperty(property, of: object).map { Datum($0.decoded()) }
        case .reading: return try readVariable(name, arguments, at: node)
        case .changing:
            guard effects != nil else {
                throw Fault(
                    .name, "`\(object.rawValue).\(name)` changes something, which is not possible here", at: node.offset
                )
            }
            var values: [JSON] = []
            for argument in arguments { values.append(try json(of: argument, at: node.offset)) }
            effects?.append(ExpressionEffect(receiver: object, method: name, arguments: values))
            return .null
        case nil: return nil
        }
    }

    private func readVariable(_ method: String, _ arguments: [Datum], at node: Node) throws(Fault) -> Datum {
        guard let argument = arguments.first else {
            if method == "getVariableNames" { return .list(scope.names.map { .string($0) }) }
            return Datum(allVariables.decoded())
        }
        guard case .string(let name) = argument else {
            throw Fault(.type, "`\(method)` takes the name of a variable, not \(argument.kindName)", at: node.offset)
        }
        let value = method.hasSuffix("Local") ? scope.lookupLocal(name) : scope.lookup(name)
        if method.hasPrefix("has") { return .bool(value != nil) }
        return value.map { Datum($0.decoded()) } ?? .null
    }

    private var allVariables: JSON {
        .object(scope.names.compactMap { name in scope.lookup(name).map { (name, $0) } })
    }

    /// `execution.id` is a member of the variable `execution`, of the engine's object, or the variable `execution.id`. Nil where
    /// there is neither the variable nor the object.
    func hostProperty(_ name: String, of object: HostObject) -> JSON? {
        if let value = scope.lookup(object.rawValue)?[name] { return value }
        if let host = scope.host(object) {
            // The getters `getVariables()` and `getVariableNames()`, read as properties.
            if name == "variables", object != .externalTask { return allVariables }
            if name == "variableNames", object != .externalTask { return .array(scope.names.map { .string($0) }) }
            return host[name] ?? .null
        }
        return scope.lookup("\(object.rawValue).\(name)")
    }
}
