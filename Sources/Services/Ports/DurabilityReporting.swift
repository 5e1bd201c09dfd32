/// Says how durable a commit of a store is, as the store's library has it and not as it was asked for.
package protocol DurabilityReporting: Sendable {
    /// Throws `StoreError`.
    func reportedDurability() async throws -> StoreDurability
}

/// How durable a commit is.
package struct StoreDurability: Sendable, Hashable {
    package struct Setting: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The kind of store, then the settings that make it durable or not, in the words of the store.
    package var settings: [Setting]
    /// Whether what was committed survives a crash of the machine.
    package var isDurable: Bool

    package init(settings: [Setting], isDurable: Bool) {
        self.settings = settings
        self.isDurable = isDurable
    }
}
