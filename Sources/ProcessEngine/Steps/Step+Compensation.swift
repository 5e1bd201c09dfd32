import HashTreeCollections
import OrderedCollections
import Values

/// Undoing what completed.
extension Step {
    // MARK: Keeping

    /// Notes that a completed activity can be undone. (A subprocess is noted when its scope ends.)
    mutating func keepCompensation(of activity: Activity, in scope: Int? = nil) {
        guard let handler = definition.compensationHandler(of: activity.element),
            !(definition.element(activity.element) is any ScopeElement), !instance.isLoopBody(activity),
            scope != nil || definition.loop(of: activity.element) == nil
        else { return }
        keep(activity.element, scope: scope ?? activity.scope, handler: handler)
    }

    /// Notes that something that completed in an earlier instance can be undone.
    mutating func keepUndoable(_ element: ElementID) throws(Rejection) {
        guard let handler = definition.compensationHandler(of: element) else {
            throw Rejection(.invalid, "nothing undoes \(element)", element: element)
        }
        keep(element, scope: try openScope(of: element), handler: handler)
    }

    private mutating func keep(
        _ element: ElementID, scope: Int, handler: ElementID?, retained: Int? = nil
    ) {
        record(
            .compensation(
                .kept(
                    Compensation(
                        number: instance.lastCompensation + 1, scope: scope, element: element, handler: handler,
                        retained: retained))))
    }

    /// The scope of an activity that completes: kept if something inside can be undone later, else closed.
    mutating func closeOrRetain(_ number: Int, of activity: Activity) {
        guard let scope = instance.scope(number) else { return }
        closeEventSubprocesses(in: number)
        let isRun = instance.isIteration(activity.scope)
        // What a run of a loop leaves belongs to the loop's body.
        let outer = isRun ? instance.scope(activity.scope)?.parent ?? activity.scope : activity.scope
        let isBody = scope.loop != nil
        let inside = isBody ? nil : definition.compensationSubprocess(in: activity.element)
        if !isBody, let handler = definition.compensationHandler(of: activity.element) {
            closeRetainedScopes(of: number)
            record(.scopeClosed(scope: number))
            keep(activity.element, scope: outer, handler: handler)
        } else if inside != nil || !scope.compensations.isEmpty {
            keep(activity.element, scope: outer, handler: inside, retained: number)
        } else {
            record(.scopeClosed(scope: number))
        }
    }

    /// What is kept for the compensation of things inside the scope goes with it.
    mutating func closeRetainedScopes(of number: Int) {
        for compensation in instance.scope(number)?.compensationsInOrder ?? [] {
            guard let retained = compensation.retained, instance.scope(retained) != nil else { continue }
            closeRetainedScopes(of: retained)
            record(.scopeClosed(scope: retained))
        }
    }

    // MARK: Undoing

    /// Undoes for a throwing event: one activity, or everything in its scope; the last that completed first. True if
    /// it has to wait for handlers.
    mutating func compensate(_ wanted: ElementID?, for thrower: Int) -> Bool {
        let origin = activity(thrower).scope
        var records: [Compensation] = []
        var next: Int? = origin
        while let number = next, let scope = instance.scope(number) {
            records += scope.compensations.values.filter { wanted == nil || $0.element == wanted }
            // An event subprocess undoes what completed beside it.
            let isBeside = scope.element.map { definition.element($0) is EventSubProcess } ?? false
            next = isBeside || scope.isOfLoop ? scope.parent : nil
        }
        return start(records.sorted { $0.number > $1.number }, for: thrower)
    }

    /// Undoes all of one scope.
    mutating func compensateAll(of scope: Int, for thrower: Int) -> Bool {
        start((instance.scope(scope)?.compensationsInOrder ?? []).reversed(), for: thrower)
    }

    /// Whether handlers run outside of the scope of the event they run for, which does not keep them then: it waits.
    func compensatesElsewhere(_ thrower: Int) -> Bool {
        guard let waiting = instance.activity(thrower) else { return false }
        return waiting.compensating.contains { instance.activity($0)?.scope != waiting.scope }
    }

    private mutating func start(_ records: [Compensation], for thrower: Int) -> Bool {
        undoing.insert(thrower)
        undo(records, for: thrower)
        undoing.remove(thrower)
        return instance.activity(thrower)?.compensating.isEmpty == false
    }

    private mutating func undo(_ records: [Compensation], for thrower: Int) {
        for record in records {
            guard instance.activity(thrower) != nil, instance.scope(record.scope) != nil else { continue }
            self.record(.compensation(.begun(compensation: record.number, scope: record.scope)))
            if let handler = record.handler, let element = definition.element(handler) {
                handle(element, in: record.retained ?? record.scope, for: thrower)
            } else if let inside = record.retained.flatMap({ instance.scope($0)?.compensationsInOrder }) {
                undo(inside.reversed(), for: thrower)
            }
            if let retained = record.retained { closeIfUndone(retained) }
        }
    }

    private mutating func handle(_ element: any FlowElement, in scope: Int, for thrower: Int) {
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: element.id, scope: scope))
        record(.compensation(.handling(activity: number, thrower: thrower)))
        attempt(number) { step throws(IncidentCause) in try step.begin(element, number) }
    }

    /// A handler is done; the throwing event goes on after the last.
    mutating func endCompensation(_ number: Int) throws(IncidentCause) {
        try closeLocalScope(of: number)
        let handler = activity(number)
        closeTriggers(of: handler)
        recordCompleted(number)
        closeIfUndone(handler.scope)
        guard let thrower = handler.compensator else { return }
        // What did not wait for it is gone: it may have been the last in its scope.
        if instance.activity(thrower) == nil { return settleLater(handler.scope) }
        goOnIfCompensated(thrower)
    }

    /// Closes a scope that was kept to be undone, once that is done.
    mutating func closeIfUndone(_ number: Int) {
        guard number != ProcessInstance.rootScope, let scope = instance.scope(number), scope.activity == nil,
            scope.isIdle, !hasTokensUnderWay(in: number), let parent = scope.parent,
            !isKept(number, in: parent)
        else { return }
        // A handler inside undoes by its own choice; without one, all that is kept is undone.
        let hasHandler = scope.loop == nil && scope.element.flatMap { definition.compensationSubprocess(in: $0) } != nil
        guard hasHandler || scope.compensations.isEmpty else { return }
        closeRetainedScopes(of: number)
        record(.scopeClosed(scope: number))
        closeIfUndone(parent)
    }

    /// Whether something is still noted to be undone for which the scope was kept.
    private func isKept(_ number: Int, in parent: Int) -> Bool {
        instance.scope(parent)?.compensations.values.contains { $0.retained == number } == true
    }

    /// A throwing event that waits for no handler any more goes on.
    mutating func goOnIfCompensated(_ thrower: Int) {
        guard !undoing.contains(thrower), let waiting = instance.activity(thrower), waiting.compensating.isEmpty,
            waiting.incident == nil, let element = definition.element(waiting.element) as? any CompensatingElement
        else { return }
        attempt(thrower) { step throws(IncidentCause) in try element.compensated(thrower, in: &step) }
    }
}
