import Values

/// An instance goes over to another version of its process. The step is one of the target's definition.
extension Step {
    /// What waits for events that are gone waits no more, what is new is waited for, all else goes on as it is: due dates and
    /// subscriptions too. Throws if what is new cannot say what it waits for.
    mutating func migrate(by plan: MigrationPlan) throws(Rejection) {
        closeTriggers(leftBehindBy: plan)
        record(.migrated(plan.event))
        do throws(IncidentCause) {
            try openNewTriggers(of: plan)
        } catch {
            throw Rejection(.invalid, "what is new in \(plan.target.id) cannot be waited for: \(error.message)")
        }
        passCompleteJoins()
    }

    private mutating func closeTriggers(leftBehindBy plan: MigrationPlan) {
        func isLeft(_ event: ElementID, of activity: Int) -> Bool {
            !plan.keeps(event, of: instance.activity(activity)?.element)
        }
        for timer in instance.openTimers where isLeft(timer.element, of: timer.activity) {
            record(.timerCanceled(timer: timer.number))
        }
        for subscription in instance.openSubscriptions where isLeft(subscription.element, of: subscription.activity) {
            record(.subscription(.closed(subscription: subscription.number)))
        }
    }

    private mutating func openNewTriggers(of plan: MigrationPlan) throws(IncidentCause) {
        try openNewEventSubprocesses(in: ProcessInstance.rootScope, element: nil, of: 0, by: plan)
        for activity in instance.activeActivities {
            guard let element = definition.element(activity.element) else { continue }
            if isAtWork(activity, element), !instance.isIteration(activity.scope) {
                let events = definition.boundaryEvents(of: activity.element).filter { !plan.isHeir($0.id) }
                try open(events.compactMap { $0 as? any TriggeredElement }, for: activity.number, in: activity.scope)
            }
            if let gateway = element as? EventBasedGateway {
                try gateway.waitForNew(activity, in: &self)
            } else if let scope = activity.innerScope, element is any ScopeElement, !instance.isLoopBody(activity),
                activity.incident == nil
            {
                try openNewEventSubprocesses(in: scope, element: activity.element, of: activity.number, by: plan)
            }
        }
    }

    /// Whether the activity opened what its boundary events wait for, and did not close it again.
    private func isAtWork(_ activity: Activity, _ element: any FlowElement) -> Bool {
        guard activity.phase == .waiting, activity.savePoint == nil else { return false }
        if activity.task != nil || activity.userTask != nil || activity.call != nil { return true }
        if let incident = activity.incident.flatMap({ instance.incident($0) }) { return incident.kind == .callFailed }
        if activity.innerScope != nil, element is any ScopeElement || instance.isLoopBody(activity) { return true }
        return activity.timers.contains { instance.timer($0)?.element == activity.element }
            || activity.subscriptions.contains { instance.subscription($0)?.element == activity.element }
    }

    /// Once an interrupting one runs, nothing else starts in its scope.
    private mutating func openNewEventSubprocesses(
        in scope: Int, element container: ElementID?, of activity: Int, by plan: MigrationPlan
    ) throws(IncidentCause) {
        let all = definition.eventSubprocesses(in: container)
        let isInterrupted = (instance.scope(scope)?.openActivities ?? []).contains { number in
            all.contains { $0.start.isInterrupting && $0.subprocess.id == instance.activity(number)?.element }
        }
        guard !isInterrupted else { return }
        let new = all.filter { !plan.isHeir($0.start.id) }
        try open(new.compactMap { $0.start as? any TriggeredElement }, for: activity, in: scope)
    }

    /// The target's joins may need fewer tokens than those that wait.
    private mutating func passCompleteJoins() {
        for number in instance.waitingScopes.sorted() {
            var joins: [ElementID] = []
            for waiting in instance.scope(number)?.waiting ?? []
            where waiting.flow != AdHocSubProcess.turn && !joins.contains(waiting.join) {
                joins.append(waiting.join)
            }
            for join in joins {
                guard let element = definition.element(join) as? any CountingJoin else { continue }
                while element.passIfComplete(in: number, of: &self) {}
            }
        }
    }
}
