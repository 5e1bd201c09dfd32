package import ProcessEngine
package import Values

/// Where inputs that are too large for the bus are fetched from. Every process store that serves agents is one.
package protocol TaskInputStore: Sendable {
    /// The input of a task, for the attempt that holds it; nil if there is no such task, or the token is not its attempt's.
    /// Reads nothing else of the instance. Throws `StoreError`.
    func input(of task: TaskID, heldBy token: String) async throws -> JSON?
}
