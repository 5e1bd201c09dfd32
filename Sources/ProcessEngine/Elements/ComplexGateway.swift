package import Expressions
import OrderedCollections
package import Values

/// `bpmn:complexGateway`: goes on once its activation condition holds, then waits for the flows by which nothing came yet
/// (as long as anything can) and starts over. Of what comes later only those outgoing flows are taken that have a condition
/// and whose condition holds.
///
/// The activation condition may ask for `activationCount`, the number of tokens that came, and for incoming flows by their
/// ids: the number that came by each. Conditions of outgoing flows may ask for `activationCount`, the number of flows that
/// it was activated by, and for `waitingForStart`: true when it goes on, false for what came later. Without a condition it is
/// an inclusive gateway.
package struct ComplexGateway: NonLocalJoin {
    package static let tag = "complexGateway"
    package let id: ElementID
    package let activationCondition: Expression?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        activationCondition = node.firstChild(named: "activationCondition", namespace: BPMN.namespace).flatMap {
            reader.condition($0, element: id)
        }
    }

    package var needsMoreThanTokens: Bool { activationCondition != nil }

    package func arrive(_ token: Token, in step: inout Step) {
        guard step.definition.incoming(of: id).count > 1, let flow = token.flow else {
            return step.enter(self, in: token.scope)
        }
        step.record(.tokenArrived(element: id, flow: flow, scope: token.scope))
    }

    package func canPass(in number: Int, of step: Step) -> Bool {
        guard let activationCondition else { return !step.canReach(id, in: number) }
        guard let scope = step.instance.scope(number) else { return false }
        let incoming = step.definition.incoming(of: id).map(\.id)
        if let activated = scope.activated[id] {
            let isComplete = incoming.allSatisfy { activated.contains($0) || scope.isWaiting(at: id, by: $0) }
            return isComplete || !step.canReach(id, in: number)
        }
        let waiting = scope.waiting.filter { $0.join == id }
        var variables = step.visibleVariables(from: number)
        for flow in incoming {
            variables.locals[flow.text] = .number(waiting.first { $0.flow == flow }?.count ?? 0)
        }
        variables.locals["activationCount"] = .number(waiting.reduce(0) { $0 + $1.count })
        return (try? activationCondition.evaluateCondition(in: variables)) ?? false
    }

    package func pass(in number: Int, of step: inout Step) {
        let activated = step.instance.scope(number)?.activated[id]
        step.consumeTokens(at: id, in: number)
        if activationCondition != nil, let activated { return startOver(after: activated, in: number, of: &step) }
        let arrived = step.instance.scope(number)?.activated[id] ?? []
        step.enter(self, in: number)
        // Nothing is left to wait for.
        guard step.definition.incoming(of: id).allSatisfy({ arrived.contains($0.id) }) else { return }
        step.record(.tokensJoined(element: id, flows: [], scope: number))
    }

    /// All came that could: what its flows say of that, and the next token begins anew.
    private func startOver(after activated: Set<ElementID>, in number: Int, of step: inout Step) {
        var variables = step.visibleVariables(from: number)
        variables.locals["activationCount"] = .number(activated.count)
        variables.locals["waitingForStart"] = .bool(false)
        let taken = step.definition.outgoing(of: id).filter { flow in
            flow.condition != nil && !flow.isDefault && (try? flow.holds(for: variables)) == true
        }
        for flow in taken { step.record(.flowTaken(flow: flow.id, scope: number)) }
        for flow in taken.reversed() { step.send(Token(element: flow.target, flow: flow.id, scope: number)) }
        if taken.isEmpty { step.settleLater(number) }
    }

    /// What the conditions of its outgoing flows may ask for when it goes on.
    func names(in scope: Int, of step: Step) -> [(name: String, value: JSON)] {
        let count = step.instance.scope(scope)?.activated[id]?.count ?? 1
        return [("activationCount", .number(count)), ("waitingForStart", .bool(true))]
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
