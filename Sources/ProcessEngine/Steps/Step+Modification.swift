import Values

/// An operator's changes to where tokens are.
extension Step {
    mutating func modify(_ modifications: [Modification]) throws(Rejection) {
        for modification in modifications {
            switch modification {
            case .startBefore(let element, let variables): try start(before: element, variables)
            case .startAfter(let element, let variables): try start(after: element, variables)
            case .cancel(let number):
                guard let activity = instance.activity(number) else {
                    throw Rejection(.gone, "there is no activity \(number)")
                }
                take(away: activity)
            case .cancelAll(let element): try cancelAll(of: element)
            case .move(let source, let target):
                for _ in 0..<(try cancelAll(of: source)) { try start(before: target, []) }
            case .setVariables(let activity, let variables): try set(variables, of: activity)
            }
        }
        let root = ProcessInstance.rootScope
        guard modifications.contains(where: \.takesAway), let scope = instance.scope(root), scope.isIdle,
            scope.waiting.isEmpty, !hasTokensUnderWay(in: root)
        else { return }
        endInstance(.canceled(reason: "an operator canceled all that was at work"))
    }

    /// Where tokens begin. None moves before all are there.
    mutating func place(_ placements: [Placement]) throws(Rejection) {
        for placement in placements {
            switch placement {
            case .before(let element, let variables): try start(before: element, variables)
            case .over(let id):
                guard let flow = definition.flows.first(where: { $0.id == id }) else {
                    throw Rejection(.invalid, "there is no flow \(id)")
                }
                let scope = try openScope(of: flow.target)
                record(.flowTaken(flow: id, scope: scope))
                send(Token(element: flow.target, flow: id, scope: scope))
            case .inTurn(let id):
                guard definition.element(id) != nil else { throw Rejection(.invalid, "there is no element \(id)") }
                let scope = try openScope(of: id)
                record(.tokenArrived(element: id, flow: AdHocSubProcess.turn, scope: scope))
            case .undoable(let id): try keepUndoable(id)
            }
        }
    }

    private mutating func set(_ variables: [Variable], of number: Int?) throws(Rejection) {
        try checkNames(variables, element: nil)
        var scope = ProcessInstance.rootScope
        if let number {
            guard let activity = instance.activity(number) else {
                throw Rejection(.gone, "there is no activity \(number)")
            }
            scope = activity.innerScope ?? activity.scope
        }
        if !variables.isEmpty { record(.variablesSet(scope: scope, variables)) }
    }

    private mutating func start(before id: ElementID, _ variables: [Variable]) throws(Rejection) {
        guard let element = definition.element(id) else {
            throw Rejection(.invalid, "there is no element \(id)", element: id)
        }
        guard !(element is any BoundaryElement) else {
            throw Rejection(.invalid, "a token cannot be put before \(id), a boundary event", element: id)
        }
        let scope = try openScope(of: id)
        try checkNames(variables, element: id)
        if !variables.isEmpty { record(.variablesSet(scope: scope, variables)) }
        send(Token(element: id, flow: nil, scope: scope))
    }

    private mutating func start(after id: ElementID, _ variables: [Variable]) throws(Rejection) {
        guard definition.element(id) != nil, !definition.outgoing(of: id).isEmpty else {
            throw Rejection(.invalid, "no flow leads out of \(id)", element: id)
        }
        let scope = try openScope(of: id)
        try checkNames(variables, element: id)
        if !variables.isEmpty { record(.variablesSet(scope: scope, variables)) }
        var taken: [SequenceFlow] = []
        do throws(IncidentCause) {
            let outgoing = definition.outgoing(of: id)
            for flow in outgoing where !flow.isDefault {
                if try flow.holds(for: visibleVariables(from: scope)) { taken.append(flow) }
            }
            if taken.isEmpty { taken = outgoing.filter(\.isDefault) }
            for flow in taken { try runListeners(of: flow, from: nil, in: scope) }
        } catch {
            throw Rejection(.invalid, error.message, element: id)
        }
        for flow in taken {
            record(.flowTaken(flow: flow.id, scope: scope))
            send(Token(element: flow.target, flow: flow.id, scope: scope))
        }
    }

    /// The scope that the element's activities are in; subprocesses around it that do not run are entered for it.
    mutating func openScope(of id: ElementID) throws(Rejection) -> Int {
        guard let container = definition.parent(of: id) else { return ProcessInstance.rootScope }
        let running = instance.activeActivities.filter {
            $0.element == container && $0.innerScope != nil && !instance.isLoopBody($0)
        }
        if let only = running.first, let scope = only.innerScope {
            guard running.count == 1 else {
                throw Rejection(
                    .conflict, "\(container) runs \(running.count) times: it is not clear where", element: id)
            }
            return scope
        }
        guard definition.loop(of: container) == nil else {
            throw Rejection(.conflict, "the multi-instance activity \(container) does not run", element: id)
        }
        let outer = try openScope(of: container)
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: container, scope: outer))
        do throws(IncidentCause) {
            try armBoundaryEvents(of: number)
            let scope = instance.lastScope + 1
            record(.scopeOpened(scope: scope, parent: outer, activity: number))
            try armEventSubprocesses(in: container, scope: scope, of: number)
            return scope
        } catch {
            throw Rejection(.invalid, error.message, element: container)
        }
    }

    @discardableResult
    private mutating func cancelAll(of element: ElementID) throws(Rejection) -> Int {
        let found = instance.activeActivities.filter {
            $0.element == element && !instance.isIteration($0.scope)
        }
        for activity in found { take(away: activity) }
        let count = found.count + discardTokens(at: element)
        guard count > 0 else { throw Rejection(.gone, "no activity of \(element) is at work", element: element) }
        return count
    }

    /// Tokens that wait at a join for their siblings are gone; how many they were.
    private mutating func discardTokens(at join: ElementID) -> Int {
        var count = 0
        for number in instance.waitingScopes.sorted() {
            guard let scope = instance.scope(number) else { continue }
            let waiting = scope.waiting.filter { $0.join == join }.reduce(0) { $0 + $1.count }
            guard waiting > 0 else { continue }
            count += waiting
            consumeTokens(at: join, in: number)
            // A gateway that was not activated yet is not by this.
            if scope.activated[join] == nil { record(.tokensJoined(element: join, flows: [], scope: number)) }
            settleLater(number)
        }
        return count
    }

    /// Whether a loop ends with a run that was taken away. A condition that cannot be evaluated ends it.
    private func isOver(_ state: LoopState, of element: ElementID, in scope: Int) -> Bool {
        if let count = state.count { return state.completed + 1 >= count }
        let loop = definition.loop(of: element)
        return (try? loop?.continues(in: visibleVariables(from: scope), completed: state.completed + 1)) != true
    }

    /// Cancels an activity; what is around it ends if nothing else is there. A run of a loop counts as done.
    mutating func take(away activity: Activity) {
        guard let scope = instance.scope(activity.scope), let index = scope.iteration, let body = scope.activity,
            let inner = scope.parent, let state = instance.scope(inner)?.loop
        else {
            cancel(activity.number)
            return settleLater(activity.scope)
        }
        cancel(activity.number)
        record(.loop(.iterationEnded(scope: inner, iteration: index, output: nil)))
        record(.scopeClosed(scope: activity.scope))
        if isOver(state, of: activity.element, in: inner) {
            attempt(body) { step throws(IncidentCause) in try step.endLoop(body) }
        } else {
            iterateLater(body)
        }
    }
}
