import Expressions
import OrderedCollections
import Values

/// The item definitions of all files, resolved: structure as the type itself, constraints and recursion by name.
struct TypeTable: Sendable {
    /// By `{namespace}name`.
    private(set) var all: [String: ItemType] = [:]
    private var definitions: [String: Definition] = [:]
    /// Names in a file's text, and the keys they stand for.
    private var textNames: [String: [String: String]] = [:]

    private struct Definition {
        let node: SourceNode
        let file: ModelFile
    }

    init() {}

    init(_ files: [ModelFile], problems: inout [Diagnostic]) {
        var keys: [String] = []
        for file in files {
            for node in file.root.own("itemDefinition") {
                guard let name = node.attribute("name")?.normalizedName else { continue }
                let key = TypeTable.key(name, file.namespace)
                if definitions[key] == nil { keys.append(key) }
                definitions[key] = Definition(node: node, file: file)
            }
        }
        for file in files { textNames[file.namespace] = names(in: file, among: files) }
        var waiting = keys.reversed().compactMap { key in definitions[key].map { (key, $0) } }
        while let (key, definition) = waiting.popLast() {
            var resolver = Resolver(table: self)
            let type = resolver.content(of: definition.node, key: key, in: definition.file, inside: [key])
            let allowed = TypeTable.constraint(of: definition.node, in: definition.file, &problems)
            all[key] = ItemType(type: type, allowed: allowed)
            waiting += resolver.parts.reversed().map { ($0.key, Definition(node: $0.node, file: definition.file)) }
        }
    }

    private static func key(_ name: String, _ namespace: String) -> String { "{\(namespace)}\(name)" }

    private func names(in file: ModelFile, among files: [ModelFile]) -> [String: String] {
        var names: [String: String] = [:]
        for imported in file.imports {
            for other in files where other.namespace == imported.namespace {
                for node in other.root.own("itemDefinition") {
                    guard let name = node.attribute("name")?.normalizedName else { continue }
                    let path = imported.name.isEmpty ? name : imported.name + "." + name
                    names[path] = TypeTable.key(name, other.namespace)
                }
            }
        }
        for node in file.root.own("itemDefinition") {
            guard let name = node.attribute("name")?.normalizedName else { continue }
            names[name] = TypeTable.key(name, file.namespace)
        }
        return names
    }

    /// What the types of a model are called in the text of a file.
    func names(in file: ModelFile) -> [String: String] { textNames[file.namespace] ?? [:] }

    /// The type that a reference in a file means.
    func type(_ reference: String, in file: ModelFile) -> ExpressionType? {
        var resolver = Resolver(table: self)
        return resolver.type(reference, in: file, inside: [])
    }

    private static func constraint(
        of node: SourceNode, in file: ModelFile, _ problems: inout [Diagnostic]
    ) -> Expression? {
        guard let constraint = node.firstOwn("allowedValues") ?? node.firstOwn("typeConstraint") else { return nil }
        do throws(ExpressionError) {
            return constraint.ownText.isEmpty ? nil : try Expression.parseUnaryTests(constraint.ownText)
        } catch {
            problems.append(
                Diagnostic(
                    code: "expression", file: file.name, position: constraint.position,
                    element: node.attribute("name"), message: "allowed values: \(error)"))
            return nil
        }
    }

    /// One walk through definitions that refer to each other.
    private struct Resolver {
        let table: TypeTable
        /// Components with constraints of their own: types without a name.
        var parts: [(key: String, node: SourceNode)] = []

        init(table: TypeTable) {
            self.table = table
        }

        /// `inside`: the definitions this is a part of. One that contains itself is known by its name.
        mutating func type(_ reference: String, in file: ModelFile, inside: [String]) -> ExpressionType? {
            var name = reference.normalizedName
            if let brace = name.lastIndex(of: "}") { name = String(name[name.index(after: brace)...]) }
            if let key = table.textNames[file.namespace]?[name] { return defined(key, inside: inside) }
            if let colon = name.firstIndex(of: ":") { name = String(name[name.index(after: colon)...]) }
            if let key = table.textNames[file.namespace]?[name] { return defined(key, inside: inside) }
            if let simple = ExpressionType.simple.first(where: { $0.name == name })?.type { return simple }
            switch name {
            case "any", "duration", "Duration": return .any
            case "context": return .anyContext
            case "list": return .anyList
            case "integer", "long", "double", "float", "decimal", "int": return .number
            default: return nil
            }
        }

        /// What has parts or a constraint stays a name, so that types that use each other do not multiply.
        private mutating func defined(_ key: String, inside: [String]) -> ExpressionType? {
            guard let definition = table.definitions[key] else { return nil }
            let node = definition.node
            if inside.contains(key) || inside.count > 8 || TypeTable.isConstrained(node)
                || node.firstOwn("itemComponent") != nil && node.attribute("isCollection") != "true"
            {
                return .named(key)
            }
            return content(of: node, key: key, in: definition.file, inside: inside + [key])
        }

        /// Without the constraint.
        mutating func content(
            of node: SourceNode, key: String, in file: ModelFile, inside: [String]
        ) -> ExpressionType {
            var type = ExpressionType.any
            let components = node.own("itemComponent")
            if let function = node.firstOwn("functionItem") {
                type = .function(
                    parameters: function.own("parameters").map { parameter in
                        self.reference(parameter.typeReference, in: file, inside: inside)
                    }, result: reference(function.attribute("outputTypeRef"), in: file, inside: inside))
            } else if !components.isEmpty {
                var members: [ExpressionType.Member] = []
                for component in components {
                    members.append(member(component, key: key, in: file, inside: inside))
                }
                type = .context(members: members, open: true)
            } else {
                type = reference(node.typeReference, in: file, inside: inside)
            }
            return node.attribute("isCollection") == "true" ? .list(of: type) : type
        }

        private mutating func member(
            _ component: SourceNode, key: String, in file: ModelFile, inside: [String]
        ) -> ExpressionType.Member {
            let name = (component.attribute("name") ?? "").normalizedName
            if TypeTable.isConstrained(component) {
                parts.append((key + "/" + name, component))
                return .init(name: name, type: .named(key + "/" + name))
            }
            return .init(name: name, type: content(of: component, key: key + "/" + name, in: file, inside: inside))
        }

        private mutating func reference(
            _ reference: String?, in file: ModelFile, inside: [String]
        ) -> ExpressionType {
            reference.flatMap { self.type($0, in: file, inside: inside) } ?? .any
        }
    }

    private static func isConstrained(_ node: SourceNode) -> Bool {
        node.firstOwn("allowedValues") != nil || node.firstOwn("typeConstraint") != nil
    }
}
