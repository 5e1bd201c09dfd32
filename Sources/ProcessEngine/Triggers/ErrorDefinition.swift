package import Expressions
import OrderedCollections
import Values

/// `camunda:errorEventDefinition` of an external task: a condition on what the agent answered that makes it a BPMN error.
/// It sees the output, or `externalTask` with `errorMessage`, `errorDetails` and `retries` of a failure.
package struct ErrorDefinition: Sendable, Hashable {
    package let condition: Expression
    package let code: String
    package let message: String?

    static func read(
        _ node: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) -> [ErrorDefinition] {
        node.extensions(named: "errorEventDefinition", namespace: BPMN.camunda).compactMap { definition in
            let error = reader.error(of: definition, in: element)
            guard let code = error?.code, let text = definition.attribute("expression"),
                let condition = reader.valueExpression(text, node: definition, element: element)
            else {
                reader.report(
                    "missing-error-code", definition, element: element,
                    "the error definition needs an errorRef with a code, and an expression",
                    "for example errorRef=\"E1\" expression=\"${ok == false}\"")
                return nil
            }
            return ErrorDefinition(condition: condition, code: code, message: error?.message)
        }
    }
}

extension Step {
    /// The BPMN error that the answer of an agent is, if it is one. What cannot be evaluated is none.
    func definedError(of task: OpenTask, _ locals: [Variable]) -> BPMNError? {
        guard let element = definition.element(task.element) as? ServiceTask, !element.errorDefinitions.isEmpty else {
            return nil
        }
        var variables = visibleVariables(from: activity(task.activity).scope)
        for variable in locals { variables.locals[variable.name] = variable.value }
        let found = element.errorDefinitions.first { (try? $0.condition.evaluateCondition(in: variables)) == true }
        return found.map { BPMNError(code: $0.code, message: $0.message) }
    }
}
