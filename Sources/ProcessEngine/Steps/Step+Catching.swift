import Values

/// How BPMN errors and escalations find who catches them: event subprocesses beside, then boundary events, going
/// outwards; an exact code before any.
extension Step {
    /// A BPMN error leaves an activity. `call`: the call of the activity that ended with it.
    mutating func propagate(_ error: BPMNError, from activity: Int, of call: ReturnedCall? = nil) {
        var next: Int? = activity
        while let number = next {
            let host = self.activity(number)
            if !instance.isIteration(host.scope), let catcher = definition.errorBoundary(on: host.element, error.code) {
                return catchError(error, by: catcher, on: host)
            }
            if interrupt(with: error, in: host.scope, from: host) { return }
            next = around(host)
        }
        // Who called this instance catches it, or who called that one: it ends this one.
        if instance.parent != nil, instance.caughtErrors?.contains(error.code) ?? true {
            // Its caller may take them over.
            setVariables(error.variables, from: self.activity(activity).scope)
            return endInstance(.completedWithError(code: error.code, message: error.message))
        }
        leaveUncaught(error, from: self.activity(activity), of: call)
    }

    /// The errors out of an activity that are caught: here, or in the instances that called this one.
    func caughtErrors(from activity: Int) -> CaughtErrors {
        var matchers: [ErrorMatcher] = []
        var next: Int? = activity
        while let number = next {
            let host = self.activity(number)
            if !instance.isIteration(host.scope) {
                for event in definition.boundaryEvents(of: host.element) {
                    matchers += (event as? any CodeCatcher)?.errors ?? []
                }
            }
            for candidate in eventSubprocesses(of: host.scope, outside: host) ?? [] {
                matchers += (candidate.start as? any CodeCatcher)?.errors ?? []
            }
            next = around(host)
        }
        let own = CaughtErrors(matchers)
        return instance.parent == nil ? own : own.union(instance.caughtErrors ?? .all)
    }

    /// Who hears next of what an activity throws: of a handler, the event that it undoes something for; once that went on
    /// without it, whatever is around what it undoes.
    private func around(_ activity: Activity) -> Int? {
        if let thrower = activity.compensator, instance.activity(thrower) != nil { return thrower }
        var next: Int? = activity.scope
        while let number = next, let scope = instance.scope(number) {
            if let owner = scope.activity { return owner }
            // It is only kept to be undone.
            next = scope.parent
        }
        return nil
    }

    /// Nothing catches an error: the path of its activity ends, as Camunda 7 has it, or an operator has to look. What called a
    /// process goes on: that is over.
    private mutating func leaveUncaught(_ error: BPMNError, from activity: Activity, of call: ReturnedCall?) {
        switch definition.uncaughtErrors {
        case .incident:
            let why = error.message.map { ": \($0)" } ?? ""
            raiseIncident(
                IncidentCause(.uncaughtError, "nothing catches the BPMN error \(error.code)\(why)"),
                activity: activity.number, task: nil)
        case .end:
            record(.thrown(.uncaughtError(code: error.code, message: error.message, by: activity.element)))
            let element = definition.element(activity.element)
            if let call, let caller = element as? any CallingElement {
                attempt(activity.number) { step throws(IncidentCause) in
                    try caller.completed(call.call, with: call.variables, in: &step)
                }
            } else if throwsError(element) {
                completeWithoutLeaving(activity.number)
                settleLater(activity.scope)
            } else {
                take(away: activity)
            }
        }
    }

    private func throwsError(_ element: (any FlowElement)?) -> Bool {
        if case .error? = (element as? ThrowEvent)?.ending { return true }
        return element is ErrorEndEvent
    }

    /// An event subprocess of the scope takes over, if one catches the error.
    private mutating func interrupt(with error: BPMNError, in scope: Int, from origin: Activity) -> Bool {
        guard let candidates = eventSubprocesses(of: scope, outside: origin) else { return false }
        let found = ProcessDefinition.best(of: candidates) {
            ($0.start as? any CodeCatcher)?.match(of: error.code)
        } isExact: {
            $0.matches(error.code) == .exact
        }
        guard let ((subprocess, start), match) = found else { return false }
        let activity = instance.scope(scope)?.activity ?? 0
        record(.errorCaught(code: error.code, message: error.message, by: start.id, activity: activity))
        startEventSubprocess(
            subprocess, at: start.id, in: scope, isInterrupting: true,
            variables: error.variables + match.variables(of: error))
        return true
    }

