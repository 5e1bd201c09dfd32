package import Values

/// `bpmn:intermediateThrowEvent` with `bpmn:linkEventDefinition`: goes on at the catching link event of that name.
package struct LinkThrowEvent: FlowElement {
    package static let tag = "intermediateThrowEvent"
    package static let eventDefinition: String? = "linkEventDefinition"
    package let id: ElementID
    package let link: String

    package var isEnd: Bool { true }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let link = LinkCatchEvent.name(in: node) else { return nil }
        self.id = id
        self.link = link
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard let target = step.definition.linkTarget(of: self) else {
            throw IncidentCause(.noFlowTaken, "no link event catches the link \"\(link)\" of \(id)")
        }
        let scope = step.activity(activity).scope
        try step.runListeners(.end, of: activity)
        try step.complete(activity, taking: [])
        step.send(Token(element: target, flow: nil, scope: scope))
    }
}
