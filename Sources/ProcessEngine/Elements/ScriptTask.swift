package import Expressions
package import Values

/// `bpmn:scriptTask` in FEEL or JUEL, evaluated in the engine. Other languages would run the host's code: refused.
package struct ScriptTask: FlowElement {
    package static let tag = "scriptTask"
    package static let isActivity = true
    package let id: ElementID
    package let script: Expression
    package let resultVariable: String?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        if let zeebe = node.extensions(named: "script", namespace: BPMN.zeebe).first {
            guard
                let script = reader.valueExpression(zeebe.attribute("expression") ?? "", node: zeebe, element: id)
            else { return nil }
            self.script = script
            resultVariable = zeebe.attribute("resultVariable")
            return
        }
        let text = node.firstChild(named: "script", namespace: BPMN.namespace)?.text.trimmed ?? ""
        let format = node.attribute("scriptFormat") ?? ""
        guard let script = reader.scriptExpression(in: format, text, node, element: id) else { return nil }
        self.script = script
        resultVariable = node.attribute("resultVariable", namespace: BPMN.camunda)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard try step.armConditions(of: activity) else { return }
        let value: JSON
        do {
            value = try script.evaluate(in: step.visibleVariables(of: activity))
        } catch {
            throw IncidentCause(.expressionFailed, "the script of \(id) failed: \(error)")
        }
        if let resultVariable {
            let result = try value.bounded("the result of \(id)")
            step.setResult([Variable(name: resultVariable, value: result)], of: activity)
        }
        try step.leave(activity)
    }
}
