package import Expressions
import OrderedCollections
package import Values

/// Where one input or output comes from, and the name it gets.
package struct VariableMapping: Sendable, Hashable {
    package indirect enum Source: Sendable, Hashable {
        case expression(Expression)
        case list([Source])
        case map([Entry])
    }

    package struct Entry: Sendable, Hashable {
        /// Gives a text; of two entries with one key the later counts.
        package let key: Expression
        package let value: Source
    }

    /// The variable, and the members inside it that a dotted target names (`order.total`); never empty.
    package let target: [String]
    package let source: Source
    package let position: SourcePosition

    /// The variables that the source reads.
    package var variablesRead: [String] { source.variablesRead }

    /// The targets with their values, in order; mappings with a common first name build one object, upon the variable
    /// of that name if there is one. Later mappings do not see the earlier ones' targets.
    static func evaluate(_ mappings: [VariableMapping], in scope: VisibleVariables) throws(IncidentCause) -> [Variable]
    {
        var values = OrderedDictionary<String, JSON>()
        for mapping in mappings {
            let value: JSON
            do {
                value = try mapping.source.evaluate(in: scope)
            } catch {
                throw IncidentCause(
                    .expressionFailed, "the mapping to \(mapping.target.joined(separator: ".")) failed: \(error)")
            }
            guard let name = mapping.target.first else { continue }
            let whole =
                mapping.target.count == 1
                ? value : replacing(mapping.target.dropFirst(), of: values[name] ?? scope.lookup(name), by: value)
            values[name] = try whole.bounded("the value of \(name)")
        }
        return values.map { Variable(name: $0.key, value: $0.value) }
    }

    /// `object` with the member at `path` set; what is not an object on the way becomes one.
    private static func replacing(_ path: ArraySlice<String>, of object: JSON?, by value: JSON) -> JSON {
        guard let name = path.first else { return value }
        var members = object?.members() ?? []
        let index = members.firstIndex { $0.name == name }
        let inner = replacing(path.dropFirst(), of: index.map { members[$0].value }, by: value)
        if let index {
            members[index].value = inner
        } else {
            members.append((name, inner))
        }
        return .object(members)
    }
}

extension VariableMapping.Source {
    var variablesRead: [String] {
        switch self {
        case .expression(let expression): expression.variablesRead
        case .list(let items): items.flatMap(\.variablesRead)
        case .map(let entries): entries.flatMap { $0.key.variablesRead + $0.value.variablesRead }
        }
    }

    fileprivate func evaluate(in scope: VisibleVariables) throws(ExpressionError) -> JSON {
        switch self {
        case .expression(let expression): return try expression.evaluate(in: scope)
        case .list(let items):
            var values: [JSON] = []
            for item in items { values.append(try item.evaluate(in: scope)) }
            return .array(values)
        case .map(let entries):
            var members = OrderedDictionary<String, JSON>()
            for entry in entries {
                let key = try entry.key.evaluate(in: scope)
                members[key.stringValue ?? key.text] = try entry.value.evaluate(in: scope)
            }
            return .object(members.map { ($0.key, $0.value) })
        }
    }
}
