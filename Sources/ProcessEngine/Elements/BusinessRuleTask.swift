package import Expressions
package import Values

/// `bpmn:businessRuleTask`: has a decision made, at once, and keeps its result. (One that names a contract is done by whom
/// the contract says.)
package struct BusinessRuleTask: FlowElement {
    package static let tag = "businessRuleTask"
    package static let isActivity = true
    package let id: ElementID
    package let decision: Expression
    package let binding: ModelBinding
    package let resultVariable: String?
    package let resultShape: DecisionResultShape

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        let called = node.extensions(named: "calledDecision", namespace: BPMN.zeebe).first
        let reference = node.attribute("decisionRef", namespace: BPMN.camunda) ?? called?.attribute("decisionId")
        guard let reference, !reference.isEmpty,
            let decision = reader.valueExpression(reference, node: called ?? node, element: id)
        else {
            if !TaskReader.reportsHostCode(node, element: id, reader: &reader) {
                reader.report(
                    "no-decision", node, element: id, "the business rule task names no decision",
                    "set camunda:decisionRef, or waybill:contract=\"name@major\"")
            }
            return nil
        }
        guard
            let binding = CallActivity.binding(
                of: node, prefix: "decisionRef", called, element: id, reader: &reader)
        else { return nil }
        self.id = id
        self.decision = decision
        self.binding = binding
        resultVariable =
            node.attribute("resultVariable", namespace: BPMN.camunda) ?? called?.attribute("resultVariable")
        let mapping = node.attribute("mapDecisionResult", namespace: BPMN.camunda)
        guard let shape = called == nil ? DecisionResultShape(rawValue: mapping ?? "resultList") : .asIs else {
            reader.reportUnsupported(node, element: id, "mapDecisionResult=\"\(mapping ?? "")\"")
            return nil
        }
        resultShape = shape
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard try step.armConditions(of: activity) else { return }
        let variables = step.visibleVariables(of: activity)
        let name = try EventTrigger.text(decision, in: variables, element: id)
        let reference = DecisionReference(
            .named(name, try binding.resolved(in: variables, element: id)), caller: step.instance.definition,
            shape: resultShape)
        let result = try step.decide(reference, named: name, with: variables, for: activity)
        if let resultVariable { step.setResult([Variable(name: resultVariable, value: result)], of: activity) }
        try step.leave(activity)
    }
}

extension Step {
    /// Has a decision made and records it, so that it is never made again for this activity.
    mutating func decide(
        _ reference: DecisionReference, named name: String, with variables: VisibleVariables, for activity: Int
    ) throws(IncidentCause) -> JSON {
        switch surroundings.decisions.decide(reference, with: variables) {
        case .failure(let failure):
            throw IncidentCause(.decisionFailed, "the decision \(name) failed: \(failure.message)")
        case .success(let answer):
            let value = try answer.value.bounded("the decision \(name)")
            record(
                .decisionEvaluated(
                    activity: activity, decision: answer.decision.decision, version: answer.decision.version,
                    result: value))
            return value
        }
    }
}
