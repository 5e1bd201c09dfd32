package import Expressions
import OrderedCollections
package import Values

/// `bpmn:complexGateway`: goes on as soon as its activation condition holds, which may ask for `activationCount`, the
/// number of tokens that came; those
/// that come later are used up without effect. Without a condition it is an inclusive gateway.
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

    package var ignoresLateTokens: Bool { activationCondition != nil }

    package func arrive(_ token: Token, in step: inout Step) {
        guard step.definition.incoming(of: id).count > 1, let flow = token.flow else {
            return step.enter(self, in: token.scope)
        }
        step.record(.tokenArrived(element: id, flow: flow, scope: token.scope))
    }

    package func canPass(in scope: Int, of step: Step) -> Bool {
        guard let activationCondition else { return !step.canReach(id, in: scope) }
        let count = step.instance.scope(scope)?.waiting.filter { $0.join == id }.reduce(0) { $0 + $1.count } ?? 0
        var variables = step.visibleVariables(from: scope)
        variables.locals["activationCount"] = .number(count)
        return (try? activationCondition.evaluateCondition(in: variables)) ?? false
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
