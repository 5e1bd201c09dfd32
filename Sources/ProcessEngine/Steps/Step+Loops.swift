import HashTreeCollections
import OrderedCollections
import Values

/// Multi-instance and loops: the activity that a token enters is the body; each run is an activity of the same element
/// in a scope of its own, inside the body's scope.
extension Step {
    /// What loops may give to the limit of transitions, so that large collections are no mistake.
    private static let allowancePerRun = 10
    private static let loopsWithAllowance = 100

    mutating func startLoop(_ loop: LoopCharacteristics, _ body: Int) throws(IncidentCause) {
        let outer = activity(body).scope
        let runs = try loop.runs(in: visibleVariables(from: outer), element: activity(body).element)
        let runsAtAll = if let count = runs.count { count > 0 } else { try begins(loop, body, in: outer) }
        try armBoundaryEvents(of: body)
        guard meetConditions(before: body) else { return }
        let scope = instance.lastScope + 1
        record(.scopeOpened(scope: scope, parent: outer, activity: body))
        let kept = loop.isSequential ? runs.items : []
        record(.loop(.started(scope: scope, count: runs.count, items: kept)))
        if !loop.isSequential, let count = runs.count, count > 0 {
            if loopsStarted < Self.loopsWithAllowance { loopAllowance += count * Self.allowancePerRun }
            loopsStarted += 1
            pendingItems[body] = runs.items[...]
        }
        guard runsAtAll else { return try endLoop(body) }
        noteCounts([.all, .completed], of: scope, areNew: true)
        iterateLater(body)
    }

    /// Whether a loop with a condition has a first run; seen from where its scope is going to be.
    private func begins(_ loop: LoopCharacteristics, _ body: Int, in outer: Int) throws(IncidentCause) -> Bool {
        var variables = visibleVariables(from: outer, at: body)
        let state = LoopState(count: nil, items: [])
        for name in LoopState.names { variables.locals[name] = state.value(named: name) }
        return try loop.continues(in: variables, completed: 0)
    }

    /// Starts the next run; a parallel loop then goes on to the one after it.
    mutating func iterate(_ body: Int) {
        guard let activity = instance.activity(body), let inner = activity.innerScope,
            let state = instance.scope(inner)?.loop, let loop = definition.loop(of: activity.element),
            let element = definition.element(activity.element)
        else { return }
        let index = state.started
        if let count = state.count, index >= count { return }
        if !loop.isSequential { iterateLater(body) }
        let scope = instance.lastScope + 1
        record(.scopeOpened(scope: scope, parent: inner, activity: body))
        var variables = [Variable(name: "loopCounter", value: .number(index + loop.firstIndex))]
        if let name = loop.elementVariable, let item = item(index, of: body, state) {
            variables.append(Variable(name: name, value: item))
        }
        if let name = loop.outputVariable { variables.append(Variable(name: name, value: .null)) }
        record(.variablesSet(scope: scope, variables))
        // All are at work, as far as they are to be at once.
        if index == 0 && loop.isSequential || index + 1 == state.count && !loop.isSequential {
            noteCounts([.active], of: inner, areNew: true)
        }
        enter(element, in: scope)
    }

    private mutating func item(_ index: Int, of body: Int, _ state: LoopState) -> JSON? {
        if state.items.indices.contains(index) { return state.items[index] }
        return pendingItems[body]?.popFirst()
    }

    /// A run has done its work: the next one, or the end of the loop.
    mutating func endIteration(_ number: Int) throws(IncidentCause) {
        try closeLocalScope(of: number)
        let run = activity(number)
        guard let scope = instance.scope(run.scope), let body = scope.activity, let index = scope.iteration,
            let inner = scope.parent, let state = instance.scope(inner)?.loop,
            let loop = definition.loop(of: run.element)
        else { preconditionFailure("run \(number) is inside a loop") }
        var variables = visibleVariables(from: run.scope)
        variables.locals = [
            "nrOfCompletedInstances": .number(state.completed + 1),
            // Of runs one after the other one is at work, as Camunda 7 has it.
            "nrOfActiveInstances": .number(loop.isSequential ? state.active : state.active - 1),
            "numberOfCompletedInstances": .number(state.completed + 1),
            "numberOfActiveInstances": .number(state.active - 1),
        ]
        let output = try loop.output(in: variables, element: run.element)
        let isDone = try loop.isDone(in: variables, completed: state.completed + 1, count: state.count)
        closeTriggers(of: run)
        keepCompensation(of: run, in: inner)
        recordCompleted(number)
        record(.loop(.iterationEnded(scope: inner, iteration: index, output: output)))
        record(.scopeClosed(scope: run.scope))
        noteCounts(loop.isSequential ? [.completed] : [.completed, .active], of: inner, areNew: false)
        guard meetConditions(before: body) else { return }
        if isDone {
            attempt(body) { step throws(IncidentCause) in try step.endLoop(body) }
        } else if loop.isSequential {
            iterateLater(body)
        }
    }

    /// What a loop counts changed: conditions that wait on its boundary look at each as at a variable of the body, as in Camunda 7.
    private mutating func noteCounts(_ counts: [LoopState.Count], of scope: Int, areNew: Bool) {
        guard !instance.conditions.isEmpty, !instance.isSuspended else { return }
        for count in counts {
            changes.append(VariableChange(of: count.names, in: scope, existed: areNew ? [] : Set(count.names)))
        }
    }

    /// The activity that the runs of a loop are inside of; nil for an activity that is no run.
    func loopBody(of run: Activity) -> Activity? {
        guard instance.isIteration(run.scope) else { return nil }
        return instance.scope(run.scope)?.activity.flatMap { instance.activity($0) }
    }

    /// Ends the body: runs that are still at work are canceled.
    mutating func endLoop(_ number: Int) throws(IncidentCause) {
        let body = activity(number)
        guard let scope = body.innerScope, let loop = definition.loop(of: body.element) else {
            return try leave(number)
        }
        var output: Variable?
        if let collection = loop.outputCollection, let state = instance.scope(scope)?.loop {
            let outputs = JSON.array((0..<state.started).map { state.outputs[$0] ?? .null })
            output = Variable(name: collection, value: try outputs.bounded("the output of \(body.element)"))
        }
        pendingItems[number] = nil
        cancelContents(of: scope)
        if let output { setVariables([output], from: body.scope) }
        closeOrRetain(scope, of: body)
        try leave(number)
    }

    /// What an operator's retry of a body does.
    mutating func retryLoop(_ loop: LoopCharacteristics, _ body: Activity) throws(IncidentCause) {
        switch body.phase {
        case .entering: try startLoop(loop, body.number)
        case .waiting:
            let scope = body.innerScope ?? body.scope
            if let state = instance.scope(scope)?.loop, state.count == nil, state.started == 0,
                try loop.continues(in: visibleVariables(from: scope), completed: 0)
            {
                return iterateLater(body.number)
            }
            try endLoop(body.number)
        case .leaving: try endLoop(body.number)
        }
    }
}
