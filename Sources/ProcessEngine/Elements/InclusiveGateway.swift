package import Values

/// `bpmn:inclusiveGateway`: takes every outgoing flow whose condition holds, the default flow if none does. Where flows
/// come together it waits as long as a token can still come to it, from wherever in its scope, and then takes all that
/// came as one.
package struct InclusiveGateway: NonLocalJoin {
    package static let tag = "inclusiveGateway"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func arrive(_ token: Token, in step: inout Step) {
        guard step.definition.incoming(of: id).count > 1, let flow = token.flow else {
            return step.enter(self, in: token.scope)
        }
        step.record(.tokenArrived(element: id, flow: flow, scope: token.scope))
    }

    package func canPass(in scope: Int, of step: Step) -> Bool {
        !step.canReach(id, in: scope)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
