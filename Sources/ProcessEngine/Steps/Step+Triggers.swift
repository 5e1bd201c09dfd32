import OrderedCollections
import Values

/// Timers and subscriptions: how they are opened, what happens when they come, how they go away.
extension Step {
    // MARK: Opening

    /// Opens all triggers of the elements for an activity (0: the process): all, or none if one cannot say what it waits
    /// for.
    mutating func open(
        _ elements: [any TriggeredElement], for activity: Int, in scope: Int
    ) throws(IncidentCause) {
        open(try prepare(elements, in: visibleVariables(from: scope)), for: activity)
    }

    private typealias Prepared = [(element: ElementID, trigger: PreparedTrigger)]

    private func prepare(
        _ elements: [any TriggeredElement], in variables: VisibleVariables
    ) throws(IncidentCause) -> Prepared {
        var prepared: Prepared = []
        for element in elements {
            for trigger in element.triggers {
                prepared.append((element.id, try trigger.prepare(for: element.id, in: variables)))
            }
        }
        return prepared
    }

    private mutating func open(_ prepared: Prepared, for activity: Int) {
        for (element, trigger) in prepared { open(trigger, of: element, for: activity) }
    }

    /// Opens the scope of a subprocess, with what its boundary events wait for, and what the event subprocesses in it do: all of
    /// that, or nothing if one cannot say what it waits for. `given` came with its trigger; it goes to where it is known.
    mutating func openScope(
        of number: Int, with variables: [Variable], given: [Variable] = []
    ) throws(IncidentCause) -> Int {
        let activity = activity(number)
        let boundaryEvents = try prepare(
            triggeredBoundaryEvents(of: activity), in: visibleVariables(from: activity.scope))
        var inside = visibleVariables(from: activity.scope, at: number)
        for variable in variables + given { inside.locals[variable.name] = variable.value }
        let starts = try prepare(triggeredStarts(in: activity.element), in: inside)
        open(boundaryEvents, for: number)
        let scope = instance.lastScope + 1
        record(.scopeOpened(scope: scope, parent: activity.scope, activity: number))
        if !variables.isEmpty { record(.variablesSet(scope: scope, variables)) }
        setVariables(given, from: scope)
        open(starts, for: number)
        return scope
    }

    private func triggeredStarts(in container: ElementID?) -> [any TriggeredElement] {
        definition.eventSubprocesses(in: container).compactMap { $0.start as? any TriggeredElement }
    }

    /// The runs of a loop have none: its body has.
    private func triggeredBoundaryEvents(of activity: Activity) -> [any TriggeredElement] {
        guard !instance.isIteration(activity.scope) else { return [] }
        return definition.boundaryEvents(of: activity.element).compactMap { $0 as? any TriggeredElement }
    }

    /// Those beside an activity at work that take all of several triggers, again and again, always wait: opens what could not
    /// be opened when it was its turn.
    mutating func rearm(_ number: Int) throws(IncidentCause) {
        let host = activity(number)
        for case let event as TriggeredBoundaryEvent in triggeredBoundaryEvents(of: host)
        where event.isParallel && !event.isInterrupting && !isWaiting(at: event.id, for: number) {
            try open([event], for: number, in: host.scope)
        }
        guard let subprocess = element(of: number, as: EventSubProcess.self),
            let start = definition.eventStart(of: subprocess.id).flatMap({ definition.element($0) })
                as? TriggeredStartEvent,
            start.isParallel, !start.isInterrupting
        else { return }
        let owner = instance.scope(host.scope)?.activity ?? 0
        if !isWaiting(at: start.id, for: owner) { try open([start], for: owner, in: host.scope) }
    }

    private func isWaiting(at event: ElementID, for owner: Int) -> Bool {
        let root = owner == 0 ? instance.scope(ProcessInstance.rootScope) : nil
        let activity = instance.activity(owner)
        return (activity?.timers ?? root?.timers ?? []).contains { instance.timer($0)?.element == event }
            || (activity?.subscriptions ?? root?.subscriptions ?? []).contains {
                instance.subscription($0)?.element == event
            }
    }

