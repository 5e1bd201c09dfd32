package import Contracts
package import ProcessEngine

/// The task contracts as a broker needs them: their policies now, and each change of them; and what their tasks may carry.
package protocol ContractSource: Sendable {
    /// What inputs are checked against, now.
    var catalog: ContractCatalog { get async }
    var policies: [ContractKey: TaskPolicy] { get async }
    /// The policies now, and at each change.
    func policyChanges() async -> AsyncStream<[ContractKey: TaskPolicy]>
}

extension DefinitionRegistry: ContractSource {}
