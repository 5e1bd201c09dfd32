package import Values

/// `bpmn:intermediateCatchEvent` with a timer, message, signal or condition: waits for it; for the first of several, or,
/// if they are parallel, for all of them.
package struct CatchEvent: CatchElement {
    package static let tag = "intermediateCatchEvent"
    package let id: ElementID
    package let triggers: [EventTrigger]
    package let isParallel: Bool

    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && TriggerReader.describes(eventDefinitions)
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        guard let triggers = TriggerReader.read(node, element: id, reader: &reader) else {
            return nil
        }
        self.id = id
        self.triggers = triggers.all
        isParallel = triggers.isParallel
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.open([self], for: activity, in: step.variableScope(of: activity))
    }

    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        let waiting = step.activity(occurrence.activity)
        guard waiting.element == id else {
            return try EventBasedGateway.choose(self, after: waiting, variables: occurrence.variables, in: &step)
        }
        step.setResult(occurrence.variables, of: waiting.number)
        if let subscription = occurrence.subscription {
            step.record(.subscription(.closed(subscription: subscription)))
        }
        let rest = step.activity(waiting.number)
        guard !isParallel || rest.timers.isEmpty && rest.subscriptions.isEmpty else { return }
        try step.leave(waiting.number)
    }
}
