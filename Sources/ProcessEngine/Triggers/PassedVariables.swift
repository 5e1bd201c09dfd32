package import Expressions
import OrderedCollections
import Values

/// Which variables go along to another instance, or come back: `camunda:in` and `camunda:out`.
package struct PassedVariables: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let source: Expression
        package let target: String
        /// The variable that `source` is; nil for other expressions. One that does not exist is passed as null.
        package let variable: String?
    }

    /// All that are visible.
    package let passesAll: Bool
    package let entries: [Entry]
    package let businessKey: Expression?

    static let none = PassedVariables(passesAll: false, entries: [], businessKey: nil)
    static let all = PassedVariables(passesAll: true, entries: [], businessKey: nil)

    func evaluate(in scope: VisibleVariables) throws(IncidentCause) -> [Variable] {
        var values: OrderedDictionary<String, JSON> = [:]
        if passesAll {
            for name in scope.names { values[name] = scope.lookup(name) }
        }
        for entry in entries {
            if let name = entry.variable {
                values[entry.target] = scope.lookup(name) ?? .null
                continue
            }
            let value: JSON
            do {
                value = try entry.source.evaluate(in: scope)
            } catch {
                throw IncidentCause(.expressionFailed, "the variable \(entry.target) failed: \(error)")
            }
            values[entry.target] = try value.bounded("the variable \(entry.target)")
        }
        return values.map { Variable(name: $0.key, value: $0.value) }
    }
}
