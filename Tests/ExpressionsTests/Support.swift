import Expressions
import Values

/// A scope over the members of a JSON object; the clock stands at 2026-01-31T12:00:00Z.
struct TestScope: VariableScope {
    var members: [(name: String, value: JSON)]

    init(_ object: Value = [:]) {
        members = object.json.members() ?? []
    }

    init(members: [(name: String, value: JSON)]) {
        self.members = members
    }

    func lookup(_ name: String) -> JSON? { members.first { $0.name == name }?.value }
    var now: Timestamp { Timestamp(iso8601: "2026-01-31T12:00:00Z") ?? Timestamp(millisecondsSinceEpoch: 0) }
    var names: [String] { members.map(\.name) }
}

/// The value of a FEEL expression that knows the names in scope.
func feel(_ source: String, _ variables: Value = [:]) throws -> Value {
    let scope = TestScope(variables)
    return try Expression.parse(source, as: .feel, knownNames: scope.names).evaluate(in: scope).decoded()
}

/// The value of JUEL text.
func juel(_ source: String, _ variables: Value = [:]) throws -> Value {
    try Expression.parse(source, as: .juel).evaluate(in: TestScope(variables)).decoded()
}
