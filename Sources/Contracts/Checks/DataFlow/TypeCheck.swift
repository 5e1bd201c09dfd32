import Expressions
import ProcessEngine
import Values

/// Types: what contracts say of variables, what expressions make of them, and what the contracts of tasks accept.
struct TypeCheck {
    private let subject: CheckSubject
    /// Elements and names of variables that may have come from outside when the element reads them: they may be anything.
    private let outside: Set<[String]>
    private var declared: [String: ExpressionType] = [:]

    /// How often types are followed through mappings that read what other mappings made. Each round is sure of what it says.
    private static let rounds = 3

    init(_ subject: CheckSubject, outside: Set<[String]>) {
        self.subject = subject
        self.outside = outside
        declared = VariableTypes(subject) { _, _, _ in .any }.types
        for _ in 0..<Self.rounds {
            declared = VariableTypes(subject) { type(of: $0, at: $1, afterWork: $2) }.types
        }
    }

    func findings(_ reads: [VariableRead]) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for read in reads {
            let (_, problems) = TypeChecker.infer(
                read.expression, in: environment(of: read.element, read.expression, afterWork: read.isOutput))
            for problem in problems where Self.isReported(problem.kind) {
                findings.append(
                    subject.finding(
                        .suspiciousExpression, at: read.element,
                        "\(read.purpose): \(problem.message) (column \(problem.column) of \"\(read.expression.source)\")",
                        "the value is null, or the condition never holds"))
            }
        }
        for element in subject.definition.elements {
            if let task = element as? ServiceTask { findings += check(task) }
            findings += checkCollection(of: element.id)
        }
        return findings + checkOutput()
    }

    // MARK: Loops and the end

    private func checkCollection(of element: ElementID) -> [Diagnostic] {
        guard case .instances(_, let collection?) = subject.definition.loop(of: element)?.kind,
            let refusal = SchemaTypes([:]).refusal(
                of: type(of: .expression(collection), at: element, afterWork: false), by: ["type": "array"])
        else { return [] }
        return [
            subject.finding(
                .notAList, at: element, "the collection \(refusal)",
                "give a list, or make one of it: [\(collection.source)]")
        ]
    }

    /// What every definition of an output of the workflow makes of it, against what the contract promises.
    private func checkOutput() -> [Diagnostic] {
        guard let workflow = subject.workflow, let schema = subject.catalog?.schemas(of: workflow.key)?.output else {
            return []
        }
        return schema.propertyNames.compactMap { name in
            guard let type = declared[name], !outside.contains(Self.end(name)),
                let member = schema.source["properties"]?[name],
                let refusal = SchemaTypes(schema.source).refusal(of: type, by: member)
            else { return nil }
            return subject.finding(
                .outputType, at: nil, "the output \"\(name)\" of \(workflow.reference) \(refusal)",
                "correct what gives it, or the contract")
        }
    }

    /// How `outside` says that a variable may come from outside, or not be there at all, when the process ends.
    static func end(_ name: String) -> [String] { ["", name] }

    /// Whether variables are there is for the flow of data to say.
    private static func isReported(_ kind: TypeProblem.Kind) -> Bool {
        switch kind {
        case .unknownVariable: false
        case .unknownFunction, .unknownMember, .argumentCount, .mismatch: true
        }
    }

    private func environment(
        of element: ElementID, _ expression: Expression, afterWork: Bool
    ) -> TypeEnvironment {
        let names = expression.variablesRead + expression.variablesPerhapsRead
        let local = afterWork ? localTypes(of: element) : [:]
        return TypeEnvironment(
            names.map { name in
                if let type = local[name] { return .init(name: name, type: type) }
                let isSure = subject.workflow != nil && !outside.contains([element.text, name])
                return .init(name: name, type: isSure ? declared[name] ?? .any : .any)
            })
    }

    /// After its work a task sees its output and its input before the variables around it.
    private func localTypes(of element: ElementID) -> [String: ExpressionType] {
        var types: [String: ExpressionType] = [:]
        let task = subject.definition.element(element) as? ServiceTask
        for mapping in subject.definition.mappings(of: element).inputs {
            if let name = mapping.target.first { types[name] = .any }
        }
        guard let contract = task?.contract, let schema = subject.catalog?.schemas(of: contract)?.output else {
            return types
        }
        let document = schema.source
        for name in schema.propertyNames {
            let type = document["properties"]?[name].map { SchemaTypes(document).type(of: $0) } ?? .any
            types[name] =
                schema.requiredNames.contains(name) || types[name] == nil && declared[name] == nil ? type : .any
        }
        return types
    }

    // MARK: Inputs of tasks

    private func check(_ task: ServiceTask) -> [Diagnostic] {
        guard let catalog = subject.catalog, let key = task.contract, let contract = catalog.contract(key),
            let schema = catalog.schemas(of: key)?.input
        else { return [] }
        var findings = checkUnmapped(task, contract, schema, catalog)
        for mapping in task.inputs where mapping.target.count == 1 {
            let name = mapping.target[0]
            guard schema.propertyNames.contains(name) else { continue }
            if let refusal = refusal(of: mapping.source, as: name, by: schema, at: task.id) {
                findings.append(
                    subject.finding(
                        .inputType, at: task.id, "the input \"\(name)\" of \(contract.reference) \(refusal)",
                        "correct the mapping, or convert the value"))
            } else if let (text, suggestion) = doubt(about: mapping.source) {
                findings.append(
                    subject.finding(
                        .suspiciousExpression, at: task.id, "the input \"\(name)\" is the text \(text), as it stands",
                        suggestion))
            }
        }
        return findings
    }

    /// A task without mappings takes its inputs from the variables of their names.
    private func checkUnmapped(
        _ task: ServiceTask, _ contract: Contract, _ schema: JSONSchema, _ catalog: ContractCatalog
    ) -> [Diagnostic] {
        guard task.inputs.isEmpty, subject.workflow != nil else { return [] }
        return catalog.requiredInputs(of: contract.key).compactMap { name in
            guard !outside.contains([task.id.text, name]), let type = declared[name],
                let member = schema.source["properties"]?[name],
                let refusal = SchemaTypes(schema.source).refusal(of: type, by: member)
            else { return nil }
            return subject.finding(
                .inputType, at: task.id,
                "the input \"\(name)\" of \(contract.reference), for which the variable of that name is taken, \(refusal)",
                "map it from another variable or a converted value, or correct what gives it")
        }
    }

    /// A text that was probably meant to be an expression. Who wrote one, as in `= "visitor"`, meant the text.
    private func doubt(about source: VariableMapping.Source) -> (text: String, suggestion: String)? {
        guard case .expression(let expression) = source, let text = expression.constantValue?.stringValue else {
            return nil
        }
        let shown = "\"\(text.prefix(100))\""
        if text.hasPrefix("${") || text.hasPrefix("#{") {
            return (shown, "an expression begins with =, as in \"= visitor\"")
        }
        guard declared[text] != nil else { return nil }
        return (shown, "for the variable of this name write \"= \(text)\" (in Camunda 7's elements ${\(text)})")
    }

    private func refusal(
        of source: VariableMapping.Source, as name: String, by schema: JSONSchema, at element: ElementID
    ) -> String? {
        if let value = source.foldedValue {
            let problems = schema.validate(.object([(name, value)]))
            return problems.first {
                $0.path == "/\(JSONPointer.escape(name))" || $0.path.hasPrefix("/\(JSONPointer.escape(name))/")
            }?.message
        }
        guard let member = schema.source["properties"]?[name] else { return nil }
        return SchemaTypes(schema.source).refusal(of: type(of: source, at: element, afterWork: false), by: member)
    }

    private func type(of source: VariableMapping.Source, at element: ElementID, afterWork: Bool) -> ExpressionType {
        switch source {
        case .expression(let expression):
            TypeChecker.infer(expression, in: environment(of: element, expression, afterWork: afterWork)).type
        case .list(let items):
            .list(of: items.reduce(.null) { $0.joined(with: type(of: $1, at: element, afterWork: afterWork)) })
        case .map(let entries):
            .context(
                members: entries.compactMap { entry in
                    (entry.key.constantValue?.stringValue).map {
                        .init(name: $0, type: type(of: entry.value, at: element, afterWork: afterWork))
                    }
                }, open: entries.contains { $0.key.constantValue == nil })
        }
    }
}

extension VariableMapping.Source {
    /// The value, if it is made of constants alone.
    fileprivate var foldedValue: JSON? {
        switch self {
        case .expression(let expression): return expression.foldedValue
        case .list(let items):
            let values = items.compactMap(\.foldedValue)
            return values.count == items.count ? .array(values) : nil
        case .map(let entries):
            let members = entries.compactMap { entry -> (name: String, value: JSON)? in
                guard let key = entry.key.constantValue?.stringValue, let value = entry.value.foldedValue else {
                    return nil
                }
                return (key, value)
            }
            return members.count == entries.count ? .object(members) : nil
        }
    }
}
