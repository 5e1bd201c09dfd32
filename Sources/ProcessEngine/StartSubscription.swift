package import Expressions
import OrderedCollections
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
    /// Which of the element's triggers it is.
    package let trigger: Int
    package let kind: Kind
    /// The element takes all its triggers: the first that comes starts the instance, which waits for the others.
    package let isParallel: Bool
}

extension StartSubscription {
    /// Whether it is a condition that holds for these variables. One that cannot be evaluated does not.
    package func holds(for variables: [Variable], at now: Timestamp) -> Bool {
        guard case .condition(let condition) = kind else { return false }
        var visible = VisibleVariables(ProcessInstance(), scope: 0, now: now)
        for variable in variables { visible.locals[variable.name] = variable.value }
        return (try? condition.evaluateCondition(in: visible)) ?? false
    }
}

extension ProcessDefinition {
    /// In the order of the file. Names that are expressions see no variables: those that fail are left out.
    package var startSubscriptions: [StartSubscription] {
        var found: [StartSubscription] = []
        for element in elements where parent(of: element.id) == nil {
            if let start = element as? TriggeredStartEvent {
                found += subscriptions(of: start, isParallel: start.isParallel)
            } else if let task = element as? ReceiveTask, task.isInstantiating, incoming(of: task.id).isEmpty {
                found += subscriptions(of: task)
            } else if let gateway = element as? EventBasedGateway, gateway.isInstantiating {
                for flow in outgoing(of: gateway.id) {
                    guard let event = self.element(flow.target) as? any CatchElement else { continue }
                    found += subscriptions(of: event, isParallel: gateway.isParallel)
                }
            }
        }
        return found
    }

    private func subscriptions(of element: any TriggeredElement, isParallel: Bool = false) -> [StartSubscription] {
        element.triggers.enumerated().compactMap { index, trigger in
            kind(of: trigger, element: element.id).map {
                StartSubscription(element: element.id, trigger: index, kind: $0, isParallel: isParallel)
            }
        }
    }

    private func kind(of trigger: EventTrigger, element: ElementID) -> StartSubscription.Kind? {
        let nothing = VisibleVariables(ProcessInstance(), scope: 0, now: Timestamp(millisecondsSinceEpoch: 0))
        switch trigger {
        case .timer(let timer): return .timer(timer)
        case .condition(let condition): return .condition(condition.condition)
        // What a message correlates by is for instances that wait, not for the start of one.
        case .message(let message):
            return (try? EventTrigger.text(message.name, in: nothing, element: element)).map { .message(name: $0) }
        case .signal(let name):
            return (try? EventTrigger.text(name, in: nothing, element: element)).map { .signal(name: $0) }
        }
    }
}

extension TimerTrigger {
    /// When a timer start event fires first after its deployment; nil if its expression says nothing.
    package func firstDue(of element: ElementID, at now: Timestamp, zones: any ZoneRules) -> Timestamp? {
        try? firstDue(for: VisibleVariables(ProcessInstance(), scope: 0, now: now, zones: zones), element: element)
    }

    /// When a timer start event fires again after it fired `firings` times; nil if it does not.
    package func nextDue(
        after due: Timestamp, firings: Int, now: Timestamp, zones: any ZoneRules
    ) -> Timestamp? {
        nextDue(
            after: due, firings: firings, for: VisibleVariables(ProcessInstance(), scope: 0, now: now, zones: zones))
    }
}
