package import Values

/// `bpmn:eventBasedGateway`: waits for the events after it; the first that comes is the way on. One that instantiates
/// starts the process with the event that came; a parallel one, which always does, waits for the others after that.
package struct EventBasedGateway: FlowElement {
    package static let tag = "eventBasedGateway"
    package let id: ElementID
    package let isInstantiating: Bool
    /// Every event comes, and goes on by its own way.
    package let isParallel: Bool

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
        isInstantiating = node.attribute("instantiate") == "true"
        isParallel = node.attribute("eventGatewayType") == "Parallel"
        if isParallel, !isInstantiating {
            reader.report(
                "invalid-gateway", node, element: id, "a parallel event-based gateway has to instantiate its process",
                "set instantiate=\"true\", or put a parallel gateway before the events")
        }
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let events = step.definition.outgoing(of: id).compactMap {
            step.definition.element($0.target) as? any CatchElement
        }
        guard !events.isEmpty else {
            throw IncidentCause(.noFlowTaken, "no event that can come is after the event-based gateway \(id)")
        }
        try step.open(events, for: activity, in: step.activity(activity).scope)
        for event in events where event.triggers.isEmpty {
            step.open(.subscription(.call), of: event.id, for: activity)
        }
    }

    /// The event came: the others are waited for no more, unless the gateway is parallel.
    static func choose(
        _ event: any CatchElement, after gateway: Activity, variables: [Variable], in step: inout Step
    ) throws(IncidentCause) {
        let flow = step.definition.outgoing(of: gateway.element).first { $0.target == event.id }
        if let flow { try step.runListeners(of: flow, from: gateway.number, in: gateway.scope) }
        let isParallel = (step.definition.element(gateway.element) as? Self)?.isParallel == true
        step.closeTriggers(of: gateway, at: isParallel ? event.id : nil)
        let rest = step.activity(gateway.number)
        if rest.timers.isEmpty && rest.subscriptions.isEmpty {
            step.recordCompleted(gateway.number)
        }
        if let flow { step.record(.flowTaken(flow: flow.id, scope: gateway.scope)) }
        step.enterTriggered(event, in: gateway.scope, variables: variables)
    }

    /// Waits for those of its events that the activity does not wait for yet.
    func waitForNew(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        let known = Set(
            activity.timers.compactMap { step.instance.timer($0)?.element }
                + activity.subscriptions.compactMap { step.instance.subscription($0)?.element })
        guard activity.phase == .waiting || !known.isEmpty else { return }
        let new = step.definition.outgoing(of: id).compactMap {
            step.definition.element($0.target) as? any CatchElement
        }.filter { !known.contains($0.id) }
        try step.open(new, for: activity.number, in: activity.scope)
        for event in new where event.triggers.isEmpty {
            step.open(.subscription(.call), of: event.id, for: activity.number)
        }
    }

    /// What it waits for is known again only by waiting anew.
    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        step.closeTriggers(of: activity)
        try enter(activity.number, in: &step)
    }
}
