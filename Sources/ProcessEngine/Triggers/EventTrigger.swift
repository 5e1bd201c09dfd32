package import Expressions
import Values

/// What a catching event waits for.
package enum EventTrigger: Sendable, Hashable {
    case timer(TimerTrigger)
    case message(MessageTrigger)
    case signal(name: Expression)
    case condition(ConditionTrigger)

    /// What is to be opened for it, with all that its expressions say at this moment.
    func prepare(for element: ElementID, in variables: VisibleVariables) throws(IncidentCause) -> PreparedTrigger {
        switch self {
        case .timer(let timer): return .timer(dueAt: try timer.firstDue(for: variables, element: element))
        case .message(let message):
            let name = try Self.text(message.name, in: variables, element: element)
            return .subscription(
                .message(name: name, key: try message.key(in: variables, element: element)))
        case .signal(let name):
            return .subscription(.signal(name: try Self.text(name, in: variables, element: element)))
        case .condition: return .subscription(.condition)
        }
    }

    /// A name that an expression gives.
    static func text(
        _ expression: Expression, in variables: VisibleVariables, element: ElementID
    ) throws(IncidentCause) -> String {
        do {
            let value = try expression.evaluate(in: variables)
            let text = value.stringValue ?? value.text
            if text.utf8.count <= MessageLimits.nameBytes { return text }
        } catch {
            throw IncidentCause(.expressionFailed, "the name in \(element) failed: \(error)")
        }
        throw IncidentCause(
            .expressionFailed, "the name in \(element) has more than \(MessageLimits.nameBytes) bytes")
    }
}

/// A trigger that is known in full and not yet in the instance's state.
enum PreparedTrigger: Sendable {
    case timer(dueAt: Timestamp)
    case subscription(Subscription.Kind)
}

/// What stores can find messages by.
package enum MessageLimits {
    /// Of messages and signals.
    package static let nameBytes = 1_024
    package static let keyBytes = 4_096
}

/// `bpmn:messageEventDefinition`: a message by name, and by key if the model gives one.
package struct MessageTrigger: Sendable, Hashable {
    package let name: Expression
    package let correlationKey: CorrelationKey?

    func key(in variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> JSON? {
        guard let correlationKey else { return nil }
        return try correlationKey.value(in: variables, element: element)
    }
}

/// What messages of one name are told apart by.
package struct CorrelationKey: Sendable, Hashable {
    package let expression: Expression
    /// The model is also made for Camunda 7, which knows no such keys: one that is null is none.
    package let isOptional: Bool
    /// It is read out of a message that is thrown, not of the variables around.
    package var readsMessage = false

    /// Null correlates with nothing: whoever waited for it would wait for ever.
    func value(in variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> JSON? {
        var key: JSON
        do {
            key = try expression.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the correlation key of \(element) failed: \(error)")
        }
        key = try key.bounded("the correlation key of \(element)")
        guard !key.isNull else {
            if isOptional { return nil }
            throw IncidentCause(.expressionFailed, "the correlation key of \(element), \(expression.source), is null")
        }
        guard key.byteCount <= MessageLimits.keyBytes else {
            throw IncidentCause(
                .expressionFailed, "the correlation key of \(element) has more than \(MessageLimits.keyBytes) bytes")
        }
        return key
    }
}

/// `bpmn:conditionalEventDefinition`.
package struct ConditionTrigger: Sendable, Hashable {
    package let condition: Expression
    /// Only changes of these variables count; empty: of any.
    package let variables: [String]
    /// Of `create`, `update` and `delete`, those that count; empty: all.
    package let changes: [String]

    /// What cannot be evaluated yet does not hold: its variables may come later.
    func holds(in variables: VisibleVariables) -> Bool {
        (try? condition.evaluateCondition(in: variables)) ?? false
    }

    func isConcerned(by change: VariableChange) -> Bool {
        let names = variables.isEmpty ? Array(change.names) : variables.filter { change.names.contains($0) }
        guard !changes.isEmpty else { return !names.isEmpty }
        return names.contains { changes.contains(change.existed.contains($0) ? "update" : "create") }
    }
}

/// A trigger that came.
package struct Occurrence: Sendable {
    /// The activity that waited: the event's own, its host, the gateway before it, or the subprocess around it (0: the
    /// process).
    package let activity: Int
    package let timer: OpenTimer?
    package let subscription: Int?
    /// What came with it.
    package let variables: [Variable]
}