    mutating func open(_ trigger: PreparedTrigger, of element: ElementID, for activity: Int) {
        switch trigger {
        case .timer(let dueAt):
            record(
                .timerScheduled(timer: instance.lastTimer + 1, activity: activity, element: element, dueAt: dueAt))
        case .subscription(let kind):
            let number = instance.lastSubscription + 1
            record(
                .subscription(
                    .opened(Subscription(number: number, activity: activity, element: element, kind: kind))))
            if kind == .condition, !instance.isSuspended { newConditions.append(number) }
        }
    }

    /// Starts what the boundary events of an activity wait for: all, or nothing.
    mutating func armBoundaryEvents(of number: Int) throws(IncidentCause) {
        let activity = activity(number)
        try open(triggeredBoundaryEvents(of: activity), for: number, in: activity.scope)
    }

    /// Starts what the event subprocesses of a scope wait for.
    /// Of an activity that is over in the step in which it begins: of what stands on its boundary, only the conditional events can
    /// still come. False if one takes it away whose condition holds already.
    mutating func armConditions(of number: Int) throws(IncidentCause) -> Bool {
        let host = activity(number)
        let events = triggeredBoundaryEvents(of: host).filter { event in
            event.triggers.contains { if case .condition = $0 { true } else { false } }
                && !isWaiting(at: event.id, for: number)
        }
        guard !events.isEmpty else { return true }
        try open(events, for: number, in: host.scope)
        return meetConditions(before: number)
    }

    mutating func armEventSubprocesses(in container: ElementID?, scope: Int, of activity: Int) throws(IncidentCause) {
        try open(triggeredStarts(in: container), for: activity, in: scope)
    }

    // MARK: Starting a process

    /// One trigger came of a start event that takes all of its own: it waits for the others.
    mutating func start(with trigger: Int?, of event: TriggeredStartEvent) {
        wait(at: event.id) { step, number throws(IncidentCause) in
            let variables = step.visibleVariables(from: ProcessInstance.rootScope)
            for (index, other) in event.triggers.enumerated() where index != trigger {
                step.open(try other.prepare(for: event.id, in: variables), of: event.id, for: number)
            }
        }
    }

    /// An event came after a gateway that instantiates, or at a receive task that does.
    mutating func start(with event: any CatchElement) {
        for flow in definition.incoming(of: event.id) {
            guard let gateway = definition.element(flow.source) as? EventBasedGateway, gateway.isParallel else {
                continue
            }
            let others = definition.outgoing(of: gateway.id).compactMap {
                $0.target == event.id ? nil : definition.element($0.target) as? any CatchElement
            }
            wait(at: gateway.id) { step, number throws(IncidentCause) in
                try step.open(others, for: number, in: ProcessInstance.rootScope)
            }
        }
        enterTriggered(event, in: ProcessInstance.rootScope, variables: [])
    }

