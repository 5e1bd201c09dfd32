package import ProcessEngine

/// The task contracts as a broker needs them: their policies now, and each change of them.
package protocol ContractSource: Sendable {
    var policies: [ContractKey: TaskPolicy] { get async }
    /// The policies now, and at each change.
    func policyChanges() async -> AsyncStream<[ContractKey: TaskPolicy]>
}

extension DefinitionRegistry: ContractSource {}
