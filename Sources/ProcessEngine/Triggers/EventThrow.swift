package import Expressions
import OrderedCollections
import Values

/// What a throwing event throws.
package enum EventThrow: Sendable, Hashable {
    case message(MessageThrow)
    /// What Camunda does in the place of a message: evaluated, and nothing else.
    case expression(Expression)
    case signal(name: Expression, variables: PassedVariables)
    case escalation(code: Expression?)
    /// Nil: everything in the scope.
    case compensation(of: ElementID?, waits: Bool)
}

/// A message to send: to whom, and with which variables.
package struct MessageThrow: Sendable, Hashable {
    package let name: Expression
    package let correlationKey: CorrelationKey?
    package let variables: PassedVariables
}

extension EventThrow {
    package var isCompensation: Bool {
        switch self {
        case .compensation: true
        case .message, .expression, .signal, .escalation: false
        }
    }
}

extension Step {
    /// Throws them in order. False if the activity has still to wait, or is gone by what it threw.
    mutating func throwEvents(_ events: [EventThrow], from number: Int) throws(IncidentCause) -> Bool {
        let activity = activity(number)
        let scope = variableScope(of: number)
        // Everything is evaluated before anything happens, so that a retry throws nothing twice.
        var messages: [ThrownMessage] = []
        var signals: [(name: String, variables: [Variable])] = []
        for case .message(let message) in events {
            messages.append(try prepare(message, from: number))
        }
        for case .expression(let expression) in events {
            _ = try evaluate(expression, for: number)
        }
        for case .signal(let expression, let variables) in events {
            let visible = visibleVariables(from: scope, at: number)
            let name = try EventTrigger.text(expression, in: visible, element: activity.element)
            signals.append((name, try variables.evaluate(in: visible)))
        }
        var codes: [String?] = []
        for case .escalation(let expression) in events {
            guard let expression else {
                codes.append(nil)
                continue
            }
            let visible = visibleVariables(from: scope, at: number)
            codes.append(try EventTrigger.text(expression, in: visible, element: activity.element))
        }
        for message in messages { record(.thrown(.message(message))) }
        for signal in signals {
            record(.thrown(.signal(name: signal.name, by: activity.element, variables: signal.variables)))
            deliverSignal(signal.name, variables: signal.variables)
        }
        var waits = false
        for event in events {
            guard instance.activity(number) != nil else { return false }
            switch event {
            case .message, .expression, .signal: continue
            case .escalation:
                guard !codes.isEmpty else { continue }
                let code = codes.removeFirst()
                let isCaught = escalate(code, variables: [], from: number, by: activity.element)
                guard !isCaught, instance.parent != nil else { continue }
                // The calling instance may end this one: it answers before anything goes on.
                open(.subscription(.answer), of: activity.element, for: number)
                waits = true
            case .compensation(let wanted, let waitsForIt):
                if compensate(wanted, for: number), waitsForIt || compensatesElsewhere(number) { waits = true }
            }
        }
        return instance.activity(number) != nil && !waits
    }

    /// The message as it is sent. What its event's mappings made goes with it.
    func prepare(_ message: MessageThrow, from number: Int) throws(IncidentCause) -> ThrownMessage {
        let activity = activity(number)
        let visible = visibleVariables(of: number)
        let name = try EventTrigger.text(message.name, in: visible, element: activity.element)
        let own = activity.innerScope.flatMap { instance.variables(of: $0) } ?? []
        // Each name once: what the event itself says counts.
        let named = (own + (try message.variables.evaluate(in: visible))).map { ($0.name, $0.value) }
        let content = OrderedDictionary(named, uniquingKeysWith: { $1 }).map { Variable(name: $0.key, value: $0.value) }
        var key: JSON?
        if let correlation = message.correlationKey {
            var seen = visible
            if correlation.readsMessage {
                seen = visible.emptied
                for variable in content { seen.locals[variable.name] = variable.value }
            }
            key = try correlation.value(in: seen, element: activity.element)
        }
        return ThrownMessage(
            name: name, by: activity.element, correlationKey: key, businessKey: instance.businessKey,
            variables: content)
    }
}
