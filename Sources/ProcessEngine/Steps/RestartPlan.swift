import Values

/// How a new instance goes on where one that is over stood: with its variables, and without doing again what was done.
package struct RestartPlan: Sendable, Hashable {
    package private(set) var placements: [Placement] = []
    /// Of the process itself, as of the end.
    package private(set) var variables: [Variable] = []
    /// The elements that are entered, for people.
    package private(set) var elements: [ElementID] = []

    /// `events`: all of the instance, of which the last so many were committed together with its end. Without `elements`:
    /// everywhere where it stood before the step in which it ended.
    ///
    /// Throws if it runs, or if it is not clear where to go on.
    package init(
        after events: [Event], lastCommit: Int? = nil, of definition: ProcessDefinition, at elements: [ElementID]
    ) throws(Rejection) {
        guard let end = events.lastIndex(where: { if case .instanceEnded = $0 { true } else { false } }),
            case .instanceEnded(let how) = events[end]
        else {
            throw Rejection(.conflict, "the instance runs: retry or modify it, or cancel it first")
        }
        var instance = ProcessInstance()
        var locals: [ElementID: [Variable]] = [:]
        var standing = ProcessInstance()
        let cut = max(Self.lastStep(of: events, before: end, how), lastCommit.map { events.count - $0 } ?? 0)
        for (place, event) in events.enumerated() {
            if place == cut { standing = instance }
            if case .activityCompleted(let number) = event { Self.note(number, of: instance, in: &locals) }
            if case .activityCanceled(let number) = event { Self.note(number, of: instance, in: &locals) }
            instance.apply(event)
            if case .migrated(let migrated) = event {
                let known = locals
                for renaming in migrated.renamed { locals[renaming.from] = nil }
                for renaming in migrated.renamed { locals[renaming.to] = known[renaming.from] }
                // Where it stood has the names of the version that it goes on in.
                if place >= cut { standing.apply(event) }
            }
        }
        variables = instance.rootVariables
        if !elements.isEmpty {
            self.elements = elements
        } else if how == .completed {
            throw Rejection(.invalid, "the instance completed: say at which element to begin again")
        } else {
            place(what: standing, of: definition)
        }
        guard !self.elements.isEmpty else {
            throw Rejection(.invalid, "the instance ended before it waited anywhere: say at which element to begin")
        }
        placements += self.elements.map { .before($0, variables: locals[$0] ?? []) }
    }

    /// All activities at work that hold no others, as often as there are, and tokens that wait at joins; and what compensation can
    /// undo there. (What it can undo inside of a subprocess that is over is not known any more.)
    private mutating func place(what standing: ProcessInstance, of definition: ProcessDefinition) {
        let scopes = standing.scopeStates
        let inLoops = Set(scopes.map(\.number).filter { standing.isIteration($0) })
        let active = standing.activeActivities
        let scopesAtWork = Set(active.map(\.scope))
        for activity in active {
            let holdsOthers = activity.innerScope.map(scopesAtWork.contains) ?? false
            if holdsOthers, !standing.isLoopBody(activity) { continue }
            // A loop is found by its body, once, and not by its runs.
            if Self.isInRun(activity.scope, of: standing) { continue }
            elements.append(activity.element)
        }
        let found = Set(elements)
        for scope in scopes where !Self.isInRun(scope.number, of: standing) {
            guard let scope = standing.scope(scope.number), scope.loop == nil else { continue }
            for kept in scope.compensationsInOrder where kept.retained == nil {
                placements.append(.undoable(kept.element))
            }
        }
        for scope in scopes where !inLoops.contains(scope.number) {
            for waiting in scope.waiting {
                let loop = Self.outermostLoop(around: waiting.join, of: definition)
                if waiting.flow == AdHocSubProcess.turn {
                    if loop != waiting.join, found.contains(loop) { continue }
                    placements += Array(repeating: .inTurn(waiting.join), count: waiting.count)
                    continue
                }
                if found.contains(loop) { continue }
                placements += Array(repeating: .over(flow: waiting.flow), count: waiting.count)
            }
        }
    }

    /// A run of a loop cannot be entered from outside: all of it begins again.
    private static func outermostLoop(around element: ElementID, of definition: ProcessDefinition) -> ElementID {
        var found = element
        var next = definition.parent(of: element)
        while let container = next {
            if definition.loop(of: container) != nil { found = container }
            next = definition.parent(of: container)
        }
        return found
    }

    /// Whether a scope is one of a run of a loop, or inside of one.
    private static func isInRun(_ scope: Int, of instance: ProcessInstance) -> Bool {
        var next: Int? = scope
        while let number = next {
            if instance.isIteration(number) { return true }
            next = instance.scope(number)?.parent
        }
        return false
    }

    /// What the scopes around an activity have, the process's own aside; the last activity of an element counts.
    private static func note(_ number: Int, of instance: ProcessInstance, in locals: inout [ElementID: [Variable]]) {
        guard let activity = instance.activity(number) else { return }
        var found: [Variable] = []
        var next: Int? = activity.scope
        while let scope = next, scope != ProcessInstance.rootScope {
            for variable in instance.variables(of: scope) ?? []
            where !found.contains(where: { $0.name == variable.name }) {
                found.append(variable)
            }
            next = instance.scope(scope)?.parent
        }
        locals[activity.element] = found
    }

    /// Where the step begins in which the instance ended: at what came from outside, or at the first thing that a cancel took away.
    private static func lastStep(of events: [Event], before end: Int, _ how: Event.InstanceEnd) -> Int {
        if case .canceled = how {
            var first = end
            var place = end
            while place > 0, isCleaningUp(events[place - 1]) || isSettingVariables(events[place - 1]) {
                place -= 1
                if isCleaningUp(events[place]) { first = place }
            }
            if first < end { return first }
        }
        return events[..<end].lastIndex(where: comesFromOutside) ?? 0
    }

    /// Listeners may, of what is canceled as well.
    private static func isSettingVariables(_ event: Event) -> Bool {
        if case .variablesSet = event { true } else { false }
    }

    private static func isCleaningUp(_ event: Event) -> Bool {
        switch event {
        case .taskCanceled, .userTask(.canceled), .call(.canceled), .timerCanceled, .subscription(.closed),
            .incidentResolved, .activityCanceled, .scopeClosed:
            true
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .flowTaken, .tokenArrived,
            .tokensJoined, .scopeOpened, .variablesSet, .outputKept, .outputMapped, .taskCreated, .taskCompleted,
            .taskFailed, .taskErrorThrown, .taskEventRecorded, .taskRetried, .timerScheduled, .timerFired, .errorCaught,
            .incidentRaised, .userTask, .subscription, .loop, .compensation, .call, .thrown, .savePointReached,
            .decisionEvaluated, .suspended, .resumed, .held, .migrated:
            false
        }
    }

    private static func comesFromOutside(_ event: Event) -> Bool {
        switch event {
        case .taskCompleted, .taskErrorThrown, .taskEventRecorded, .timerFired, .userTask(.completed),
            .userTask(.errorThrown), .subscription(.triggered), .call(.completed), .call(.failed), .resumed,
            .migrated:
            true
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken,
            .tokenArrived, .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped,
            .taskCreated, .taskFailed, .taskCanceled, .taskRetried, .timerScheduled, .timerCanceled, .errorCaught,
            .incidentRaised, .incidentResolved, .userTask, .subscription, .loop, .compensation, .call, .thrown,
            .savePointReached, .decisionEvaluated, .suspended, .held:
            false
        }
    }
}
