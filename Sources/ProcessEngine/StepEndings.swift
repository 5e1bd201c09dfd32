import Values

/// How things end before their time: by an error, a boundary event, or a cancel.
extension Step {
    /// Ends the whole instance; whatever is still open is canceled first.
    mutating func endInstance(_ end: Event.InstanceEnd) {
        cancelContents(of: ProcessInstance.rootScope)
        record(.instanceEnded(end))
    }

    /// Cancels an activity with all that it holds: tasks, timers, incidents, and what runs inside it; innermost first.
    mutating func cancel(_ number: Int) {
        let activity = activity(number)
        if let scope = activity.innerScope {
            cancelContents(of: scope)
            record(.scopeClosed(scope: scope))
        }
        if let task = activity.task { record(.taskCanceled(task: task)) }
        for timer in activity.timers { record(.timerCanceled(timer: timer)) }
        if let incident = activity.incident { record(.incidentResolved(incident: incident)) }
        record(.activityCanceled(activity: number))
    }

    private mutating func cancelContents(of scope: Int) {
        // Depth is bounded by the nesting of the model, which its reader bounds.
        for activity in instance.scope(scope)?.openActivities ?? [] { cancel(activity) }
    }

    /// A BPMN error leaves an activity: the nearest boundary event that catches it, going outwards, takes over.
    mutating func propagate(_ error: BPMNError, from activity: Int) {
        var next: Int? = activity
        while let number = next {
            let host = self.activity(number)
            if let catcher = definition.boundaryEvent(on: host.element, catching: error.code) {
                return catchError(error, by: catcher, on: host)
            }
            next = instance.scope(host.scope)?.activity
        }
        endInstance(.completedWithError(code: error.code, message: error.message))
    }

    /// A BPMN error is thrown inside a scope, by an element that is over.
    mutating func propagate(_ error: BPMNError, outOf scope: Int) {
        guard let activity = instance.scope(scope)?.activity else {
            return endInstance(.completedWithError(code: error.code, message: error.message))
        }
        propagate(error, from: activity)
    }

    private mutating func catchError(_ error: BPMNError, by catcher: any BoundaryElement, on host: Activity) {
        record(.errorCaught(code: error.code, message: error.message, by: catcher.id, activity: host.number))
        cancel(host.number)
        setVariables(error.variables + catcher.variables(of: error), from: host.scope)
        enter(catcher, in: host.scope)
    }
}
