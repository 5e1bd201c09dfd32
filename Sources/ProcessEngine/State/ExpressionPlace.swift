import Values

/// Where in an instance an expression stands: what JUEL knows as `execution` and `task`. The objects are made only when an
/// expression asks for them.
struct ExpressionPlace: Sendable {
    var instance: InstanceID?
    var businessKey: String?
    var version: DefinitionID?
    let definition: ProcessDefinition
    var activity: Int?
    var element: ElementID?
    var flow: ElementID?
    /// What a listener is told of.
    var event: String?
    var userTask: OpenUserTask?
    /// An agent's task, as its answer leaves it.
    var externalTask: JSON?

    /// Ids are those of the REST API: an execution has that of its instance.
    var execution: JSON {
        let id = text(instance?.text)
        let key = text(businessKey)
        return .object([
            ("id", id), ("processInstanceId", id), ("businessKey", key), ("processBusinessKey", key),
            ("processDefinitionId", text(version?.description)), ("currentActivityId", text(element?.text)),
            ("currentActivityName", text(element.flatMap { definition.name(of: $0) })),
            ("activityInstanceId", text(activityInstance)), ("currentTransitionId", text(flow?.text)),
            ("eventName", text(event)), ("tenantId", .null),
        ])
    }

    private var activityInstance: String? {
        guard let instance, let activity, let element else { return instance?.text }
        return "\(element):\(instance).\(activity)"
    }

    var task: JSON? {
        guard let userTask else { return nil }
        let id = text(instance?.text)
        return .object([
            ("id", text(instance.map { TaskID(instance: $0, number: userTask.number).description })),
            ("name", text(userTask.name ?? definition.name(of: userTask.element))),
            ("assignee", text(userTask.assignee)), ("owner", .null),
            ("priority", .number(userTask.priority)), ("dueDate", text(userTask.dueAt?.iso8601)),
            ("followUpDate", text(userTask.followUpAt?.iso8601)), ("formKey", text(userTask.formKey)),
            ("taskDefinitionKey", .string(userTask.element.text)), ("processInstanceId", id), ("executionId", id),
            ("processDefinitionId", text(version?.description)), ("eventName", text(event)), ("description", .null),
            ("tenantId", .null), ("execution", execution),
        ])
    }

    private func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
}
