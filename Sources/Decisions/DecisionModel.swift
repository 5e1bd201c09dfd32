import Expressions
package import Values

/// One or more DMN files that belong together, read and ready to be evaluated.
package struct DecisionModel: Sendable {
    /// Of the first file.
    package let name: String
    package let namespace: String
    let elements: [Element]
    let functions: [ModelFunction]
    let types: [String: ItemType]
    /// Elements before those that require them.
    let rank: [Int]
    /// What the first file calls the others.
    let imports: [(name: String, namespace: String)]
    /// Of decisions, services and business knowledge models, by id and by name.
    private let numbers: [String: Int]
    /// What was found while reading. Errors only where they were tolerated.
    package let problems: [Diagnostic]

    /// A file of a model: its root element, and the name its user knows it by.
    package struct File: Sendable {
        package var root: SourceNode
        package var name: String

        package init(_ root: SourceNode, name: String = "") {
            self.root = root
            self.name = name
        }
    }

    /// What happens to a model in which some expressions are wrong.
    package enum Tolerance: Sendable {
        /// It is refused, with everything that is wrong with it.
        case none
        /// What cannot be read is null, with a diagnostic, and the rest can be evaluated. For tests of conformance.
        case wrongExpressions
    }

    /// Reads files that import each other by namespace; the first is the one that is meant.
    package static func read(
        _ files: [File], tolerating tolerance: Tolerance = .none
    ) throws(Diagnostics) -> DecisionModel {
        var reader = ModelReader(files)
        let model = try reader.read()
        if tolerance == .none, model.problems.contains(where: { $0.severity == .error }) {
            throw Diagnostics(model.problems)
        }
        return model
    }

    init(
        name: String, namespace: String, elements: [Element], functions: [ModelFunction], types: [String: ItemType],
        rank: [Int], imports: [(name: String, namespace: String)], problems: [Diagnostic]
    ) {
        self.name = name
        self.namespace = namespace
        self.elements = elements
        self.functions = functions
        self.types = types
        self.rank = rank
        self.imports = imports
        self.problems = problems
        numbers = DecisionModel.numbers(of: elements, in: namespace)
    }

    /// What can be evaluated, in the order of the files.
    package var decisions: [Described] { elements.filter(\.isDecision).map { Described($0) } }

    package var inputs: [Described] {
        elements.filter {
            if case .input = $0.kind { return true }
            return false
        }.map { Described($0) }
    }

    package var services: [Described] {
        elements.filter {
            if case .service = $0.kind { return true }
            return false
        }.map { Described($0) }
    }

    /// An element as its users know it.
    package struct Described: Sendable, Hashable {
        package let id: String
        package let name: String
        package let namespace: String
        /// As text; `Any` where nothing is said.
        package let type: String
        /// Where it begins in its file.
        package let position: SourcePosition

        init(_ element: Element) {
            id = element.id
            name = element.name
            namespace = element.namespace
            type = element.type.description
            position = element.position
        }
    }

    /// The number of what has that id or name: decisions come first, then those of the first file, then ids.
    func number(of name: String) -> Int? { numbers[name] }

    private static func numbers(of elements: [Element], in namespace: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for wantsDecision in [true, false] {
            for wantsOwn in [true, false] {
                for key in [\Element.id, \Element.name] {
                    for (number, element) in elements.enumerated()
                    where element.isDecision == wantsDecision && (element.namespace == namespace) == wantsOwn {
                        if case .input = element.kind { continue }
                        if numbers[element[keyPath: key]] == nil { numbers[element[keyPath: key]] = number }
                    }
                }
            }
        }
        return numbers
    }
}
