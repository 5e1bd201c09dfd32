import OrderedCollections
import Values

/// How things end before their time: by an event, a cancel, or the end of what is around them.
extension Step {
    /// Ends the whole instance; whatever is still open is canceled first.
    mutating func endInstance(_ end: Event.InstanceEnd) {
        isEndingInstance = true
        cancelContents(of: ProcessInstance.rootScope)
        closeProcessTriggers()
        closeRetainedScopes(of: ProcessInstance.rootScope)
        // It ends whatever its listeners say.
        try? runProcessListeners(.end)
        record(.instanceEnded(end))
    }

    /// Cancels an activity with all that it holds: tasks, timers, incidents, and what runs inside it; innermost first.
    mutating func cancel(_ number: Int) {
        guard let activity = instance.activity(number) else { return }
        for handler in activity.compensating.sorted() { cancel(handler) }
        if let scope = activity.innerScope { cancelContents(of: scope) }
        let mapped = outputs(ofCanceled: activity)
        if let scope = activity.innerScope {
            closeRetainedScopes(of: scope)
            record(.scopeClosed(scope: scope))
        }
        setVariables(mapped, from: activity.scope)
        if let task = activity.task { record(.taskCanceled(task: task)) }
        if let task = activity.userTask {
            // It goes away whatever its listeners say.
            var deleted = instance.userTask(task)
            try? runListeners(.delete, of: number, &deleted)
            record(.userTask(.canceled(userTask: task)))
        }
        if let call = activity.call { record(.call(.canceled(call: call))) }
        closeTriggers(of: activity)
        if let incident = activity.incident { record(.incidentResolved(incident: incident)) }
        record(.activityCanceled(activity: number))
        if let thrower = activity.compensator {
            closeIfUndone(activity.scope)
            goOnLater(thrower)
        }
    }

    /// Camunda 7 maps the outputs of what is interrupted too. What cannot be evaluated is nothing: nobody could mend it.
    private func outputs(ofCanceled activity: Activity) -> [Variable] {
        guard !isEndingInstance, activity.innerScope != nil || activity.task != nil, !instance.isLoopBody(activity)
        else { return [] }
        let mappings = definition.outputsOfCanceled(activity.element)
        guard !mappings.isEmpty else { return [] }
        var visible = visibleVariables(of: activity.number)
        if let task = activity.task.flatMap({ instance.task($0) }) {
            // The input of a task is its own variables.
            for variable in task.input.variables { visible.locals[variable.name] = variable.value }
        }
        return (try? VariableMapping.evaluate(mappings, in: visible)) ?? []
    }

    /// Cancels all that is at work in a scope, except one activity.
    mutating func cancelContents(of number: Int, except spared: Int? = nil) {
        // Depth is bounded by the nesting of the model, which its reader bounds.
        for activity in instance.scope(number)?.openActivities ?? [] where activity != spared { cancel(activity) }
        for run in instance.scope(number)?.iterations.sorted() ?? [] {
            cancelContents(of: run)
            record(.scopeClosed(scope: run))
        }
    }

    /// Everything in a scope ends, and the scope remains: tokens under way and waiting ones too.
    mutating func clear(_ number: Int, except spared: Int? = nil) {
        cancelContents(of: number, except: spared)
        dropTokens(in: number)
        guard let scope = instance.scope(number) else { return }
        var joins: [ElementID] = []
        for waiting in scope.waiting where !joins.contains(waiting.join) { joins.append(waiting.join) }
        for join in joins { consumeTokens(at: join, in: number) }
    }
}
