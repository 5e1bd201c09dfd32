package import Values

/// `bpmn:exclusiveGateway`: takes the first outgoing flow whose condition holds, else the default flow. Every token
/// that comes passes; it never waits.
package struct ExclusiveGateway: FlowElement {
    package static let tag = "exclusiveGateway"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.runListeners(.end, of: activity)
        let outgoing = step.definition.outgoing(of: id)
        let variables = step.visibleVariables(from: step.activity(activity).scope, at: activity)
        for flow in outgoing where !flow.isDefault {
            if try flow.holds(for: variables) { return try step.complete(activity, taking: [flow]) }
        }
        let defaults = outgoing.filter(\.isDefault)
        guard outgoing.isEmpty || !defaults.isEmpty else { throw SequenceFlow.noneHolds(after: id) }
        try step.complete(activity, taking: defaults)
    }
}
