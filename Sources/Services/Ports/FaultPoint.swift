/// Where a test makes a process end: around every commit and every publish of work that must survive that. It does nothing else.
package struct FaultPoint: Sendable {
    /// What is under way: its points are counted apart.
    package enum Work: String, Sendable, CaseIterable {
        /// A push, an apply or a rollback: what changes the config store, and tells of it.
        case change
        /// Making the engine equal to the config store.
        case reconcile
    }

    private let reached: @Sendable (Work, _ point: String) throws -> Void

    package static let none = FaultPoint { _, _ in }

    /// - Parameter reached: called just before and just after each commit and publish, in their order. It returns, ends the process, or
    ///   throws as if it had ended.
    package init(_ reached: @escaping @Sendable (Work, _ point: String) throws -> Void) {
        self.reached = reached
    }

    /// Carries out one commit or publish.
    package func around<Answer>(
        _ work: Work, _ step: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Answer
    ) async throws -> Answer {
        try reached(work, "before \(step)")
        let answer = try await body()
        try reached(work, "after \(step)")
        return answer
    }
}
