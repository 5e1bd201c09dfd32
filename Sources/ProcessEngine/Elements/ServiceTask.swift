package import Expressions
import OrderedCollections
package import Values

/// `bpmn:serviceTask`: what a contract promises. An agent does it, as an external task; a workflow contract's process is
/// called; a decision is made at once. Other tasks and message events that name a contract are the same.
///
/// Input: what the mappings say; without any, the visible variables whose names the contract declares (all, if it is
/// not deployed). Output: what the mappings say; without any, every member becomes a variable.
package struct ServiceTask: TaskElement, CallingElement {
    package static let tag = "serviceTask"
    package static let isActivity = true
    package let id: ElementID
    package let work: Work
    /// The minor version that the model was made for, if it says so; the newest is what counts.
    package let minor: Int?
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]
    package let retries: Expression?
    /// Wins over the priority of the instance, which wins over the contract's.
    package let priority: Expression?
    /// When an agent's answer is a BPMN error after all.
    package let errorDefinitions: [ErrorDefinition]
    /// What the model says to who does it beside the input: `camunda:properties`, `zeebe:taskHeaders`.
    package let properties: [Variable]
    /// It is an end event that sends a message.
    package let isEnd: Bool

    package enum Work: Sendable, Hashable {
        case contract(ContractKey)
        /// Only running it tells: a job type in FEEL, a topic in JUEL.
        case computed(Expression)
    }

    /// What promises it, as far as the model tells.
    package var contract: ContractKey? {
        switch work {
        case .contract(let contract): contract
        case .computed: nil
        }
    }

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
        properties = TaskReader.properties(of: node)
        isEnd = node.name == "endEvent"
        errorDefinitions = ErrorDefinition.read(node, element: id, reader: &reader)
        self.work = work.name
        minor = work.minor
        retries = work.retries
        priority = work.priority
        inputs = mappings.inputs
        outputs = mappings.outputs
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let variables = step.visibleVariables(from: step.activity(activity).scope, at: activity)
        let contracts = step.surroundings.contracts
        let contract = try contract(in: variables)
        let policy = contracts.policy(of: contract) ?? .withoutContract
        let priority = try self.priority(in: variables) ?? step.instance.priority ?? policy.priority
        let input = try Self.checked(try self.input(from: variables, of: contract, contracts), of: contract, in: step)
        let retries = try retries(in: variables) ?? policy.maxAttempts
        switch contracts.performer(of: contract) {
        case .agent:
            try step.armBoundaryEvents(of: activity)
            step.record(
                .taskCreated(
                    Event.TaskCreated(
                        task: step.instance.lastTask + 1, activity: activity, element: id, contract: contract,
                        priority: priority,
                        retries: max(retries, 1), input: input)))
        case .workflow(let process):
            try step.armBoundaryEvents(of: activity)
            requestCall(of: process, by: contract, for: activity, with: input, in: &step)
        case .decision:
            guard try step.armConditions(of: activity) else { return }
            try decide(contract, with: input, for: activity, variables, in: &step)
        }
    }

    /// The input with the contract's defaults.
    static func checked(_ input: JSON, of contract: ContractKey, in step: Step) throws(IncidentCause) -> JSON {
        switch step.surroundings.contracts.checkInput(input, of: contract) {
        case .success(let checked): return checked
        case .failure(let violation):
            throw IncidentCause(.contractViolated, violation.message(about: "the input", of: contract))
        }
    }

    private func requestCall(
        of process: String, by contract: ContractKey, for activity: Int, with input: JSON, in step: inout Step
    ) {
        step.record(
            .call(
                .requested(
                    CallEvent.Call(
                        call: step.instance.lastCall + 1, activity: activity, element: id,
                        target: CallTarget(process: process, binding: .contract(contract)), businessKey: nil,
                        variables: input.variables, catches: step.caughtErrors(from: activity)))))
    }

    /// A result that is no object gets the name of the one output that the contract declares, else that of the decision.
    private func decide(
        _ contract: ContractKey, with input: JSON, for activity: Int, _ variables: VisibleVariables, in step: inout Step
    ) throws(IncidentCause) {
        var given = variables.emptied
        for variable in input.variables { given.locals[variable.name] = variable.value }
        let contracts = step.surroundings.contracts
        let reference = DecisionReference(.contract(contract), caller: step.instance.definition)
        let value = try step.decide(reference, named: contract.description, with: given, for: activity)
        let names = contracts.outputNames(of: contract) ?? []
        let result = value.isObject ? value : .object([(names.count == 1 ? names[0] : contract.name, value)])
        switch contracts.checkOutput(result, of: contract) {
        case .success(let output): try finish(activity, input: input.variables, output: output.variables, in: &step)
        case .failure(let violation):
            throw IncidentCause(.contractViolated, violation.message(about: "the decision", of: contract))
        }
    }

    /// What its expressions see that say who does it, and how often it is tried: its mapped input is there already.
    private func inside(_ variables: VisibleVariables) throws(IncidentCause) -> VisibleVariables {
        guard !inputs.isEmpty else { return variables }
        var inside = variables
        for variable in try VariableMapping.evaluate(inputs, in: variables) {
            inside.locals[variable.name] = variable.value
        }
        return inside
    }

    private func contract(in variables: VisibleVariables) throws(IncidentCause) -> ContractKey {
        switch work {
        case .contract(let contract): return contract
        case .computed(let expression):
            let name = try EventTrigger.text(expression, in: try inside(variables), element: id)
            if let contract = TaskReader.contract(name) { return contract }
            throw IncidentCause(.expressionFailed, "\(id) asks for \"\(name)\", which is not a contract name")
        }
    }

    package func retries(of activity: Int, in step: Step) throws(IncidentCause) -> Int? {
        try retries(in: step.visibleVariables(from: step.activity(activity).scope, at: activity))
    }

    private func retries(in variables: VisibleVariables) throws(IncidentCause) -> Int? {
        guard let retries else { return nil }
        // Most models say a number.
        let seen = retries.constantValue == nil ? try inside(variables) : variables
        return try Self.wholeNumber(retries, in: seen, "the number of attempts of \(id)")
    }

    private func input(
        from variables: VisibleVariables, of contract: ContractKey, _ contracts: any TaskContracts
    ) throws(IncidentCause) -> JSON {
        guard inputs.isEmpty else {
            return .object(try VariableMapping.evaluate(inputs, in: variables).map { ($0.name, $0.value) })
        }
        let names = OrderedSet(contracts.inputNames(of: contract) ?? variables.names)
        return .object(names.compactMap { name in variables.lookup(name).map { (name, $0) } })
    }

    private func priority(in variables: VisibleVariables) throws(IncidentCause) -> Int? {
        try priority.map { (expression) throws(IncidentCause) in
            try Self.wholeNumber(expression, in: variables, "the priority of \(id)")
        }
    }

    private static func wholeNumber(
        _ expression: Expression, in variables: VisibleVariables, _ what: String
    ) throws(IncidentCause) -> Int {
        let value: JSON
        do {
            value = try expression.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "\(what) failed: \(error)")
        }
        guard let number = value.intValue ?? value.stringValue.flatMap({ Int($0) }) else {
            throw IncidentCause(.expressionFailed, "\(what) is not a whole number")
        }
        return number
    }

    package func taskCompleted(_ task: OpenTask, output: [Variable], in step: inout Step) throws(IncidentCause) {
        try finish(task.activity, input: task.input.variables, output: output, in: &step)
    }

    package func completed(
        _ call: CallEvent.Call, with variables: [Variable], in step: inout Step
    ) throws(IncidentCause) {
        try finish(call.activity, input: call.variables, output: variables, in: &step)
    }

    package func passedBack(_ variables: [Variable], in step: Step) throws(IncidentCause) -> [Variable] {
        guard !outputs.isEmpty else { return variables }
        var called = step.visibleVariables(from: ProcessInstance.rootScope).emptied
        for variable in variables { called.locals[variable.name] = variable.value }
        return try VariableMapping.evaluate(outputs, in: called)
    }

    /// Its outputs are of a result, and there is none.
    package func passedBack(_ variables: [Variable], withErrorIn step: Step) -> [Variable] { [] }

    /// The input is split into variables only where a mapping may look at them.
    private func finish(
        _ activity: Int, input: @autoclosure () -> [Variable], output: [Variable], in step: inout Step
    ) throws(IncidentCause) {
        guard !outputs.isEmpty else {
            step.setVariables(output, from: step.activity(activity).scope)
            return try step.leave(activity)
        }
        var locals = OrderedDictionary<String, JSON>()
        for variable in input() + output { locals[variable.name] = variable.value }
        do {
            try mapOutput(locals, of: activity, in: &step)
        } catch {
            let kept = locals.map { Variable(name: $0.key, value: $0.value) }
            step.record(.outputKept(activity: activity, kept))
            throw error
        }
        try step.leave(activity)
    }

    private func mapOutput(
        _ locals: OrderedDictionary<String, JSON>, of activity: Int, in step: inout Step
    ) throws(IncidentCause) {
        let scope = step.activity(activity).scope
        var visible = step.visibleVariables(from: scope, at: activity)
        visible.locals = locals
        step.setVariables(try VariableMapping.evaluate(outputs, in: visible), from: scope)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering: try step.begin(self, activity.number)
        case .waiting:
            // Its call failed; what stands on its border still does.
            let contracts = step.surroundings.contracts
            let variables = step.visibleVariables(from: activity.scope, at: activity.number)
            let contract = try contract(in: variables)
            guard case .workflow(let process) = contracts.performer(of: contract) else {
                return try step.begin(self, activity.number)
            }
            let input = try self.input(from: variables, of: contract, contracts)
            requestCall(
                of: process, by: contract, for: activity.number,
                with: try Self.checked(input, of: contract, in: step), in: &step)
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
