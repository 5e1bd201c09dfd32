package import Expressions
package import Values

/// `bpmn:userTask`: work of a person. Waits until somebody completes it, or reports a BPMN error.
package struct UserTask: FlowElement {
    package static let tag = "userTask"
    package static let isActivity = true
    package let id: ElementID
    package let name: Expression?
    package let assignee: Expression?
    package let candidateUsers: Expression?
    package let candidateGroups: Expression?
    package let dueDate: Expression?
    package let followUpDate: Expression?
    package let formKey: Expression?
    package let priority: Expression?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        let assignment = node.extensions(named: "assignmentDefinition", namespace: BPMN.zeebe).first
        let schedule = node.extensions(named: "taskSchedule", namespace: BPMN.zeebe).first
        let form = node.extensions(named: "formDefinition", namespace: BPMN.zeebe).first
        let zeebePriority = node.extensions(named: "priorityDefinition", namespace: BPMN.zeebe).first
        func expression(_ camunda: String, _ zeebe: SourceNode?, _ names: String...) -> Expression? {
            let text =
                node.attribute(camunda, namespace: BPMN.camunda)
                ?? names.lazy.compactMap { zeebe?.attribute($0) }.first
            guard let text, !text.isEmpty else { return nil }
            return reader.valueExpression(text, node: zeebe ?? node, element: id)
        }
        self.id = id
        name = node.attribute("name").flatMap {
            $0.contains("${") ? reader.valueExpression($0, node: node, element: id) : .constant(.string($0))
        }
        assignee = expression("assignee", assignment, "assignee") ?? HumanRoles.assignee(of: node)
        candidateUsers = expression("candidateUsers", assignment, "candidateUsers") ?? HumanRoles.users(of: node)
        candidateGroups = expression("candidateGroups", assignment, "candidateGroups") ?? HumanRoles.groups(of: node)
        dueDate = expression("dueDate", schedule, "dueDate")
        followUpDate = expression("followUpDate", schedule, "followUpDate")
        formKey =
            expression("formKey", form, "formKey", "formId", "externalReference")
            ?? expression("formRef", nil)
        priority = expression("priority", zeebePriority, "priority")
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let variables = step.visibleVariables(of: activity)
        let task = OpenUserTask(
            number: step.instance.lastUserTask + 1, activity: activity, element: id,
            name: try text(name, in: variables), assignee: try text(assignee, in: variables),
            candidateUsers: try texts(candidateUsers, in: variables),
            candidateGroups: try texts(candidateGroups, in: variables), dueAt: try date(dueDate, in: variables),
            followUpAt: try date(followUpDate, in: variables), formKey: form(in: variables),
            priority: try text(priority, in: variables).flatMap { Int($0) } ?? 50)
        var created: OpenUserTask? = task
        try step.runListeners(.create, of: activity, &created)
        if created?.assignee != nil { try step.runListeners(.assignment, of: activity, &created) }
        try step.armBoundaryEvents(of: activity)
        step.record(.userTask(.created(created ?? task)))
    }

    /// A form is looked for when somebody opens the task: what cannot be known now holds nothing up.
    private func form(in variables: VisibleVariables) -> String? {
        (try? text(formKey, in: variables)) ?? nil
    }

    /// Nil for nothing, and for null.
    private func text(_ expression: Expression?, in variables: VisibleVariables) throws(IncidentCause) -> String? {
        guard let value = try value(expression, in: variables), !value.isNull else { return nil }
        let text = value.stringValue ?? value.text
        return text.isEmpty ? nil : text
    }

    /// A list, or a text with commas.
    private func texts(_ expression: Expression?, in variables: VisibleVariables) throws(IncidentCause) -> [String] {
        guard let value = try value(expression, in: variables), !value.isNull else { return [] }
        if let items = value.elements() { return items.map { $0.stringValue ?? $0.text } }
        return (value.stringValue ?? value.text).split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    /// A date-time, or a duration from now.
    private func date(_ expression: Expression?, in variables: VisibleVariables) throws(IncidentCause) -> Timestamp? {
        guard let text = try text(expression, in: variables) else { return nil }
        return try Self.date(text, now: variables.now, zones: variables.zones, of: id)
    }

    static func date(
        _ text: String, now: Timestamp, zones: any ZoneRules, of id: ElementID
    ) throws(IncidentCause) -> Timestamp {
        if let date = TimerTrigger.date(text, in: zones) { return date }
        if let duration = CalendarDuration(iso8601: text), let date = now.adding(duration) { return date }
        throw IncidentCause(
            .expressionFailed, "\"\(text)\" is no date of the user task \(id), such as 2026-01-31T12:00:00Z")
    }

    private func value(_ expression: Expression?, in variables: VisibleVariables) throws(IncidentCause) -> JSON? {
        guard let expression else { return nil }
        do {
            return try expression.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "what the user task \(id) says about itself failed: \(error)")
        }
    }
}

/// `bpmn:humanPerformer` and `bpmn:potentialOwner`: `user(a), group(b), c` (a bare name is a group).
private enum HumanRoles {
    static func assignee(of node: SourceNode) -> Expression? {
        names(in: node, "humanPerformer", "performer").first.map { .constant(.string($0)) }
    }

    static func users(of node: SourceNode) -> Expression? {
        list(names(in: node, "potentialOwner").filter { $0.hasPrefix("user(") }.map(inner))
    }

    static func groups(of node: SourceNode) -> Expression? {
        list(names(in: node, "potentialOwner").filter { !$0.hasPrefix("user(") }.map(inner))
    }

    private static func inner(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.firstIndex(of: "(") else { return text }
        return String(text[text.index(after: open)...].dropLast()).trimmed
    }

    private static func list(_ names: [String]) -> Expression? {
        names.isEmpty ? nil : .constant(.array(names.map { .string($0) }))
    }

    private static func names(in node: SourceNode, _ roles: String...) -> [String] {
        let found = node.children.filter { $0.namespace == BPMN.namespace && roles.contains($0.name) }
        return found.flatMap { role -> [String] in
            let text =
                role.firstChild(named: "resourceAssignmentExpression", namespace: BPMN.namespace)?
                .firstChild(named: "formalExpression", namespace: BPMN.namespace)?.text ?? ""
            return text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        }
    }
}
