import Expressions
import ProcessEngine
import Values

/// Types: what contracts say of variables, what expressions make of them, and what the contracts of tasks accept.
struct TypeCheck {
    private let subject: CheckSubject
    /// Elements and names of variables that may have come from outside when the element reads them: they may be anything.
    private let outside: Set<[String]>
    private let declared: [String: ExpressionType]

    init(_ subject: CheckSubject, outside: Set<[String]>) {
        self.subject = subject
        self.outside = outside
        declared = VariableTypes(subject).types
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
        }
        return findings
    }

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
        guard let task, let schema = subject.catalog?.schemas(of: task.contract)?.output else { return types }
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
        guard let catalog = subject.catalog, let contract = catalog.contract(task.contract),
            let schema = catalog.schemas(of: task.contract)?.input
        else { return [] }
        var findings: [Diagnostic] = []
        for mapping in task.inputs where mapping.target.count == 1 {
            let name = mapping.target[0]
            guard schema.propertyNames.contains(name),
                let refusal = refusal(of: mapping.source, as: name, by: schema, at: task.id)
            else { continue }
            findings.append(
                subject.finding(
                    .inputType, at: task.id, "the input \"\(name)\" of \(contract.reference) \(refusal)",
                    "correct the mapping, or convert the value"))
        }
        return findings
    }

    private func refusal(
        of source: VariableMapping.Source, as name: String, by schema: JSONSchema, at element: ElementID
    ) -> String? {
        if case .expression(let expression) = source, let value = expression.constantValue {
            let problems = schema.validate(.object([(name, value)]))
            return problems.first {
                $0.path == "/\(JSONPointer.escape(name))" || $0.path.hasPrefix("/\(JSONPointer.escape(name))/")
            }?.message
        }
        guard let member = schema.source["properties"]?[name] else { return nil }
        return SchemaTypes(schema.source).refusal(of: type(of: source, at: element), by: member)
    }

    private func type(of source: VariableMapping.Source, at element: ElementID) -> ExpressionType {
        switch source {
        case .expression(let expression):
            TypeChecker.infer(expression, in: environment(of: element, expression, afterWork: false)).type
        case .list(let items): .list(of: items.reduce(.null) { $0.joined(with: type(of: $1, at: element)) })
        case .map(let entries):
            .context(
                members: entries.map { .init(name: $0.key, type: type(of: $0.value, at: element)) }, open: false)
        }
    }
}

/// The types of variables wherever they are defined by the model: all definitions of a name together.
private struct VariableTypes {
    private(set) var types: [String: ExpressionType] = [:]

    init(_ subject: CheckSubject) {
        guard let catalog = subject.catalog else { return }
        if let workflow = subject.workflow, let schema = catalog.schemas(of: workflow.key)?.input {
            add(schema)
        }
        for element in subject.definition.elements {
            let mappings = subject.definition.mappings(of: element.id)
            if let task = element as? ServiceTask, mappings.outputs.isEmpty {
                if let schema = catalog.schemas(of: task.contract)?.output { add(schema) }
            } else {
                let results = ElementResults.of(element, in: subject)
                for name in results.defined + results.perhaps { add(name, .any, unless: element is StartEvent) }
            }
            // What tasks are given is no variable; what their mappings make of it may be.
            let inputs = element is ServiceTask ? [] : mappings.inputs
            for mapping in inputs + mappings.outputs { mapping.target.first.map { add($0, .any, unless: false) } }
            if let loop = subject.definition.loop(of: element.id) {
                for name in [loop.elementVariable, loop.outputCollection].compactMap(\.self) + ["loopCounter"] {
                    add(name, .any, unless: false)
                }
            }
        }
    }

    private mutating func add(_ schema: JSONSchema) {
        for name in schema.propertyNames {
            let type = schema.source["properties"]?[name].map { SchemaTypes(schema.source).type(of: $0) } ?? .any
            add(name, type, unless: false)
        }
    }

    private mutating func add(_ name: String, _ type: ExpressionType, unless isKnown: Bool) {
        guard !isKnown else { return }
        types[name] = types[name].map { $0.joined(with: type) } ?? type
    }
}
