package import Expressions
import OrderedCollections
package import Values

/// `bpmn:serviceTask`: an external task of a contract, done by an agent. Other tasks and message events that name a
/// contract are the same.
///
/// Input: what the mappings say; without any, the visible variables whose names the contract declares (all, if it is
/// not deployed). Output: what the mappings say; without any, every member becomes a variable.
package struct ServiceTask: TaskElement {
    package static let tag = "serviceTask"
    package static let isActivity = true
    package let id: ElementID
    package let contract: ContractKey
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]
    package let retries: Int?
    /// Wins over the contract's priority.
    package let priority: Expression?
    /// When an agent's answer is a BPMN error after all.
    package let errorDefinitions: [ErrorDefinition]
    /// It is an end event that sends a message.
    package let isEnd: Bool

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        switch node.name {
        case "serviceTask": node.attribute("expression", namespace: BPMN.camunda) == nil
        case "sendTask", "businessRuleTask", "scriptTask": TaskReader.namesContract(node)
        case "intermediateThrowEvent", "endEvent":
            eventDefinitions == ["messageEventDefinition"] && TaskReader.namesContract(node)
        default: false
        }
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        let mappings = MappingReader.read(node, element: id, reader: &reader)
        guard let work = TaskReader.read(node, element: id, reader: &reader) else { return nil }
        self.id = id
        isEnd = node.name == "endEvent"
        errorDefinitions = ErrorDefinition.read(node, element: id, reader: &reader)
        contract = work.contract
        retries = work.retries
        priority = work.priority
        inputs = mappings.inputs
        outputs = mappings.outputs
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let variables = step.visibleVariables(from: step.activity(activity).scope)
        let contracts = step.surroundings.contracts
        let policy = contracts.policy(of: contract) ?? .withoutContract
        let priority = try self.priority(in: variables) ?? policy.priority
        let input: JSON
        switch contracts.checkInput(try self.input(from: variables, contracts), of: contract) {
        case .success(let checked): input = checked
        case .failure(let violation):
            throw IncidentCause(
                .contractViolated,
                "the input does not fit contract \(contract): \(violation.problems.joined(separator: " "))")
        }
        try step.armBoundaryEvents(of: activity)
        step.record(
            .taskCreated(
                Event.TaskCreated(
                    task: step.instance.lastTask + 1, activity: activity, element: id, contract: contract,
                    priority: priority,
                    retries: max(retries ?? policy.maxAttempts, 1), input: input)))
    }

    private func input(from variables: VisibleVariables, _ contracts: any TaskContracts) throws(IncidentCause) -> JSON {
        guard inputs.isEmpty else {
            return .object(try VariableMapping.evaluate(inputs, in: variables).map { ($0.name, $0.value) })
        }
        let names = OrderedSet(contracts.inputNames(of: contract) ?? variables.names)
        return .object(names.compactMap { name in variables.lookup(name).map { (name, $0) } })
    }

    private func priority(in variables: VisibleVariables) throws(IncidentCause) -> Int? {
        guard let priority else { return nil }
        let value: JSON
        do {
            value = try priority.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the priority of \(id) failed: \(error)")
        }
        guard let number = value.intValue ?? value.stringValue.flatMap({ Int($0) }) else {
            throw IncidentCause(.expressionFailed, "the priority of \(id) is not a whole number")
        }
        return number
    }

    package func taskCompleted(_ task: OpenTask, output: [Variable], in step: inout Step) throws(IncidentCause) {
        guard !outputs.isEmpty else {
            step.setVariables(output, from: step.activity(task.activity).scope)
            return try step.leave(task.activity)
        }
        var locals = OrderedDictionary<String, JSON>()
        for member in task.input.members() ?? [] { locals[member.name] = member.value }
        for variable in output { locals[variable.name] = variable.value }
        do {
            try mapOutput(locals, of: task.activity, in: &step)
        } catch {
            let kept = locals.map { Variable(name: $0.key, value: $0.value) }
            step.record(.outputKept(activity: task.activity, kept))
            throw error
        }
        try step.leave(task.activity)
    }

    private func mapOutput(
        _ locals: OrderedDictionary<String, JSON>, of activity: Int, in step: inout Step
    ) throws(IncidentCause) {
        let scope = step.activity(activity).scope
        let visible = VisibleVariables(step.instance, scope: scope, locals: locals, now: step.surroundings.now)
        step.setVariables(try VariableMapping.evaluate(outputs, in: visible), from: scope)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering, .waiting: try step.begin(self, activity.number)
        case .leaving:
            if let kept = activity.keptOutput {
                let locals = OrderedDictionary(kept.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
                try mapOutput(locals, of: activity.number, in: &step)
                step.record(.outputMapped(activity: activity.number))
            }
            try step.leave(activity.number)
        }
    }
}
