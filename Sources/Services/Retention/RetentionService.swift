import Contracts
package import Logging
import ProcessEngine
import Values

/// Removes instances that have been over for as long as their process, their workflow contract or the server says.
///
/// It works in small transactions with pauses between them, so that the load goes on; while there is much to remove the pauses are
/// short. What a process says is asked at every look: a change counts for instances that are over already.
package struct RetentionService: Sendable {
    package struct Configuration: Sendable {
        /// For instances whose process and contract say nothing; nil: they are kept for ever.
        package var timeToLive: Duration?
        /// Instances, and rows of journal and tasks, in one transaction.
        package var instanceLimit = 200
        package var rowLimit = 1000
        /// Between two transactions while there is something to remove, and between two looks when there is not.
        package var pause: Duration = .milliseconds(20)
        package var interval: Duration = .seconds(30)
        package init(timeToLive: Duration? = nil) { self.timeToLive = timeToLive }
    }

    private let store: any RetentionStore
    private let registry: DefinitionRegistry
    private let time: any TimeSource
    private let configuration: Configuration
    private let log: Logger

    package init(
        store: any RetentionStore, registry: DefinitionRegistry, time: any TimeSource, configuration: Configuration,
        log: Logger
    ) {
        self.store = store
        self.registry = registry
        self.time = time
        self.configuration = configuration
        self.log = log
    }

    /// Serves until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            var removed = Removal()
            do {
                while !Task.isCancelled, let more = try await sweep() {
                    removed.instances += more.instances
                    removed.rows += more.rows
                    try? await time.sleep(for: configuration.pause)
                }
            } catch {
                log.error("what has been over for long cannot be removed: \(error)")
            }
            if removed.instances > 0 { log.info("\(removed.instances) instances were over for long, and are removed") }
            try? await time.sleep(for: configuration.interval)
        }
    }

    /// Looks at every definition once, and removes a batch of each; nil if there was nothing to remove.
    package func sweep() async throws -> Removal? {
        var removed = Removal()
        // Of versions that were taken back too: what they left is removed in its time.
        for definition in try await (registry.deployed + registry.store.withdrawnDefinitions()) {
            guard !Task.isCancelled, let kept = await timeToLive(of: definition) else { continue }
            let due = time.now.advanced(by: .zero - kept)
            let instances = try await store.ended(definition.id, by: due, limit: configuration.instanceLimit)
            guard !instances.isEmpty else { continue }
            let batch = try await store.remove(instances, rows: configuration.rowLimit)
            removed.instances += batch.instances
            removed.rows += batch.rows
        }
        return removed == Removal() ? nil : removed
    }

    /// The model's word counts before the contract's, the contract's before the server's.
    private func timeToLive(of deployed: DeployedDefinition) async -> Duration? {
        // One that cannot be read says nothing: its instances are kept.
        guard let definition = try? await registry.definition(deployed.id) else { return nil }
        if let own = definition.timeToLive { return own }
        if let name = deployed.workflow, let version = deployed.workflowVersion.flatMap({ ContractVersion($0) }),
            let retention = await registry.catalog.contract(named: name, .exactly(version))?.retention
        {
            return retention
        }
        return configuration.timeToLive
    }
}
