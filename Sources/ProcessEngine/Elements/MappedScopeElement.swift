import Values

/// A subprocess whose variables go out by mappings when nothing is left to happen in it.
package protocol MappedScopeElement: ScopeElement {
    var outputs: [VariableMapping] { get }
    /// A variable that goes out besides.
    var outputCollection: String? { get }
}

extension MappedScopeElement {
    package var outputCollection: String? { nil }

    package func innerScopeFinished(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let host = step.activity(activity)
        guard let inner = host.innerScope else { return try step.leave(activity) }
        let visible = step.visibleVariables(from: inner)
        let collected = outputCollection.map { Variable(name: $0, value: visible.lookup($0) ?? .null) }
        let variables = (collected.map { [$0] } ?? []) + (try VariableMapping.evaluate(outputs, in: visible))
        step.closeOrRetain(inner, of: host)
        step.setVariables(variables, from: host.scope)
        try step.leave(activity)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering: try step.begin(self, activity.number)
        case .waiting, .leaving: try innerScopeFinished(activity.number, in: &step)
        }
    }
}
