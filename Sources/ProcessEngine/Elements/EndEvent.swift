package import Values

/// `bpmn:endEvent` without an event definition: one path ends; the scope ends with its last one.
package struct EndEvent: FlowElement {
    package static let tag = "endEvent"
    package let id: ElementID

    package var isEnd: Bool { true }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.runListeners(.end, of: activity)
        try step.closeLocalScope(of: activity)
        try step.complete(activity, taking: [])
    }
}
