package import ProcessEngine
package import Values

/// Hides values whose names are secret, wherever they stand. A value that was passed on under another name is not found.
package struct Mask: Sendable {
    private static let hidden = JSON.string("***")

    private let names: Set<String>

    package init(_ names: Set<String>) {
        self.names = names
    }

    package func callAsFunction(_ variables: [Variable]) -> [Variable] {
        variables.map { Variable(name: $0.name, value: masked($0.value, as: $0.name)) }
    }

    package func callAsFunction(_ value: JSON) -> JSON {
        guard !names.isEmpty else { return value }
        if let members = value.members() {
            return .object(members.map { ($0.name, masked($0.value, as: $0.name)) })
        }
        if let elements = value.elements() { return .array(elements.map { self($0) }) }
        return value
    }

    private func masked(_ value: JSON, as name: String) -> JSON {
        names.contains(name) && !value.isNull ? Self.hidden : self(value)
    }

    /// An event as the journal has it. Its own members are no values of users; those that hold variables have names and values in
    /// turn.
    func event(_ event: JSON) -> JSON {
        guard !names.isEmpty else { return event }
        return .object(
            (event.members() ?? []).map { name, value in
                guard name == "variables" || name == "metadata", let items = value.elements() else {
                    return (name, self(value))
                }
                let pairs = stride(from: 0, to: items.count - 1, by: 2).flatMap { place in
                    [items[place], masked(items[place + 1], as: items[place].stringValue ?? "")]
                }
                return (name, .array(pairs))
            })
    }
}
