package import Values

/// `bpmn:subProcess triggeredByEvent="true"`: runs when its start event comes while the scope around it is at work;
/// instead of everything else in that scope, or beside it.
package struct EventSubProcess: ScopeElement {
    package static let tag = "subProcess"
    package let id: ElementID
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && node.attribute("triggeredByEvent") == "true"
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        let mappings = MappingReader.read(node, element: id, reader: &reader)
        inputs = mappings.inputs
        outputs = mappings.outputs
        reader.readContents(of: node, in: id)
    }

    /// As a compensation handler, or by an operator: from its start event.
    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard let start = step.definition.eventStart(of: id) else { return }
        try run(activity, from: start, variables: [], in: &step)
    }

    func run(
        _ activity: Int, from start: ElementID, variables: [Variable], in step: inout Step
    ) throws(IncidentCause) {
        let outer = step.activity(activity).scope
        let mapped = try VariableMapping.evaluate(inputs, in: step.visibleVariables(from: outer))
        let scope = try step.openScope(of: activity, with: mapped, given: variables)
        step.send(Token(element: start, flow: nil, scope: scope))
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
        case .entering: try enter(activity.number, in: &step)
        case .waiting, .leaving: try innerScopeFinished(activity.number, in: &step)
        }
    }
}
