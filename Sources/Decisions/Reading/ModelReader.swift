import Expressions
import OrderedCollections
import Values

/// Reads the files of a model: first what they declare, then types, then logic, then the order of evaluation.
struct ModelReader {
    let files: [ModelFile]
    /// Every element that others can require, by `namespace#id`.
    var declared: [String: Int] = [:]
    var declarations: [Declaration] = []
    var functions: [ModelFunction] = []
    var types = TypeTable()
    var problems: [Diagnostic] = []

    /// An element before its logic is read.
    struct Declaration {
        let node: SourceNode
        let file: ModelFile
        let id: String
        let name: String
        let variable: String
        var requirements: [Requirement] = []

        /// What else those who require it may call parts of its value: the outputs of its table.
        var outputNames: [String] {
            guard node.name == "decision", let table = node.firstOwn("decisionTable") else { return [] }
            return table.own("output").compactMap { $0.attribute("name")?.normalizedName }.filter {
                ExpressionNames.isWords($0) && !ExpressionNames.isBuiltIn($0)
            }
        }
    }

    init(_ files: [DecisionModel.File]) {
        self.files = files.map { ModelFile($0) }
    }

    mutating func read() throws(Diagnostics) -> DecisionModel {
        guard let first = files.first else {
            throw Diagnostics(Diagnostic(code: "no-model", message: "there is no file to read a decision model from"))
        }
        for file in files { try check(file) }
        for file in files { declare(file) }
        types = TypeTable(files, problems: &problems)
        for index in declarations.indices { declarations[index].requirements = requirements(of: declarations[index]) }
        var elements: [Element] = []
        for index in declarations.indices { elements.append(element(at: index)) }
        let rank = try EvaluationOrder.rank(elements)
        return DecisionModel(
            name: first.root.attribute("name") ?? "", namespace: first.namespace, elements: elements,
            functions: functions, types: types.all, rank: rank,
            imports: first.imports.map { ($0.name, $0.namespace) }, problems: problems)
    }

    private func check(_ file: ModelFile) throws(Diagnostics) {
        guard DMN.isModel(file.root.namespace), file.root.name == "definitions" else {
            throw Diagnostics(
                Diagnostic(
                    code: "not-a-decision-model", file: file.name, position: file.root.position,
                    message: "the file is no DMN model: its root is \(file.root.name) of \"\(file.root.namespace)\"",
                    suggestion: "DMN 1.1 to 1.6 are read"))
        }
    }

    mutating func report(
        _ code: String, _ message: String, at node: SourceNode, in file: ModelFile, element: String? = nil,
        severity: Diagnostic.Severity = .error, suggestion: String? = nil
    ) {
        problems.append(
            Diagnostic(
                severity: severity, code: code, file: file.name, position: node.position, element: element,
                message: message, suggestion: suggestion))
    }

    // MARK: Declarations

    private mutating func declare(_ file: ModelFile) {
        for imported in file.imports {
            if !DMN.isModel(imported.type) {
                report(
                    "unsupported-import", "imports of \"\(imported.type)\" are not supported", at: imported.node,
                    in: file, element: imported.name)
            } else if !files.contains(where: { $0.namespace == imported.namespace }) {
                report(
                    "unknown-import", "no file has the imported namespace \(imported.namespace)", at: imported.node,
                    in: file, element: imported.name, suggestion: "give the imported model's file as well")
            }
        }
        for node in file.root.children where node.namespace == file.root.namespace {
            guard ["inputData", "decision", "businessKnowledgeModel", "decisionService"].contains(node.name) else {
                continue
            }
            let name = node.attribute("name") ?? ""
            let id = node.attribute("id") ?? name
            let variable = (node.firstOwn("variable")?.attribute("name") ?? name).normalizedName
            let key = file.namespace + "#" + id
            guard declared[key] == nil else {
                report("duplicate-id", "the id \(id) is used twice", at: node, in: file, element: id)
                continue
            }
            declared[key] = declarations.count
            declarations.append(Declaration(node: node, file: file, id: id, name: name, variable: variable))
        }
    }

    /// The element that a reference like `#id` or `namespace#id` means.
    mutating func resolve(_ reference: SourceNode, from file: ModelFile, of element: String) -> Int? {
        let href = reference.attribute("href") ?? ""
        let parts = href.split(separator: "#", omittingEmptySubsequences: false)
        let id = String(parts.last ?? "")
        let namespace = parts.count > 1 && !parts[0].isEmpty ? parts.dropLast().joined(separator: "#") : file.namespace
        if let number = declared[namespace + "#" + id] { return number }
        report(
            "unknown-reference", "there is no element \(href)", at: reference, in: file, element: element,
            suggestion: namespace == file.namespace ? nil : "give the file of \(namespace) as well")
        return nil
    }

