import HashTreeCollections

/// A scope as others may see it.
package struct ScopeState: Sendable, Hashable {
    package struct Waiting: Sendable, Hashable {
        package var join: ElementID
        package var flow: ElementID
        package var count: Int
    }

    package var number: Int
    package var parent: Int?
    /// The activity that opened it; nil for the process, and for what is only kept for compensation.
    package var activity: Int?
    package var element: ElementID?
    package var variables: [Variable]
    /// Tokens that wait at a join for their siblings.
    package var waiting: [Waiting]
}

extension ProcessInstance {
    /// All scopes, in the order of their making.
    package var scopeStates: [ScopeState] {
        scopes.values.sorted { $0.number < $1.number }.map { scope in
            ScopeState(
                number: scope.number, parent: scope.parent, activity: scope.activity, element: scope.element,
                variables: scope.variables.map { Variable(name: $0.key, value: $0.value) },
                waiting: scope.waiting.map { ScopeState.Waiting(join: $0.join, flow: $0.flow, count: $0.count) })
        }
    }
}
