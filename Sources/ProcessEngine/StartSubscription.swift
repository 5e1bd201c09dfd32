package import Expressions
package import Values

/// What starts a process from outside: the deployment subscribes to it for the newest version, and starts an instance
/// with `Command.Start.startEvent` when it comes.
package struct StartSubscription: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case message(name: String)
        case signal(name: String)
        case timer(TimerTrigger)
        /// Looked at when somebody asks with variables.
        case condition(Expression)
    }

    package let element: ElementID
    package let kind: Kind
}

extension ProcessDefinition {
    /// In the order of the file. Names that are expressions see no variables: those that fail are left out.
    package var startSubscriptions: [StartSubscription] {
        var found: [StartSubscription] = []
        for element in elements where parent(of: element.id) == nil {
            if let start = element as? TriggeredStartEvent {
                found += start.triggers.compactMap { subscription(for: start.id, $0) }
            } else if let task = element as? ReceiveTask, task.isInstantiating, incoming(of: task.id).isEmpty {
                found += task.triggers.compactMap { subscription(for: task.id, $0) }
            } else if let gateway = element as? EventBasedGateway, gateway.isInstantiating {
                for flow in outgoing(of: gateway.id) {
                    guard let event = self.element(flow.target) as? any CatchElement else { continue }
                    found += event.triggers.compactMap { subscription(for: event.id, $0) }
                }
            }
        }
        return found
    }

    private func subscription(for element: ElementID, _ trigger: EventTrigger) -> StartSubscription? {
        let nothing = VisibleVariables(ProcessInstance(), scope: 0, now: Timestamp(millisecondsSinceEpoch: 0))
        switch trigger {
        case .timer(let timer): return StartSubscription(element: element, kind: .timer(timer))
        case .condition(let condition):
            return StartSubscription(element: element, kind: .condition(condition.condition))
        case .message, .signal:
            guard case .subscription(let kind)? = try? trigger.prepare(for: element, in: nothing) else { return nil }
            switch kind {
            case .message(let name, _): return StartSubscription(element: element, kind: .message(name: name))
            case .signal(let name): return StartSubscription(element: element, kind: .signal(name: name))
            case .condition, .call, .answer: return nil
            }
        }
    }
}

extension TimerTrigger {
    /// When a timer start event fires first after its deployment; nil if its expression says nothing.
    package func firstDue(of element: ElementID, at now: Timestamp) -> Timestamp? {
        try? firstDue(for: VisibleVariables(ProcessInstance(), scope: 0, now: now), element: element)
    }
}
