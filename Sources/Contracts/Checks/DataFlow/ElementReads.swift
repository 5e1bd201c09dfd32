import Expressions
import ProcessEngine

/// An expression of an element, and when it is evaluated.
struct VariableRead {
    enum Moment {
        /// Before the loop around the element begins.
        case outside
        /// Before the element's own variables are there.
        case before
        case inside
        /// After its work, still with its own variables.
        case after
        /// When a run of the loop around it is over: its output mappings have been made, its own variables are gone.
        case afterRun
        /// When it is left.
        case leaving
    }

    var element: ElementID
    var moment: Moment
    var expression: Expression
    /// What the expression is for: `the input "path"`.
    var purpose: String
    /// The output mapping it belongs to, which sees what the element's work gave first.
    var isOutput = false
    /// It is no expression of the model: a task without mappings takes its input from the variable of that name.
    var isImplicit = false

    init(_ element: ElementID, _ moment: Moment, _ expression: Expression, _ purpose: String, isOutput: Bool = false) {
        self.element = element
        self.moment = moment
        self.expression = expression
        self.purpose = purpose
        self.isOutput = isOutput
    }
}

/// Which expressions an element evaluates. What must not fail, because the engine takes a failure for "not yet", is left out.
enum ElementReads {
    static func of(_ element: any FlowElement, in definition: ProcessDefinition) -> [VariableRead] {
        let id = element.id
        let mappings = definition.mappings(of: id)
        var reads = mappings.inputs.flatMap { mapping in
            mapping.source.expressions.map {
                VariableRead(id, .before, $0, "the input \"\(mapping.target.joined(separator: "."))\"")
            }
        }
        reads += own(of: element)
        reads += loop(of: id, in: definition)
        reads += definition.listenerExpressions(of: id).map { VariableRead(id, .after, $0, "a listener") }
        reads += mappings.outputs.flatMap { mapping in
            mapping.source.expressions.map {
                VariableRead(
                    id, .after, $0, "the output \"\(mapping.target.joined(separator: "."))\"", isOutput: true)
            }
        }
        for flow in definition.outgoing(of: id) {
            guard let condition = flow.condition else { continue }
            reads.append(VariableRead(id, .leaving, condition, "the condition of the flow \(flow.id)"))
        }
        return reads
    }

    private static func own(of element: any FlowElement) -> [VariableRead] {
        let id = element.id
        func inside(_ expressions: [(Expression?, String)]) -> [VariableRead] {
            expressions.compactMap { expression, purpose in
                expression.map { VariableRead(id, .inside, $0, purpose) }
            }
        }
        switch element {
        case let task as ServiceTask:
            var reads = task.priority.map { [VariableRead(id, .before, $0, "the priority")] } ?? []
            let given = Set(task.inputs.compactMap(\.target.first))
            var inner: [(Expression, String)] = task.retries.map { [($0, "the number of attempts")] } ?? []
            if case .computed(let name) = task.work { inner.append((name, "the name of the contract")) }
            for (expression, purpose) in inner where given.isDisjoint(with: expression.variablesRead) {
                reads.append(VariableRead(id, .before, expression, purpose))
            }
            return reads
        case let task as ExpressionTask: return inside([(task.expression, "the expression")])
        case let task as ScriptTask: return inside([(task.script, "the script")])
        case let task as BusinessRuleTask: return inside([(task.decision, "the name of the decision")])
        case let task as UserTask:
            return inside([
                (task.name, "the name"), (task.assignee, "the assignee"), (task.candidateUsers, "the candidate users"),
                (task.candidateGroups, "the candidate groups"), (task.dueDate, "the due date"),
                (task.followUpDate, "the follow-up date"), (task.priority, "the priority"),
            ])
        case let task as SendTask: return inside(expressions(of: task.message))
        case let call as CallActivity:
            var reads = inside([(call.inputs.businessKey, "the business key")]) + inside(expressions(of: call.inputs))
            if case .process(let name) = call.target { reads += inside([(name, "the name of the process")]) }
            return reads
        case let scope as AdHocSubProcess:
            return (scope.activeElements.map { [VariableRead(id, .before, $0, "the elements to activate")] } ?? [])
        case let event as ThrowEvent: return inside(event.thrown.flatMap { expressions(of: $0) })
        case let event as any BoundaryElement & TriggeredElement:
            return event.triggers.flatMap { expressions(of: $0) }.compactMap { expression, purpose in
                expression.map { VariableRead(event.attachedTo, .outside, $0, "\(purpose) of \(id)") }
            }
        case is any StartElement: return []
        case let event as any TriggeredElement: return inside(event.triggers.flatMap { expressions(of: $0) })
        default: return []  // Other elements evaluate nothing; the catalog of elements is open.
        }
    }

    private static func loop(of id: ElementID, in definition: ProcessDefinition) -> [VariableRead] {
        guard let loop = definition.loop(of: id) else { return [] }
        var reads: [VariableRead] = []
        switch loop.kind {
        case .instances(let cardinality, let collection):
            if let cardinality { reads.append(VariableRead(id, .outside, cardinality, "the number of runs")) }
            if let collection { reads.append(VariableRead(id, .outside, collection, "the collection")) }
        case .standard(let condition, _, let testsBefore):
            if let condition {
                reads.append(VariableRead(id, testsBefore ? .inside : .afterRun, condition, "the loop condition"))
            }
        }
        if let condition = loop.completionCondition {
            reads.append(VariableRead(id, .afterRun, condition, "the completion condition"))
        }
        if let output = loop.outputElement { reads.append(VariableRead(id, .afterRun, output, "the output element")) }
        return reads
    }

    private static func expressions(of message: MessageThrow) -> [(Expression?, String)] {
        [(message.name, "the name of the message"), (message.correlationKey?.neededExpression, "the correlation key")]
            + expressions(of: message.variables)
    }

    private static func expressions(of passed: PassedVariables) -> [(Expression?, String)] {
        passed.entries.filter { $0.variable == nil }.map { ($0.source, "what is passed as \"\($0.target)\"") }
    }

    private static func expressions(of thrown: EventThrow) -> [(Expression?, String)] {
        switch thrown {
        case .message(let message): expressions(of: message)
        case .expression(let expression): [(expression, "the expression")]
        case .signal(let name, let variables): [(name, "the name of the signal")] + expressions(of: variables)
        case .escalation(let code): [(code, "the code of the escalation")]
        case .compensation: []
        }
    }

    /// A condition that cannot be evaluated is one that does not hold yet.
    private static func expressions(of trigger: EventTrigger) -> [(Expression?, String)] {
        switch trigger {
        case .timer(let timer):
            switch timer.kind {
            case .duration(let expression): [(expression, "the duration")]
            case .date(let expression): [(expression, "the date")]
            case .computedCycle(let expression): [(expression, "the cycle")]
            case .cycle: []
            }
        case .message(let message):
            [
                (message.name, "the name of the message"),
                (message.correlationKey?.neededExpression, "the correlation key"),
            ]
        case .signal(let name): [(name, "the name of the signal")]
        case .condition: []
        }
    }
}

extension VariableMapping.Source {
    var expressions: [Expression] {
        switch self {
        case .expression(let expression): [expression]
        case .list(let items): items.flatMap(\.expressions)
        case .map(let entries): entries.flatMap { [$0.key] + $0.value.expressions }
        }
    }
}

extension CorrelationKey {
    /// Nil if it may be null.
    fileprivate var neededExpression: Expression? { isOptional ? nil : expression }
}
