package import Values

/// `bpmn:receiveTask`: waits for its message; without one, for a command that names its subscription.
package struct ReceiveTask: CatchElement {
    package static let tag = "receiveTask"
    package static let isActivity = true
    package let id: ElementID
    package let message: MessageTrigger?
    /// Its message starts the process.
    package let isInstantiating: Bool

    package var triggers: [EventTrigger] { message.map { [.message($0)] } ?? [] }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        message = TriggerReader.message(of: node, element: id, reader: &reader)
        isInstantiating = node.attribute("instantiate") == "true"
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard message != nil else {
            try step.armBoundaryEvents(of: activity)
            return step.open(.subscription(.call), of: id, for: activity)
        }
        let scope = step.variableScope(of: activity)
        let own = try triggers.first?.prepare(for: id, in: step.visibleVariables(from: scope))
        try step.armBoundaryEvents(of: activity)
        if let own { step.open(own, of: id, for: activity) }
    }

    package func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause) {
        let waiting = step.activity(occurrence.activity)
        guard waiting.element == id else {
            return try EventBasedGateway.choose(self, after: waiting, variables: occurrence.variables, in: &step)
        }
        if let subscription = occurrence.subscription {
            step.record(.subscription(.closed(subscription: subscription)))
        }
        step.setResult(occurrence.variables, of: waiting.number)
        try step.leave(waiting.number)
    }
}