    /// The event subprocesses that what happens in a scope can start; nil for the inside of a loop. What comes out of
    /// one is for others, and for none if it interrupted them all.
    private func eventSubprocesses(of number: Int, outside origin: Activity)
        -> [(subprocess: EventSubProcess, start: any StartElement)]?
    {
        guard let scope = instance.scope(number), !scope.isOfLoop,
            number == ProcessInstance.rootScope || scope.activity != nil
        else { return nil }
        let all = definition.eventSubprocesses(in: scope.element)
        guard definition.element(origin.element) is EventSubProcess else { return all }
        guard let own = all.first(where: { $0.subprocess.id == origin.element }), !own.start.isInterrupting else {
            return nil
        }
        return all.filter { $0.subprocess.id != origin.element }
    }

    private mutating func catchError(
        _ error: BPMNError, by catcher: (event: any BoundaryElement & CodeCatcher, match: ErrorMatcher),
        on host: Activity
    ) {
        record(.errorCaught(code: error.code, message: error.message, by: catcher.event.id, activity: host.number))
        cancel(host.number)
        setVariables(error.variables + catcher.match.variables(of: error), from: host.scope)
        enter(catcher.event, in: host.scope)
    }

    // MARK: Escalations

    /// An escalation leaves an activity: the nearest that catches it takes over, or runs beside. `thrower` is the
    /// element that the history names. False if nothing here caught it.
    @discardableResult
    mutating func escalate(_ code: String?, variables: [Variable], from activity: Int, by thrower: ElementID) -> Bool {
        var next: Int? = activity
        while let number = next {
            let host = self.activity(number)
            if number != activity || !(definition.element(host.element) is any ThrowingElement),
                !instance.isIteration(host.scope),
                let catcher = definition.escalationBoundary(on: host.element, code)
            {
                record(.thrown(.escalation(code: code, by: thrower, caughtBy: catcher.event.id, variables: variables)))
                if catcher.event.isInterrupting { cancel(host.number) }
                setVariables(variables + catcher.match.variables(of: code), from: host.scope)
                enter(catcher.event, in: host.scope)
                return true
            }
            if start(with: code, variables, in: host.scope, from: host, by: thrower) { return true }
            next = around(host)
        }
        record(.thrown(.escalation(code: code, by: thrower, caughtBy: nil, variables: variables)))
        return false
    }

    private mutating func start(
        with code: String?, _ variables: [Variable], in scope: Int, from origin: Activity, by thrower: ElementID
    ) -> Bool {
        guard let candidates = eventSubprocesses(of: scope, outside: origin) else { return false }
        let found = ProcessDefinition.best(of: candidates) {
            ($0.start as? any CodeCatcher)?.match(ofEscalation: code)
        } isExact: {
            $0.matches(code) == .exact
        }
        guard let ((subprocess, start), match) = found else { return false }
        record(.thrown(.escalation(code: code, by: thrower, caughtBy: start.id, variables: variables)))
        startEventSubprocess(
            subprocess, at: start.id, in: scope, isInterrupting: start.isInterrupting,
            variables: variables + match.variables(of: code))
        return true
    }

    // MARK: Event subprocesses

    /// Begins a run of an event subprocess; an interrupting one ends all else in its scope, and what was undoable
    /// stays so.
    @discardableResult
    mutating func startEventSubprocess(
        _ subprocess: EventSubProcess, at start: ElementID, in scope: Int, isInterrupting: Bool, variables: [Variable]
    ) -> Int {
        if isInterrupting {
            closeEventSubprocesses(in: scope)
            clear(scope)
        }
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: subprocess.id, scope: scope))
        attempt(number) { step throws(IncidentCause) in
            do throws(IncidentCause) {
                try subprocess.run(number, from: start, variables: variables, in: &step)
            } catch {
                // A retry begins without them.
                step.setVariables(variables, from: scope)
                throw error
            }
        }
        return number
    }
}
