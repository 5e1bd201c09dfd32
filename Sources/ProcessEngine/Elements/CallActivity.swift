package import Expressions
import OrderedCollections
package import Values

/// `bpmn:callActivity`: another process runs, as an instance of its own; this one waits for its end. It is named by its id,
/// or by its workflow contract (`waybill:contract`), which then checks what is passed, and completes it with defaults.
package struct CallActivity: CallingElement {
    package static let tag = "callActivity"
    package static let isActivity = true
    package let id: ElementID
    package let target: Target
    package let binding: ModelBinding
    package let inputs: PassedVariables
    package let outputs: PassedVariables
    /// Its output mappings see all that the called process gives, whatever else comes back (`zeebe:calledElement`).
    package let mappingsSeeAll: Bool
    /// What `camunda:out` says goes out with an error too, as in Camunda 7.
    package let passesWithErrors: Bool

    package enum Target: Sendable, Hashable {
        case process(Expression)
        case contract(ContractKey)
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        let called = node.extensions(named: "calledElement", namespace: BPMN.zeebe).first
        for kind in ["variableMappingClass", "variableMappingDelegateExpression"]
        where node.attribute(kind, namespace: BPMN.camunda) != nil {
            reader.reportHostCode(node, element: id, "camunda:\(kind)", "map with <camunda:in> and <camunda:out>")
            return nil
        }
        if node.attribute("caseRef", namespace: BPMN.camunda) != nil {
            reader.reportUnsupported(node, element: id, "camunda:caseRef")
            return nil
        }
        guard let target = Self.target(of: node, called, element: id, reader: &reader),
            let binding = Self.binding(of: node, prefix: "calledElement", called, element: id, reader: &reader)
        else { return nil }
        self.id = id
        self.target = target
        self.binding = binding
        mappingsSeeAll = called != nil
        passesWithErrors = called == nil && !node.extensions(named: "out", namespace: BPMN.camunda).isEmpty
        if let called {
            inputs = called.attribute("propagateAllParentVariables") == "false" ? .none : .all
            outputs = called.attribute("propagateAllChildVariables") == "false" ? .none : .all
        } else {
            inputs = Self.passed("in", of: node, to: target, element: id, reader: &reader)
            outputs = Self.passed("out", of: node, to: target, element: id, reader: &reader)
        }
    }

    /// Nothing, if nothing is said; but a contract says what it takes and gives.
    private static func passed(
        _ name: String, of node: SourceNode, to target: Target, element: ElementID, reader: inout DefinitionReader
    ) -> PassedVariables {
        if case .contract = target, node.extensions(named: name, namespace: BPMN.camunda).isEmpty { return .all }
        return PassedVariablesReader.read(name, of: node, element: element, reader: &reader)
    }

    private static func target(
        of node: SourceNode, _ zeebe: SourceNode?, element: ElementID, reader: inout DefinitionReader
    ) -> Target? {
        if let text = node.attribute("contract", namespace: BPMN.waybill) {
            if let contract = TaskReader.contract(text) { return .contract(contract) }
            reader.report(
                "invalid-contract", node, element: element, "\"\(text)\" is not a contract name",
                "write it as name@major, for example media.ingest@2")
            return nil
        }
        let name = [node.attribute("calledElement"), zeebe?.attribute("processId")]
            .compactMap { $0 }.first { !$0.isEmpty }
        guard let name else {
            reader.report(
                "missing-reference", node, element: element, "<callActivity> names no process", "set calledElement")
            return nil
        }
        return reader.valueExpression(name, node: node, element: element).map { .process($0) }
    }

    /// `camunda:<prefix>Binding` with `Version` or `VersionTag`; `zeebe` has `bindingType` and `versionTag`. Nil, and
    /// reported, for one that cannot be kept.
    static func binding(
        of node: SourceNode, prefix: String, _ zeebe: SourceNode?, element: ElementID, reader: inout DefinitionReader
    ) -> ModelBinding? {
        func computed(_ text: String?) -> Expression? {
            guard let text, text.hasPrefix("=") || text.contains("${") || text.contains("#{") else { return nil }
            return reader.valueExpression(text, node: node, element: element)
        }
        func attribute(_ suffix: String) -> String? {
            node.attribute(prefix + suffix, namespace: BPMN.camunda).flatMap { $0.isEmpty ? nil : $0 }
        }
        let binding = attribute("Binding") ?? zeebe?.attribute("bindingType") ?? "latest"
        switch binding {
        case "latest": return .fixed(.latest)
        case "deployment": return .fixed(.deployment)
        case "version":
            if let version = attribute("Version").flatMap({ Int($0) }), version > 0 { return .fixed(.version(version)) }
            if let expression = computed(attribute("Version")) { return .version(expression) }
            reader.report(
                "invalid-binding", node, element: element,
                "\(prefix)Version must be a whole number above 0, not \"\(attribute("Version") ?? "")\"",
                "write the version, or bind to the latest")
            return nil
        case "versionTag":
            if let tag = attribute("VersionTag") ?? zeebe?.attribute("versionTag"), !tag.isEmpty {
                return computed(tag).map { ModelBinding.versionTag($0) } ?? .fixed(.versionTag(tag))
            }
            reader.report(
                "invalid-binding", node, element: element, "the binding to a version tag names none",
                "set \(prefix)VersionTag")
            return nil
        default:
            reader.report(
                "invalid-binding", node, element: element, "\"\(binding)\" is no binding",
                "use latest, deployment, version or versionTag")
            return nil
        }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let request = try request(for: activity, in: step)
        try step.armBoundaryEvents(of: activity)
        step.record(.call(.requested(request)))
    }

    private func request(for activity: Int, in step: Step) throws(IncidentCause) -> CallEvent.Call {
        let variables = step.visibleVariables(of: activity)
        var passed = try inputs.evaluate(in: variables)
        let called: CallTarget
        switch target {
        case .process(let process):
            let name = try EventTrigger.text(process, in: variables, element: id)
            called = CallTarget(process: name, binding: try binding.resolved(in: variables, element: id))
        case .contract(let contract):
            called = try Self.target(of: contract, in: step)
            if let names = step.surroundings.contracts.inputNames(of: contract) {
                passed = passed.filter { names.contains($0.name) }
            }
            let input = JSON.object(passed.map { ($0.name, $0.value) })
            passed = try ServiceTask.checked(input, of: contract, in: step).variables
        }
        var businessKey: String?
        if let expression = inputs.businessKey {
            businessKey = try EventTrigger.text(expression, in: variables, element: id)
        }
        return CallEvent.Call(
            call: step.instance.lastCall + 1, activity: activity, element: id, target: called,
            businessKey: businessKey, variables: passed, catches: step.caughtErrors(from: activity))
    }

    private static func target(of contract: ContractKey, in step: Step) throws(IncidentCause) -> CallTarget {
        switch step.surroundings.contracts.performer(of: contract) {
        case .workflow(let process): return CallTarget(process: process, binding: .contract(contract))
        case .agent, .decision: throw IncidentCause(.callFailed, "\(contract) is no deployed workflow contract")
        }
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering: try step.begin(self, activity.number)
        // What stands on its border stands there since the first call; its own variables alone made it wait.
        case .waiting where !activity.hasCalled: try step.begin(self, activity.number)
        case .waiting: step.record(.call(.requested(try request(for: activity.number, in: step))))
        case .leaving: try step.leave(activity.number)
        }
    }

    package func completed(
        _ call: CallEvent.Call, with variables: [Variable], in step: inout Step
    ) throws(IncidentCause) {
        let maps = step.definition.localMappings(of: id)?.outputs.isEmpty == false
        let result = maps && mappingsSeeAll ? variables : try passedBack(variables, in: step)
        step.setResult(result, of: call.activity)
        try step.leave(call.activity)
    }

    package func passedBack(_ variables: [Variable], in step: Step) throws(IncidentCause) -> [Variable] {
        var called = step.visibleVariables(from: ProcessInstance.rootScope).emptied
        for variable in variables { called.locals[variable.name] = variable.value }
        return try outputs.evaluate(in: called)
    }

    /// What cannot be evaluated is nothing: the error is to be caught all the same.
    package func passedBack(_ variables: [Variable], withErrorIn step: Step) -> [Variable] {
        passesWithErrors ? (try? passedBack(variables, in: step)) ?? [] : []
    }
}
