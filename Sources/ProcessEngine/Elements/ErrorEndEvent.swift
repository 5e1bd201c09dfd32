package import Expressions
package import Values

/// `bpmn:endEvent` with `bpmn:errorEventDefinition`: throws a BPMN error out of its scope.
///
/// Caught by a boundary event of an enclosing subprocess, else the instance ends with the error.
package struct ErrorEndEvent: FlowElement {
    package static let tag = "endEvent"
    package static let eventDefinition: String? = "errorEventDefinition"
    package let id: ElementID
    /// An expression, or a constant text.
    package let codeExpression: Expression
    package let messageExpression: Expression?
    /// Nil: an expression says it.
    package var code: String? { codeExpression.constantValue?.stringValue }

    package var isEnd: Bool { true }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let definition = node.firstChild(named: "errorEventDefinition", namespace: BPMN.namespace) else {
            return nil
        }
        self.init(definition, of: id, reader: &reader)
    }

    init?(_ definition: SourceNode, of id: ElementID, reader: inout DefinitionReader) {
        let error = reader.error(of: definition, in: id, isThrown: true)
        guard let code = error?.code, !code.isEmpty else {
            reader.report(
                "missing-error-code", definition, element: id, "the error end event has no error code",
                "refer to a <bpmn:error> with an errorCode by errorRef")
            return nil
        }
        guard let expression = reader.codeExpression(code, definition, of: id) else { return nil }
        self.id = id
        codeExpression = expression
        messageExpression = error?.message.flatMap { message in
            error?.isMessageExpression == true
                ? reader.valueExpression(message, node: definition, element: id)
                : .constant(.string(message))
        }
    }

    /// What catches the error cancels this event with its scope.
    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let code = try EventTrigger.text(codeExpression, in: step.visibleVariables(of: activity), element: id)
        guard !code.isEmpty else { throw IncidentCause(.expressionFailed, "the error code of \(id) is empty") }
        var message: String?
        if let messageExpression {
            do {
                let value = try messageExpression.evaluate(in: step.visibleVariables(of: activity))
                message = value.stringValue ?? value.text
            } catch {
                throw IncidentCause(.expressionFailed, "the message of the error of \(id) failed: \(error)")
            }
        }
        step.propagate(BPMNError(code: code, message: message), from: activity)
    }
}
