import Values

/// A subprocess whose variables go out by mappings when nothing is left to happen in it.
package protocol MappedScopeElement: ScopeElement {
    var outputs: [VariableMapping] { get }
}

extension MappedScopeElement {
    package func innerScopeFinished(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        let host = step.activity(activity)
        guard let inner = host.innerScope else { return try step.leave(activity) }
        let variables = try VariableMapping.evaluate(outputs, in: step.visibleVariables(from: inner))
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
