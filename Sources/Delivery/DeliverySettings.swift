package import Values

/// The settings of an installation, by name, as tasks get them.
package struct DeliverySettings: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package var values: [String: JSON]
    /// Secrets that are there and cannot be opened, each with the name of the key that it was encrypted with.
    package var unreadable: [String: String]

    package init(_ values: [String: JSON] = [:], unreadable: [String: String] = [:]) {
        self.values = values
        self.unreadable = unreadable
    }

    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(Dictionary(elements) { _, last in last })
    }

    package subscript(name name: String) -> JSON? { values[name] }

    /// What is wrong with the first that a task needs and cannot get; nil if it gets them all.
    func problem(with names: [String], of contract: String) -> String? {
        guard let name = names.first(where: { values[$0] == nil }) else { return nil }
        let need = "the setting \(name), which the contract \(contract) needs, "
        guard let key = unreadable[name] else { return need + "is not set" }
        return need + "cannot be opened: the broker does not have the key \(key), with which it was encrypted"
    }
}
