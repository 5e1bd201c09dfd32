import Expressions
import ProcessEngine
import Values

/// The types of variables wherever they are defined by the model: all definitions of a name together.
struct VariableTypes {
    private(set) var types: [String: ExpressionType] = [:]

    /// - Parameter infer: the type of what an element's mapping, script or loop makes; true for what its output mappings make.
    init(_ subject: CheckSubject, infer: (VariableMapping.Source, ElementID, Bool) -> ExpressionType) {
        guard let catalog = subject.catalog else { return }
        if let workflow = subject.workflow, let schema = catalog.schemas(of: workflow.key)?.input {
            add(schema)
        }
        for element in subject.definition.elements {
            let mappings = subject.definition.mappings(of: element.id)
            if let task = element as? ServiceTask {
                // With output mappings its results stay inside.
                let schema = task.contract.flatMap { catalog.schemas(of: $0) }?.output
                if mappings.outputs.isEmpty, let schema { add(schema) }
            } else if let (name, expression) = Self.computed(by: element) {
                add(name, infer(.expression(expression), element.id, false))
            } else if !(element is StartEvent) {
                let results = ElementResults.of(element, in: subject)
                for name in results.defined + results.perhaps { add(name, .any) }
            } else if let initiator = (element as? StartEvent)?.initiator {
                add(initiator, .string)
            }
            // What tasks are given is no variable; what their mappings make of it may be.
            for mapping in element is ServiceTask ? [] : mappings.inputs { add(mapping, of: element.id, false, infer) }
            for mapping in mappings.outputs { add(mapping, of: element.id, true, infer) }
            if let loop = subject.definition.loop(of: element.id) { add(loop, of: element.id, infer) }
        }
    }

    private static func computed(by element: any FlowElement) -> (String, Expression)? {
        switch element {
        case let task as ScriptTask: task.resultVariable.map { ($0, task.script) }
        case let task as ExpressionTask: task.resultVariable.map { ($0, task.expression) }
        default: nil  // Other elements compute nothing; the catalog of elements is open.
        }
    }

    private mutating func add(
        _ mapping: VariableMapping, of element: ElementID, _ isOutput: Bool,
        _ infer: (VariableMapping.Source, ElementID, Bool) -> ExpressionType
    ) {
        guard let name = mapping.target.first else { return }
        add(name, mapping.target.count == 1 ? infer(mapping.source, element, isOutput) : .any)
    }

    private mutating func add(
        _ loop: LoopCharacteristics, of element: ElementID,
        _ infer: (VariableMapping.Source, ElementID, Bool) -> ExpressionType
    ) {
        add("loopCounter", .number)
        if let name = loop.elementVariable {
            var item = ExpressionType.any
            if case .instances(_, let collection?) = loop.kind,
                case .list(let type) = infer(.expression(collection), element, false)
            {
                item = type
            }
            add(name, item)
        }
        if let name = loop.outputCollection { add(name, .anyList) }
    }

    private mutating func add(_ schema: JSONSchema) {
        for name in schema.propertyNames {
            add(name, schema.source["properties"]?[name].map { SchemaTypes(schema.source).type(of: $0) } ?? .any)
        }
    }

    private mutating func add(_ name: String, _ type: ExpressionType) {
        types[name] = types[name].map { $0.joined(with: type) } ?? type
    }
}
