package import Values

/// An external task that is not over.
package struct OpenTask: Sendable, Hashable {
    package let number: Int
    package let activity: Int
    package internal(set) var element: ElementID
    package let contract: ContractKey
    package let priority: Int
    package let input: JSON
    package internal(set) var retriesLeft: Int
    /// Failed attempts since it was created or an operator gave it new ones.
    package internal(set) var failures = 0
    /// When the next attempt may start; nil: at once.
    package internal(set) var dueAt: Timestamp?
}
