import Expressions
import Values

/// Listeners, and the changes that expressions ask for.
extension Step {
    /// Loops have no listeners of their own: their runs have.
    mutating func runListeners(_ moment: Listener.Moment, of number: Int) throws(IncidentCause) {
        var task: OpenUserTask?
        try runListeners(moment, of: number, &task)
    }

    /// Of a user task, which a listener may change.
    mutating func runListeners(
        _ moment: Listener.Moment, of number: Int, _ task: inout OpenUserTask?
    ) throws(IncidentCause) {
        let element = activity(number).element
        for listener in definition.listeners(of: element) where listener.moment == moment {
            var variables = visibleVariables(of: number)
            if let task { variables.place?.userTask = task }
            try run(listener, of: element, in: variables, from: variableScope(of: number), &task)
        }
    }

    /// Of a flow that the activity leaves by.
    mutating func runListeners(of flow: SequenceFlow, from number: Int?, in scope: Int) throws(IncidentCause) {
        for listener in flow.listeners {
            var variables = visibleVariables(from: scope, at: number)
            variables.place?.flow = flow.id
            var task: OpenUserTask?
            try run(listener, of: flow.id, in: variables, from: scope, &task)
        }
    }

    mutating func runProcessListeners(_ moment: Listener.Moment) throws(IncidentCause) {
        for listener in definition.listeners where listener.moment == moment {
            let root = ProcessInstance.rootScope
            var task: OpenUserTask?
            try run(listener, of: ElementID(definition.process), in: visibleVariables(from: root), from: root, &task)
        }
    }

    private mutating func run(
        _ listener: Listener, of element: ElementID, in variables: VisibleVariables, from scope: Int,
        _ task: inout OpenUserTask?
    ) throws(IncidentCause) {
        var variables = variables
        variables.place?.event = listener.moment.rawValue
        let effects: [ExpressionEffect]
        do {
            effects = try listener.expression.evaluateWithEffects(in: variables).effects
        } catch {
            throw IncidentCause(
                .expressionFailed, "the \(listener.moment.rawValue) listener of \(element) failed: \(error)")
        }
        try carryOut(effects, from: scope, &task)
    }

    /// The value of an expression that is the work of an activity, once the changes are made that it asks for.
    mutating func evaluate(_ expression: Expression, for number: Int) throws(IncidentCause) -> JSON {
        let result: (value: JSON, effects: [ExpressionEffect])
        do {
            result = try expression.evaluateWithEffects(in: visibleVariables(of: number))
        } catch {
            throw IncidentCause(.expressionFailed, "the expression of \(activity(number).element) failed: \(error)")
        }
        var task: OpenUserTask?
        try carryOut(result.effects, from: variableScope(of: number), &task)
        return try result.value.bounded("the value of the expression of \(activity(number).element)")
    }

    private mutating func carryOut(
        _ effects: [ExpressionEffect], from scope: Int, _ task: inout OpenUserTask?
    ) throws(IncidentCause) {
        for effect in effects {
            guard let first = effect.arguments.first else { continue }
            let text = first.isNull ? nil : first.stringValue ?? first.text
            switch effect.method {
            case "setVariable", "setVariableLocal":
                guard let name = text, !name.isEmpty, let value = effect.arguments.last else {
                    throw IncidentCause(.expressionFailed, "\(effect.method) needs the name of a variable")
                }
                let variable = Variable(name: name, value: try value.bounded("the value of \(name)"))
                if effect.method == "setVariable" {
                    setVariables([variable], from: scope)
                } else {
                    record(.variablesSet(scope: scope, [variable]))
                }
            default: try task?.change(by: effect.method, to: text, surroundings)
            }
        }
    }
}

extension OpenUserTask {
    /// `setAssignee` and the like.
    fileprivate mutating func change(by method: String, to text: String?, _ surroundings: Surroundings)
        throws(IncidentCause)
    {
        switch method {
        case "setAssignee": assignee = text.flatMap { $0.isEmpty ? nil : $0 }
        case "setName": name = text
        case "setPriority":
            guard let priority = text.flatMap({ Int($0) }) else {
                throw IncidentCause(.expressionFailed, "\(method) needs a whole number, not \(text ?? "null")")
            }
            self.priority = priority
        case "setDueDate": dueAt = try date(text, surroundings)
        case "setFollowUpDate": followUpAt = try date(text, surroundings)
        case "addCandidateUser": if let text, !candidateUsers.contains(text) { candidateUsers.append(text) }
        case "addCandidateGroup": if let text, !candidateGroups.contains(text) { candidateGroups.append(text) }
        default: return  // The fixed list of `HostObject` has no other.
        }
    }

    private func date(_ text: String?, _ surroundings: Surroundings) throws(IncidentCause) -> Timestamp? {
        guard let text else { return nil }
        return try UserTask.date(text, now: surroundings.now, zones: surroundings.zones, of: element)
    }
}
