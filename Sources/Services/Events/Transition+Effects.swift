import OrderedCollections
import ProcessEngine
import Values

extension Transition {
    /// How long a thrown message waits for somebody who is not there yet.
    static let thrownMessageLife: Duration = .seconds(3600)

    /// The subscriptions that events open and close, and what they cause in other instances. `after` is the instance after them.
    mutating func deriveEffects(of events: [Event], after: ProcessInstance, definition: DefinitionID) {
        var changes: OrderedDictionary<Int, SubscriptionChange> = [:]
        for event in events {
            if case .subscription(let change) = event { note(change, in: &changes, after, definition) }
            if case .call(let call) = event { derive(call, caller: definition, objectID: after.labels.objectID) }
            if case .thrown(let thrown) = event { derive(thrown, after) }
            if case .instanceEnded(let end) = event, let parent = after.parent {
                post(.endCall(parent, Self.outcome(of: end, after)))
            }
        }
        subscriptions = Array(changes.values)
    }

    private mutating func post(_ effect: Effect) { inbox.append(effect.entry(at: at)) }

    private func note(
        _ change: SubscriptionEvent, in changes: inout OrderedDictionary<Int, SubscriptionChange>,
        _ after: ProcessInstance, _ definition: DefinitionID
    ) {
        switch change {
        case .opened(let opened):
            guard let (kind, name, key) = opened.kind.indexed else { return }
            changes[opened.number] = .open(
                NewSubscription(
                    number: opened.number, kind: kind, name: name, key: key, businessKey: after.businessKey,
                    definition: definition, element: opened.element))
        case .closed(let number):
            // One that was opened and closed in the same transition never gets a row.
            if case .open? = changes[number] {
                changes[number] = nil
            } else {
                changes[number] = .close(number: number)
            }
        case .triggered: return
        }
    }

    private mutating func derive(_ call: CallEvent, caller: DefinitionID, objectID: String?) {
        switch call {
        case .requested(let call):
            post(
                .call(
                    Effect.Call(
                        parent: ParentCall(instance: instance, call: call.call), caller: caller, target: call.target,
                        businessKey: call.businessKey, objectID: objectID, variables: call.variables)))
        case .escalated(let call): post(.answerCall(ParentCall(instance: instance, call: call)))
        case .canceled(let call): post(.cancelCall(ParentCall(instance: instance, call: call)))
        case .completed, .failed: return
        }
    }

    private mutating func derive(_ thrown: ThrownEvent, _ after: ProcessInstance) {
        switch thrown {
        case .signal(let name, _, let variables):
            post(.signal(name: name, variables: variables, sender: instance))
        case .message(let message):
            post(
                .message(
                    Effect.Message(
                        name: message.name, key: message.correlationKey?.canonical.text, businessKey: nil,
                        instance: nil, variables: message.variables,
                        timeToLive: Self.thrownMessageLife.milliseconds)))
        case .escalation(let code, _, let catcher, let variables):
            guard catcher == nil, let parent = after.parent else { return }
            post(.endCall(parent, .escalation(code: code, variables: variables)))
        }
    }

    private static func outcome(of end: Event.InstanceEnd, _ after: ProcessInstance) -> CallOutcome {
        switch end {
        case .completed: .completed(after.rootVariables)
        case .completedWithError(let code, let message): .error(BPMNError(code: code, message: message))
        case .canceled(let reason): .failed(message: reason)
        }
    }
}

extension ProcessEngine.Subscription.Kind {
    /// What the store finds it by; nil for what nobody looks for.
    fileprivate var indexed: (SubscriptionKind, name: String, key: String?)? {
        switch self {
        case .message(let name, let key): (.message, name, key?.canonical.text)
        case .signal(let name): (.signal, name, nil)
        case .condition, .call, .answer: nil
        }
    }
}
