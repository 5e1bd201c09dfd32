package import Expressions
import OrderedCollections
package import Values

/// `bpmn:callActivity`: another process runs, as an instance of its own; this one waits for its end.
package struct CallActivity: FlowElement {
    package static let tag = "callActivity"
    package static let isActivity = true
    package let id: ElementID
    package let process: Expression
    package let binding: CallTarget.Binding
    package let inputs: PassedVariables
    package let outputs: PassedVariables

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        let called = node.extensions(named: "calledElement", namespace: BPMN.zeebe).first
        if let kind = ["caseRef", "variableMappingClass", "variableMappingDelegateExpression"].first(where: {
            node.attribute($0, namespace: BPMN.camunda) != nil
        }) {
            reader.reportUnsupported(node, element: id, "camunda:\(kind)")
            return nil
        }
        let name = [node.attribute("calledElement"), called?.attribute("processId")]
            .compactMap { $0 }.first { !$0.isEmpty }
        guard let name, let process = reader.valueExpression(name, node: node, element: id) else {
            reader.report(
                "missing-reference", node, element: id, "<callActivity> names no process", "set calledElement")
            return nil
        }
        self.id = id
        self.process = process
        binding = Self.binding(of: node, prefix: "calledElement", called)
        if let called {
            inputs = called.attribute("propagateAllParentVariables") == "false" ? .none : .all
            outputs = called.attribute("propagateAllChildVariables") == "false" ? .none : .all
        } else {
            inputs = PassedVariablesReader.read("in", of: node, element: id, reader: &reader)
            outputs = PassedVariablesReader.read("out", of: node, element: id, reader: &reader)
        }
    }

    /// `camunda:<prefix>Binding` with `Version` or `VersionTag`; `zeebe` has `bindingType` and `versionTag`.
    static func binding(of node: SourceNode, prefix: String, _ zeebe: SourceNode? = nil) -> CallTarget.Binding {
        switch node.attribute("\(prefix)Binding", namespace: BPMN.camunda) ?? zeebe?.attribute("bindingType") {
        case "deployment": .deployment
        case "version":
            node.attribute("\(prefix)Version", namespace: BPMN.camunda).flatMap { Int($0) }.map { .version($0) }
                ?? .latest
        case "versionTag":
            (node.attribute("\(prefix)VersionTag", namespace: BPMN.camunda) ?? zeebe?.attribute("versionTag"))
                .map { .versionTag($0) } ?? .latest
        default: .latest
        }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let request = try request(for: activity, in: step)
        try step.armBoundaryEvents(of: activity)
        step.record(.call(.requested(request)))
    }

    private func request(for activity: Int, in step: Step) throws(IncidentCause) -> CallEvent.Call {
        let variables = step.visibleVariables(of: activity)
        let name = try EventTrigger.text(process, in: variables, element: id)
        let passed = try inputs.evaluate(in: variables)
        var businessKey: String?
        if let expression = inputs.businessKey {
            businessKey = try EventTrigger.text(expression, in: variables, element: id)
        }
        return CallEvent.Call(
            call: step.instance.lastCall + 1, activity: activity, element: id,
            target: CallTarget(process: name, binding: binding), businessKey: businessKey, variables: passed)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering: try step.begin(self, activity.number)
        case .waiting: step.record(.call(.requested(try request(for: activity.number, in: step))))
        case .leaving: try step.leave(activity.number)
        }
    }

    /// The called instance completed, with these variables.
    func completed(_ activity: Int, with variables: [Variable], in step: inout Step) throws(IncidentCause) {
        step.setResult(try passedBack(variables, in: step), of: activity)
        try step.leave(activity)
    }

    /// What its outputs take of the called instance's variables.
    func passedBack(_ variables: [Variable], in step: Step) throws(IncidentCause) -> [Variable] {
        var called = step.visibleVariables(from: ProcessInstance.rootScope).emptied
        for variable in variables { called.locals[variable.name] = variable.value }
        return try outputs.evaluate(in: called)
    }
}
