package import Expressions

/// Which version of a process or a decision a model means; an expression may say it when it is asked for.
package enum ModelBinding: Sendable, Hashable {
    case fixed(CallTarget.Binding)
    case version(Expression)
    case versionTag(Expression)

    func resolved(in variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> CallTarget.Binding {
        switch self {
        case .fixed(let binding): return binding
        case .versionTag(let expression):
            let tag = try EventTrigger.text(expression, in: variables, element: element)
            guard !tag.isEmpty else { throw IncidentCause(.expressionFailed, "the version tag in \(element) is empty") }
            return .versionTag(tag)
        case .version(let expression):
            let text = try EventTrigger.text(expression, in: variables, element: element)
            guard let version = Int(text), version > 0 else {
                throw IncidentCause(
                    .expressionFailed, "the version in \(element) must be a whole number above 0, not \"\(text)\"")
            }
            return .version(version)
        }
    }
}
