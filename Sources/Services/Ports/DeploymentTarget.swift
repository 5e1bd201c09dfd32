/// An engine as the deployment service sees it: what it has, and how that is changed. All methods throw.
package protocol DeploymentTarget: Sendable {
    func deployed() async throws -> DeployedState

    /// Makes a difference good: in one transaction where the engine has such, else in steps that may be repeated. Contracts are for
    /// engines that keep them. Where the deployment's basis is not what the engine has any more, nothing is changed and the receipt is
    /// outdated.
    func deploy(_ deployment: Deployment) async throws -> DeploymentReceipt
}

/// What an engine has.
package struct DeployedState: Sendable {
    /// Grows with every change; nil in an engine that does not tell.
    package var epoch: Int64?
    /// Nil: the engine keeps none.
    package var contracts: [DeployedContract]?
    /// Every version of every process; of an engine that tells only of the newest, those.
    package var definitions: [DeployedDefinition]
    package var decisions: [DeployedDecision]

    package init(
        epoch: Int64?, contracts: [DeployedContract]?, definitions: [DeployedDefinition], decisions: [DeployedDecision]
    ) {
        self.epoch = epoch
        self.contracts = contracts
        self.definitions = definitions
        self.decisions = decisions
    }
}

/// The engine of this installation, by its store.
package struct StoreDeploymentTarget: DeploymentTarget {
    private let registry: DefinitionRegistry
    private let time: any TimeSource

    package init(registry: DefinitionRegistry, time: any TimeSource) {
        self.registry = registry
        self.time = time
    }

    package func deployed() async throws -> DeployedState {
        let store = registry.store
        // First: what changes while the rest is read makes this outdated.
        let epoch = try await store.deploymentEpoch()
        return try await DeployedState(
            epoch: epoch, contracts: store.contracts(), definitions: store.definitions(), decisions: store.decisions())
    }

    package func deploy(_ deployment: Deployment) async throws -> DeploymentReceipt {
        let receipt = try await registry.store.deploy(deployment, at: time.now)
        try await registry.refresh()
        return receipt
    }
}
