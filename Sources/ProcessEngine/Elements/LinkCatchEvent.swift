package import Values

/// `bpmn:intermediateCatchEvent` with `bpmn:linkEventDefinition`: where the throwing link events of its name go on.
package struct LinkCatchEvent: FlowElement {
    package static let tag = "intermediateCatchEvent"
    package static let eventDefinition: String? = "linkEventDefinition"
    package let id: ElementID
    package let link: String

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let link = Self.name(in: node) else { return nil }
        self.id = id
        self.link = link
    }

    /// The link's name; without one, the event's own.
    static func name(in node: SourceNode) -> String? {
        let definition = node.firstChild(named: "linkEventDefinition", namespace: BPMN.namespace)
        return [definition?.attribute("name"), node.attribute("name"), node.attribute("id")]
            .compactMap { $0 }.first { !$0.isEmpty }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}
