package import Expressions
package import Values

/// `bpmn:adHocSubProcess`: activities in no fixed order. The elements that its collection names begin, else all that no
/// flow leads to. It ends when its completion condition holds after one of them ended, else with the last.
package struct AdHocSubProcess: ScopeElement {
    package static let tag = "adHocSubProcess"
    package static let isActivity = true
    package let id: ElementID
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]
    package let activeElements: Expression?
    package let completionCondition: Expression?
    package let cancelsRemaining: Bool

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        let mappings = MappingReader.read(node, element: id, reader: &reader)
        inputs = mappings.inputs
        outputs = mappings.outputs
        let adHoc = node.extensions(named: "adHoc", namespace: BPMN.zeebe).first
        activeElements = adHoc?.attribute("activeElementsCollection").flatMap {
            reader.valueExpression($0, node: node, element: id)
        }
        completionCondition = node.firstChild(named: "completionCondition", namespace: BPMN.namespace).flatMap {
            reader.condition($0, element: id)
        }
        cancelsRemaining = node.attribute("cancelRemainingInstances") != "false"
        if node.attribute("ordering") == "Sequential" {
            reader.reportUnsupported(node, element: id, "an ad-hoc subprocess that is sequential")
        }
        reader.readContents(of: node, in: id)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let outer = step.activity(activity).scope
        let variables = try VariableMapping.evaluate(inputs, in: step.visibleVariables(from: outer))
        let entries = try entries(in: step.visibleVariables(from: outer), of: step.definition)
        try step.armBoundaryEvents(of: activity)
        let scope = step.instance.lastScope + 1
        step.record(.scopeOpened(scope: scope, parent: outer, activity: activity))
        if !variables.isEmpty { step.record(.variablesSet(scope: scope, variables)) }
        try step.armEventSubprocesses(in: id, scope: scope, of: activity)
        for entry in entries.reversed() { step.send(Token(element: entry, flow: nil, scope: scope)) }
        if entries.isEmpty { step.settleLater(scope) }
    }

    private func entries(
        in variables: VisibleVariables, of definition: ProcessDefinition
    ) throws(IncidentCause) -> [ElementID] {
        let all = definition.entries(in: id)
        guard let activeElements else { return all }
        let value: JSON
        do {
            value = try activeElements.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the elements to activate in \(id) failed: \(error)")
        }
        let names = (value.elements() ?? []).compactMap(\.stringValue)
        for name in names where definition.parent(of: ElementID(name)) != id {
            throw IncidentCause(.expressionFailed, "\"\(name)\" is no element of the ad-hoc subprocess \(id)")
        }
        return names.map { ElementID($0) }
    }

    /// An activity inside completed: whether nothing is to follow. What is still at work then goes, unless it may stay.
    func ends(_ activity: Int, scope: Int, in step: inout Step) throws(IncidentCause) -> Bool {
        guard let completionCondition else { return false }
        do {
            guard try completionCondition.evaluateCondition(in: step.visibleVariables(from: scope)) else {
                return false
            }
        } catch {
            throw IncidentCause(.expressionFailed, "the completion condition of \(id) failed: \(error)")
        }
        if cancelsRemaining { step.clear(scope) }
        step.settleLater(scope)
        return true
    }

    package func innerScopeFinished(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let host = step.activity(activity)
        guard let inner = host.innerScope else { return try step.leave(activity) }
        let variables = try VariableMapping.evaluate(outputs, in: step.visibleVariables(from: inner))
        step.closeOrRetain(inner, of: host)
        step.setVariables(variables, from: host.scope)
        try step.leave(activity)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering: try step.begin(self, activity.number)
        case .waiting, .leaving: try innerScopeFinished(activity.number, in: &step)
        }
    }
}
