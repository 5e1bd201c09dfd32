package import Values

/// `bpmn:parallelGateway`: waits for one token of each incoming flow, then sends one over each outgoing flow.
package struct ParallelGateway: CountingJoin {
    package static let tag = "parallelGateway"
    package let id: ElementID

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func arrive(_ token: Token, in step: inout Step) {
        let incoming = step.definition.incoming(of: id)
        guard incoming.count > 1, let flow = token.flow else { return step.enter(self, in: token.scope) }
        step.record(.tokenArrived(element: id, flow: flow, scope: token.scope))
        _ = passIfComplete(in: token.scope, of: &step)
    }

    func passIfComplete(in number: Int, of step: inout Step) -> Bool {
        let incoming = step.definition.incoming(of: id)
        guard let scope = step.instance.scope(number), incoming.allSatisfy({ scope.isWaiting(at: id, by: $0.id) })
        else { return false }
        step.record(.tokensJoined(element: id, flows: incoming.map(\.id), scope: number))
        step.enter(self, in: number)
        return true
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.runListeners(.end, of: activity)
        try step.complete(activity, taking: step.definition.outgoing(of: id))
    }
}
