package import Values

/// `bpmn:boundaryEvent` with `bpmn:errorEventDefinition`: catches BPMN errors of its activity, of one code or of any.
package struct ErrorBoundaryEvent: BoundaryElement {
    package static let tag = "boundaryEvent"
    package static let eventDefinition: String? = "errorEventDefinition"
    package let id: ElementID
    package let attachedTo: ElementID
    /// Nil catches every error.
    package let code: String?
    package let codeVariable: String?
    package let messageVariable: String?

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let attachedTo = reader.reference("attachedToRef", of: node, element: id),
            let definition = node.firstChild(named: "errorEventDefinition", namespace: BPMN.namespace)
        else { return nil }
        if node.attribute("cancelActivity") == "false" {
            reader.report(
                "invalid-boundary-event", node, element: id, "an error always interrupts its activity",
                "remove cancelActivity=\"false\"")
        }
        self.id = id
        self.attachedTo = attachedTo
        self.code = reader.error(of: definition, in: id)?.code
        self.codeVariable = definition.attribute("errorCodeVariable", namespace: BPMN.camunda)
        self.messageVariable = definition.attribute("errorMessageVariable", namespace: BPMN.camunda)
    }

    package func match(errorCode: String) -> ErrorMatch? {
        guard let code else { return .any }
        return code == errorCode ? .exact : nil
    }

    package func variables(of error: BPMNError) -> [Variable] {
        var variables: [Variable] = []
        if let codeVariable { variables.append(Variable(name: codeVariable, value: .string(error.code))) }
        if let messageVariable {
            variables.append(Variable(name: messageVariable, value: error.message.map { .string($0) } ?? .null))
        }
        return variables
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