    private mutating func requirements(of declaration: Declaration) -> [Requirement] {
        var found: [Requirement] = []
        let tags = [
            ("informationRequirement", ["requiredInput", "requiredDecision"]),
            ("knowledgeRequirement", ["requiredKnowledge"]),
        ]
        for (tag, references) in tags {
            for node in declaration.node.own(tag) {
                for reference in references.compactMap({ node.firstOwn($0) }) {
                    guard let number = resolve(reference, from: declaration.file, of: declaration.id) else { continue }
                    let other = declarations[number].file
                    var importName: String?
                    if other.namespace != declaration.file.namespace {
                        importName =
                            declaration.file.imports.first { $0.namespace == other.namespace }?.name ?? other.modelName
                    }
                    found.append(Requirement(element: number, importName: importName))
                }
            }
        }
        return found
    }

    // MARK: Elements

    private mutating func element(at index: Int) -> Element {
        let declaration = declarations[index]
        let node = declaration.node
        let kind: Element.Kind
        var type = self.type(node.firstOwn("variable")?.typeReference, at: node, in: declaration)
        switch node.name {
        case "decision":
            var reader = LogicReader(of: declaration, names: names(visibleTo: declaration))
            let logic = node.children.first { LogicReader.isExpression($0) && $0.namespace == node.namespace }
            kind = .decision(logic.map { reader.boxed($0, in: &self) })
        case "businessKnowledgeModel":
            let function = knowledge(declaration, at: index, result: &type)
            kind = .knowledge(function: function)
        case "decisionService":
            kind = .service(service(declaration, at: index, result: &type))
        default:
            kind = .input
        }
        return Element(
            kind: kind, id: declaration.id, name: declaration.name, namespace: declaration.file.namespace,
            variable: declaration.variable, type: type, requirements: declaration.requirements,
            position: node.position, file: declaration.file.name, followsCamunda: declaration.file.followsCamunda)
    }

    private mutating func knowledge(
        _ declaration: Declaration, at index: Int, result: inout ExpressionType
    ) -> Int {
        var reader = LogicReader(of: declaration, names: names(visibleTo: declaration) + [declaration.variable])
        // A variable may have the type of the function, or of its result.
        if case .function(_, let declared) = result { result = declared }
        guard let logic = declaration.node.firstOwn("encapsulatedLogic") else {
            let missing = reader.invalid(
                "no-logic", "the business knowledge model has no logic", at: declaration.node, in: &self)
            functions.append(
                ModelFunction(name: declaration.variable, parameters: [], body: .boxed(missing), result: .any))
            return functions.count - 1
        }
        let read = reader.function(logic, in: &self)
        functions.append(
            ModelFunction(
                name: declaration.variable, parameters: read.parameters, body: .knowledge(index, read.body),
                result: result))
        return functions.count - 1
    }

    private mutating func service(
        _ declaration: Declaration, at index: Int, result: inout ExpressionType
    ) -> DecisionService {
        func references(_ tag: String, _ reader: inout ModelReader) -> [Int] {
            declaration.node.own(tag).compactMap { reader.resolve($0, from: declaration.file, of: declaration.id) }
        }
        let outputs = references("outputDecision", &self)
        let inputs = references("inputData", &self) + references("inputDecision", &self)
        if case .function(_, let declared) = result { result = declared }
        let parameters = inputs.map { number in
            let input = declarations[number]
            return HostFunction.Parameter(
                name: input.variable,
                type: type(input.node.firstOwn("variable")?.typeReference, at: input.node, in: input))
        }
        functions.append(
            ModelFunction(name: declaration.variable, parameters: parameters, body: .service(index), result: result))
        return DecisionService(outputs: outputs, inputs: inputs, function: functions.count - 1)
    }

    /// The type that a reference means in a file; `any` for none, and for one that is not known.
    mutating func type(_ reference: String?, at node: SourceNode, in declaration: Declaration) -> ExpressionType {
        guard let reference = reference?.withoutSpace, !reference.isEmpty else { return .any }
        if let type = types.type(reference, in: declaration.file) { return type }
        report(
            "unknown-type", "there is no type \(reference)", at: node, in: declaration.file, element: declaration.id,
            severity: .warning)
        return .any
    }

    /// What may stand behind a dot in a file: members, and elements of the files it imports.
    func memberNames(in file: ModelFile) -> [String] {
        if file.imports.isEmpty { return file.members }
        let namespaces = file.imports.map(\.namespace)
        return file.members + files.filter { namespaces.contains($0.namespace) }.flatMap(\.members)
    }

    /// What the logic of an element can name.
    private func names(visibleTo declaration: Declaration) -> [String] {
        var names: [String] = []
        for requirement in declaration.requirements {
            let declaration = declarations[requirement.element]
            let required = declaration.variable
            guard let importName = requirement.importName else {
                names.append(required)
                names += declaration.outputNames
                continue
            }
            // Both the import and the path through it, which is unlike any member of anything else.
            names.append(importName.isEmpty ? required : importName)
        }
        return names
    }
}

extension SourceNode {
    /// The attribute `typeRef`, or the child of that name: DMN 1.1 had either.
    var typeReference: String? { attribute("typeRef") ?? firstOwn("typeRef")?.text }
}
