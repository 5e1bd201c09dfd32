package import Values

/// `bpmn:subProcess` and `bpmn:transaction`: a scope with its own variables and tokens; goes on when its last token is gone.
package struct SubProcess: MappedScopeElement {
    package static let tag = "subProcess"
    package static let isActivity = true
    package let id: ElementID
    package let inputs: [VariableMapping]
    package let outputs: [VariableMapping]
    /// A cancel end event inside undoes what it did.
    package let isTransaction: Bool

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == "transaction" || node.name == tag && node.attribute("triggeredByEvent") != "true"
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        isTransaction = node.name == "transaction"
        let mappings = MappingReader.read(node, element: id, reader: &reader)
        inputs = mappings.inputs
        outputs = mappings.outputs
        reader.readContents(of: node, in: id)
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let outer = step.activity(activity).scope
        let variables = try VariableMapping.evaluate(inputs, in: step.visibleVariables(from: outer))
        let scope = try step.openScope(of: activity, with: variables)
        for start in step.definition.entries(in: id).reversed() {
            step.send(Token(element: start, flow: nil, scope: scope))
        }
    }
}
