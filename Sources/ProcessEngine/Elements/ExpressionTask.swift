package import Expressions
package import Values

/// `bpmn:serviceTask`, `bpmn:sendTask` or `bpmn:businessRuleTask` with `camunda:expression`: evaluated in the engine, its value kept in
/// `camunda:resultVariable`.
package struct ExpressionTask: FlowElement {
    package static let tag = "serviceTask"
    package static let isActivity = true
    package let id: ElementID
    package let expression: Expression
    package let resultVariable: String?

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        [tag, "sendTask", "businessRuleTask"].contains(node.name)
            && node.attribute("expression", namespace: BPMN.camunda) != nil
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard
            let expression = reader.valueExpression(
                node.attribute("expression", namespace: BPMN.camunda) ?? "", node: node, element: id, mayChange: true)
        else { return nil }
        self.id = id
        self.expression = expression
        resultVariable =
            node.attribute("resultVariable", namespace: BPMN.camunda)
            ?? node.attribute("resultVariableName", namespace: BPMN.camunda)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard try step.armConditions(of: activity) else { return }
        let value = try step.evaluate(expression, for: activity)
        if let resultVariable { step.setResult([Variable(name: resultVariable, value: value)], of: activity) }
        try step.leave(activity)
    }
}
