package import Values

/// `bpmn:endEvent` with `bpmn:errorEventDefinition`: throws a BPMN error out of its scope.
///
/// Caught by a boundary event of an enclosing subprocess, else the instance ends with the error.
package struct ErrorEndEvent: FlowElement {
    package static let tag = "endEvent"
    package static let eventDefinition: String? = "errorEventDefinition"
    package let id: ElementID
    package let code: String
    package let message: String?

    package var isEnd: Bool { true }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let definition = node.firstChild(named: "errorEventDefinition", namespace: BPMN.namespace) else {
            return nil
        }
        let error = reader.error(of: definition, in: id)
        guard let code = error?.code, !code.isEmpty else {
            reader.report(
                "missing-error-code", definition, element: id, "the error end event has no error code",
                "refer to a <bpmn:error> with an errorCode by errorRef")
            return nil
        }
        self.id = id
        self.code = code
        self.message = error?.message
    }

    /// What catches the error cancels this event with its scope.
    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        step.propagate(BPMNError(code: code, message: message), from: activity)
    }
}
