import OrderedCollections
import ProcessEngine
import Values

extension Transition {
    /// How long a thrown message waits for somebody who is not there yet.
    static let thrownMessageLife: Duration = .seconds(3600)

    /// The subscriptions that events open and close, and what they cause in other instances. `before` and `after` are the instance
    /// around them.
    mutating func deriveEffects(
        of events: [Event], before: ProcessInstance, after: ProcessInstance, definition: DefinitionID
    ) {
        var changes: OrderedDictionary<Int, SubscriptionChange> = [:]
        var isMigrated = false
        /// What a suspended instance keeps back.
        var heldBack: HeldBack? = before.suspension.map { HeldBack($0, of: before) }
        for event in events {
            switch event {
            case .subscription(let change): note(change, in: &changes, after, definition)
            case .call(let call):
                if heldBack?.keeps(call) ?? false { continue }
                derive(call, caller: definition, after)
            case .thrown(let thrown): derive(thrown, after)
            case .instanceEnded(let end):
                if let parent = after.parent { post(.endCall(parent, Self.outcome(of: end, after))) }
            case .suspended: heldBack = HeldBack()
            case .held(let input):
                guard case .correlated(let number, _, isLast: true) = input else { continue }
                note(.closed(subscription: number), in: &changes, after, definition)
                heldBack?.spent.append(number)
            case .resumed:
                for call in heldBack?.calls.values.elements ?? [] {
                    derive(.requested(call), caller: definition, after)
                }
                for number in heldBack?.spent ?? [] { reopen(number, in: &changes, after, definition) }
                heldBack = nil
            case .migrated: isMigrated = true
            case .instanceStarted, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken, .tokenArrived,
                .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped, .taskCreated,
                .taskCompleted, .taskFailed, .taskErrorThrown, .taskCanceled, .taskEventRecorded, .taskRetried,
                .timerScheduled, .timerFired, .timerCanceled, .errorCaught, .incidentRaised, .incidentResolved,
                .userTask, .loop, .compensation, .savePointReached, .decisionEvaluated:
                continue
            }
        }
        if isMigrated {
            // What was opened before it went over to another version has other names there.
            for (number, change) in changes {
                guard case .open(var new) = change, let moved = after.subscription(number) else { continue }
                new.element = moved.element
                changes[number] = .open(new)
            }
        }
        subscriptions = Array(changes.values)
    }

    /// Calls that nobody was asked for, and subscriptions that nothing may find any more.
    private struct HeldBack {
        var calls: OrderedDictionary<Int, CallEvent.Call> = [:]
        var spent: [Int] = []

        init() {}

        init(_ suspension: Suspension, of instance: ProcessInstance) {
            for number in suspension.requestedCalls { calls[number] = instance.call(number) }
            spent = suspension.spentSubscriptions
        }

        mutating func keeps(_ event: CallEvent) -> Bool {
            switch event {
            case .requested(let call):
                calls[call.call] = call
                return true
            case .canceled(let call): return calls.removeValue(forKey: call) != nil
            case .escalated, .completed, .failed: return false
            }
        }
    }

    /// A subscription that what came did not use up is found again.
    private mutating func reopen(
        _ number: Int, in changes: inout OrderedDictionary<Int, SubscriptionChange>, _ after: ProcessInstance,
        _ definition: DefinitionID
    ) {
        guard let subscription = after.subscription(number) else { return }
        if case .close? = changes[number] {
            changes[number] = nil
        } else {
            note(.opened(subscription), in: &changes, after, definition)
        }
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

    private mutating func derive(_ call: CallEvent, caller: DefinitionID, _ after: ProcessInstance) {
        switch call {
        case .requested(let call):
            post(
                .call(
                    Effect.Call(
                        parent: ParentCall(instance: instance, call: call.call), caller: caller, target: call.target,
                        businessKey: call.businessKey, objectID: after.labels.objectID, variables: call.variables,
                        correlationID: after.labels.correlationID ?? instance.text, runAs: after.labels.runAs,
                        priority: after.priority, catches: call.catches)))
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
        case .uncaughtError: return
        case .escalation(let code, _, let catcher, let variables):
            guard catcher == nil, let parent = after.parent else { return }
            post(.endCall(parent, .escalation(code: code, variables: variables)))
        }
    }

    private static func outcome(of end: Event.InstanceEnd, _ after: ProcessInstance) -> CallOutcome {
        switch end {
        case .completed: .completed(after.rootVariables)
        case .completedWithError(let code, let message): after.outcome(ofError: code, message)
        case .canceled(let reason): .failed(message: reason)
        }
    }
}

extension ProcessEngine.Subscription.Kind {
    /// What the store finds it by; nil for what nobody looks for.
    var indexed: (SubscriptionKind, name: String, key: String?)? {
        switch self {
        case .message(let name, let key): (.message, name, key?.canonical.text)
        case .signal(let name): (.signal, name, nil)
        case .condition, .call, .answer: nil
        }
    }
}