    private mutating func wait(at element: ElementID, for open: (inout Step, Int) throws(IncidentCause) -> Void) {
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: element, scope: ProcessInstance.rootScope))
        attempt(number) { step throws(IncidentCause) in try open(&step, number) }
    }

    // MARK: Closing

    /// Those of one event, or all that the activity waits for.
    mutating func closeTriggers(of activity: Activity, at event: ElementID? = nil) {
        for timer in activity.timers where event == nil || instance.timer(timer)?.element == event {
            record(.timerCanceled(timer: timer))
        }
        for number in activity.subscriptions where event == nil || instance.subscription(number)?.element == event {
            record(.subscription(.closed(subscription: number)))
        }
    }

    mutating func closeProcessTriggers() {
        guard let root = instance.scope(ProcessInstance.rootScope) else { return }
        for timer in root.timers { record(.timerCanceled(timer: timer)) }
        for subscription in root.subscriptions { record(.subscription(.closed(subscription: subscription))) }
    }

    /// The event subprocesses of a scope wait no more.
    mutating func closeEventSubprocesses(in number: Int) {
        guard let scope = instance.scope(number) else { return }
        let starts = Set(definition.eventSubprocesses(in: scope.element).map(\.start.id))
        let owner = scope.activity.flatMap { instance.activity($0) }
        for timer in owner?.timers ?? scope.timers {
            guard let open = instance.timer(timer), starts.contains(open.element) else { continue }
            record(.timerCanceled(timer: timer))
        }
        for number in owner?.subscriptions ?? scope.subscriptions {
            guard let open = instance.subscription(number), starts.contains(open.element) else { continue }
            record(.subscription(.closed(subscription: number)))
        }
    }

    // MARK: Coming

    /// Of an event that takes all its triggers: uses up the one that came, and tells whether it was the last.
    mutating func isLast(_ occurrence: Occurrence, of event: ElementID) -> Bool {
        if let subscription = occurrence.subscription {
            record(.subscription(.closed(subscription: subscription)))
        }
        return !isWaiting(at: event, for: occurrence.activity)
    }

    mutating func trigger(_ subscription: Subscription, variables: [Variable]) {
        guard hasOwner(subscription.activity) else {
            // What older versions wrote may have left it behind.
            return record(.subscription(.closed(subscription: subscription.number)))
        }
        guard let element = definition.element(subscription.element) as? any TriggeredElement else { return }
        record(.subscription(.triggered(subscription: subscription.number)))
        let occurrence = Occurrence(
            activity: subscription.activity, timer: nil, subscription: subscription.number, variables: variables)
        happen(occurrence, at: element)
    }

    mutating func happen(_ occurrence: Occurrence, at element: any TriggeredElement) {
        do throws(IncidentCause) {
            try element.triggered(by: occurrence, in: &self)
        } catch {
            // The activity may be gone by what came: then nothing is left that could be stuck.
            guard instance.activity(occurrence.activity) != nil else { return }
            raiseIncident(error, activity: occurrence.activity, task: nil)
        }
    }

    /// All subscriptions of this instance to the signal, those that were open when it came.
    mutating func deliverSignal(_ name: String, variables: [Variable]) {
        for subscription in instance.openSubscriptions where subscription.kind == .signal(name: name) {
            guard instance.subscription(subscription.number) != nil else { continue }
            trigger(subscription, variables: variables)
        }
    }

    /// What changed so far may meet conditions before the activity goes on. False if it is gone by that.
    mutating func meetConditions(before number: Int) -> Bool {
        if !instance.isSuspended { while triggerCondition() {} }
        return instance.activity(number) != nil && !instance.isEnded
    }

    /// Lets the first condition happen that holds after what changed; false if none does.
    mutating func triggerCondition() -> Bool {
        guard !changes.isEmpty || !newConditions.isEmpty else { return false }
        while let number = newConditions.first {
            newConditions.removeFirst()
            if let due = heldCondition(number, after: nil) {
                trigger(due, variables: [])
                return true
            }
        }
        while let change = changes.first {
            changes.removeFirst()
            let due = instance.conditions(around: change.scope).compactMap { heldCondition($0, after: change) }
            for subscription in due where instance.subscription(subscription.number) != nil {
                trigger(subscription, variables: [])
            }
            if !due.isEmpty { return true }
        }
        return false
    }

    private func heldCondition(_ number: Int, after change: VariableChange?) -> Subscription? {
        guard let subscription = instance.subscription(number),
            let element = definition.element(subscription.element) as? any TriggeredElement
        else { return nil }
        let scope = conditionScope(of: subscription)
        if let change, !instance.isScope(change.scope, around: scope) { return nil }
        let variables = visibleVariables(from: scope)
        for case .condition(let trigger) in element.triggers {
            if let change, !trigger.isConcerned(by: change) { continue }
            if trigger.holds(in: variables) { return subscription }
        }
        return nil
    }

    /// A boundary event sees the variables of its host too.
    private func conditionScope(of subscription: Subscription) -> Int {
        guard let owner = instance.activity(subscription.activity) else { return ProcessInstance.rootScope }
        return owner.innerScope ?? owner.scope
    }
}

extension ProcessInstance {
    /// Whether `outer` is `inner` or one of the scopes around it.
    func isScope(_ outer: Int, around inner: Int) -> Bool {
        var next: Int? = inner
        while let number = next {
            if number == outer { return true }
            next = scope(number)?.parent
        }
        return false
    }
}
