package import Expressions
import OrderedCollections
import Values

/// `camunda:errorEventDefinition` of an external task: a condition on what the agent answered that makes it a BPMN error.
/// It sees the output and `externalTask`, with `errorMessage` and `errorDetails` of a failure.
package struct ErrorDefinition: Sendable, Hashable {
    package let condition: Expression
    package let code: String
    package let message: String?

    /// What an external task is asked for.
    private static let properties = [
        "id", "topicName", "activityId", "activityInstanceId", "executionId", "processInstanceId",
        "processDefinitionId",
        "processDefinitionKey", "businessKey", "priority", "retries", "errorMessage", "errorDetails", "tenantId",
    ]

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
            if let unknown = condition.properties(read: .externalTask).first(where: { !properties.contains($0) }) {
                reader.report(
                    "host-language", definition, element: element, "externalTask.\(unknown) is not supported",
                    "it has \(properties.joined(separator: ", "))")
                return nil
            }
            return ErrorDefinition(condition: condition, code: code, message: error?.message)
        }
    }
}

extension Step {
    /// The BPMN error that the answer of an agent is, if it is one. What cannot be evaluated is none.
    func definedError(of task: OpenTask, _ locals: [Variable], _ failure: TaskFailure? = nil) -> BPMNError? {
        guard let element = definition.element(task.element) as? ServiceTask, !element.errorDefinitions.isEmpty else {
            return nil
        }
        var variables = visibleVariables(from: activity(task.activity).scope, at: task.activity)
        for variable in locals { variables.locals[variable.name] = variable.value }
        let execution = variables.place?.execution ?? .null
        variables.place?.externalTask = externalTask(task, execution, failure)
        let found = element.errorDefinitions.first { (try? $0.condition.evaluateCondition(in: variables)) == true }
        return found.map { BPMNError(code: $0.code, message: $0.message) }
    }

    private func externalTask(_ task: OpenTask, _ execution: JSON, _ failure: TaskFailure?) -> JSON {
        let instance = execution["processInstanceId"] ?? .null
        let id = instance.stringValue.map { TaskID(instance: InstanceID($0), number: task.number).description }
        return .object([
            ("id", id.map { .string($0) } ?? .null), ("executionId", id.map { .string($0) } ?? .null),
            ("topicName", .string(task.contract.topic)), ("activityId", .string(task.element.text)),
            ("activityInstanceId", execution["activityInstanceId"] ?? .null), ("processInstanceId", instance),
            ("processDefinitionId", execution["processDefinitionId"] ?? .null),
            ("processDefinitionKey", .string(definition.process)), ("businessKey", execution["businessKey"] ?? .null),
            ("priority", .number(task.priority)), ("retries", .number(task.retriesLeft)),
            ("errorMessage", failure.map { .string($0.message) } ?? .null),
            ("errorDetails", failure?.details.map { .string($0) } ?? .null), ("tenantId", .null),
        ])
    }
}
