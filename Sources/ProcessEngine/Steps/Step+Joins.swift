import Values

/// Tokens that wait at a gateway for others.
extension Step {
    /// Once no token moves: lets a join go on that waits for nothing more. False if there is none.
    mutating func releaseJoin() -> Bool {
        for number in instance.waitingScopes.sorted() {
            guard let scope = instance.scope(number) else { continue }
            var joins: [ElementID] = []
            for waiting in scope.waiting where waiting.flow != AdHocSubProcess.turn && !joins.contains(waiting.join) {
                joins.append(waiting.join)
            }
            for join in joins {
                guard let element = definition.element(join) as? any NonLocalJoin else { continue }
                if element.canPass(in: number, of: self) {
                    pass(element, in: scope)
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
                if element.ignoresLateTokens, scope.joined.contains(join) {
                    consumeTokens(at: join, in: scope)
                    settleLater(number)
                } else if element.ignoresLateTokens {
                    enterStuckJoin(join, in: scope)
                } else {
                    pass(element, in: scope)
                }
                return true
            }
        }
        return false
    }

    private mutating func pass(_ element: any FlowElement, in scope: Scope) {
        consumeTokens(at: element.id, in: scope)
        enter(element, in: scope.number)
    }

    /// All that wait at the join are used up.
    mutating func consumeTokens(at join: ElementID, in scope: Scope) {
        let flows = scope.waiting.filter { $0.join == join }.flatMap { Array(repeating: $0.flow, count: $0.count) }
        record(.tokensJoined(element: join, flows: flows, scope: scope.number))
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
