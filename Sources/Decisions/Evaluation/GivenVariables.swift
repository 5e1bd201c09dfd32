package import Expressions
package import Values

/// The members of an object as variables: what a model may read that it does not declare, when nobody but the caller has any.
package struct GivenVariables: VariableScope {
    package let now: Timestamp
    package let zones: any ZoneRules
    private let members: [(name: String, value: JSON)]

    package init(_ object: JSON, now: Timestamp, zones: any ZoneRules) {
        members = object.members() ?? []
        self.now = now
        self.zones = zones
    }

    package var names: [String] { members.map(\.name) }

    package func lookup(_ name: String) -> JSON? { members.first { $0.name == name }?.value }
}
