import HashTreeCollections
import Values

/// Tokens that wait at a gateway for others.
extension Step {
    /// Where joins are to be looked at: a join that waited before this step waits on, unless something happened in its scope.
    /// Else each of 100,000 runs of a subprocess that has one would cost a look at all the others.
    struct JoinsToLookAt: Sendable {
        var scopes: Set<Int> = []
        /// What happened may concern any.
        var all = false
    }

    /// Notes what joins may have waited for. Before the event is applied.
    mutating func noteForJoins(_ event: Event) {
        if case .tokenArrived(_, _, let scope) = event { joinsToLookAt.scopes.insert(scope) }
        guard !instance.waitingScopes.isEmpty else { return }
        switch event {
        case .activityEntered(_, _, let scope), .tokensJoined(_, _, let scope): joinsToLookAt.scopes.insert(scope)
        case .activityCompleted(let number), .activityCanceled(let number):
            if let scope = instance.activity(number)?.scope { joinsToLookAt.scopes.insert(scope) }
        case .scopeClosed(let number):
            if let parent = instance.scope(number)?.parent { joinsToLookAt.scopes.insert(parent) }
        case .variablesSet: if definition.joinsReadVariables { joinsToLookAt.all = true }
        case .migrated: joinsToLookAt.all = true
        case .tokenArrived, .instanceStarted, .instanceEnded, .flowTaken, .scopeOpened, .outputKept, .outputMapped,
            .taskCreated, .taskCompleted, .taskFailed, .taskErrorThrown, .taskCanceled, .taskEventRecorded,
            .taskRetried,
            .timerScheduled, .timerFired, .timerCanceled, .errorCaught, .incidentRaised, .incidentResolved, .userTask,
            .subscription, .loop, .compensation, .call, .thrown, .savePointReached, .decisionEvaluated, .suspended,
            .resumed, .held:
            return
        }
    }

    /// Once no token moves: lets a join go on that waits for nothing more. False if there is none.
    mutating func releaseJoin() -> Bool {
        if releaseNextJoin() { return true }
        joinsToLookAt = JoinsToLookAt()
        return false
    }

    private mutating func releaseNextJoin() -> Bool {
        guard !instance.waitingScopes.isEmpty else { return false }
        let scopes =
            joinsToLookAt.all
            ? Array(instance.waitingScopes) : joinsToLookAt.scopes.filter(instance.waitingScopes.contains)
        for number in scopes.sorted() {
            guard let scope = instance.scope(number) else { continue }
            var joins: [ElementID] = []
            for waiting in scope.waiting where waiting.flow != AdHocSubProcess.turn && !joins.contains(waiting.join) {
                joins.append(waiting.join)
            }
            for join in joins {
                guard let element = definition.element(join) as? any NonLocalJoin else { continue }
                if element.canPass(in: number, of: self) {
                    element.pass(in: number, of: &self)
                    return true
                }
            }
            guard scope.isIdle else { continue }
            if let subprocess = scope.element.flatMap({ definition.element($0) }) as? AdHocSubProcess,
                subprocess.startsNext(in: scope, &self)
            {
                return true
            }
            // Nobody is left who could send a token.
            if let join = joins.first(where: { !(definition.element($0) is any NonLocalJoin) }) {
                enterStuckJoin(join, in: scope)
                return true
            }
            if let join = joins.first, let element = definition.element(join) as? any NonLocalJoin {
                if element.needsMoreThanTokens {
                    enterStuckJoin(join, in: scope)
                } else {
                    element.pass(in: number, of: &self)
                }
                return true
            }
        }
        return false
    }

    /// All that wait at the join are used up.
    mutating func consumeTokens(at join: ElementID, in number: Int) {
        guard let scope = instance.scope(number) else { return }
        let flows = scope.waiting.filter { $0.join == join }.flatMap { Array(repeating: $0.flow, count: $0.count) }
        record(.tokensJoined(element: join, flows: flows, scope: number))
    }

    /// Whether a token somewhere else in the scope can still come to the join.
    func canReach(_ join: ElementID, in scope: Int) -> Bool {
        guard let scope = instance.scope(scope) else { return false }
        let sources = definition.elementsBefore(join)
        if scope.waiting.contains(where: { $0.join != join && sources.contains($0.join) }) { return true }
        return scope.openActivities.contains { number in
            guard let activity = instance.activity(number) else { return false }
            return sources.contains(activity.element)
        }
    }

    /// Tokens wait for siblings that can no longer come. They are used up and the join entered, but only an operator
    /// lets it pass.
    private mutating func enterStuckJoin(_ join: ElementID, in scope: Scope) {
        let arrived = scope.waiting.filter { $0.join == join }.map(\.flow)
        let missing = definition.incoming(of: join).map(\.id).filter { !arrived.contains($0) }
        record(.tokensJoined(element: join, flows: arrived, scope: scope.number))
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: join, scope: scope.number))
        let cause = IncidentCause(
            .joinStuck,
            "no token can come by \(missing.map(\.text).joined(separator: ", ")) any more; a retry passes without")
        raiseIncident(cause, activity: number, task: nil)
    }
}
