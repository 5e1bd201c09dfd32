/// Tells one store from another.
package protocol StoreIdentity: Sendable {
    /// A random id, made with the store and kept for its life; a copy of the store has it too. Throws `StoreError`.
    func identity() async throws -> String
}
