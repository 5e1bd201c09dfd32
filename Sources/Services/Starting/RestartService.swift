package import ProcessEngine
import Values

/// Starts an instance that takes up the work of one that is over: with its results, where it failed.
package struct RestartService: Sendable {
    package struct Request: Sendable {
        package var instance: InstanceID
        /// None: everywhere where it stood before the step in which it ended.
        package var elements: [ElementID]
        /// They win over those of the earlier instance.
        package var variables: [Variable]
        /// The same restart is made once.
        package var idempotencyKey: String?
        package init(
            instance: InstanceID, elements: [ElementID] = [], variables: [Variable] = [], idempotencyKey: String? = nil
        ) {
            self.instance = instance
            self.elements = elements
            self.variables = variables
            self.idempotencyKey = idempotencyKey
        }
    }

    package struct Restarted: Sendable {
        package var receipt: EngineService.StartReceipt
        package var definition: DefinitionID
        package var elements: [ElementID]
    }

    private let engine: EngineService
    private let registry: DefinitionRegistry
    private let journal: any ProcessStore

    package init(engine: EngineService, registry: DefinitionRegistry, journal: any ProcessStore) {
        self.engine = engine
        self.registry = registry
        self.journal = journal
    }

    /// Throws `Rejection` (gone: no such instance; conflict: it runs; invalid: it is not clear where to begin) or `StoreError`.
    package func restart(_ request: Request) async throws -> Restarted {
        let id = request.instance
        let rows = try await journal.journal(of: id, after: 0)
        guard rows.first?.seq == 1 else { throw Rejection(.gone, "there is no instance \(id)") }
        var events: [Event] = []
        var lastCommit = 0
        for row in rows {
            let decoded = try EventCoding.decode(row.events)
            lastCommit = decoded.count
            events += decoded
        }
        var ended = ProcessInstance()
        ended.apply(events)
        guard case .instanceStarted(let first)? = events.first, let last = ended.definition,
            let definition = try await registry.definition(last)
        else { throw StoreError(.corrupt, "the process definition of instance \(id) is not in the store") }
        guard first.parent == nil else {
            throw Rejection(
                .conflict, "the instance was called by \(first.parent?.instance.text ?? ""): restart that one")
        }
        let plan = try RestartPlan(after: events, lastCommit: lastCommit, of: definition, at: request.elements)
        var labels = ended.labels
        labels.restartedFrom = id
        let overridden = Set(request.variables.map(\.name))
        let receipt = try await engine.start(
            Command.Start(
                definition: last,
                variables: plan.variables.filter { !overridden.contains($0.name) } + request.variables,
                businessKey: ended.businessKey, labels: labels, placements: plan.placements,
                priority: ended.priority,
                uniqueKey: await registry.uniqueKey(
                    of: registry.deployed.first { $0.id == last }, businessKey: ended.businessKey)),
            key: request.idempotencyKey.map { "restart \(id) \($0)" })
        return Restarted(receipt: receipt, definition: last, elements: plan.elements)
    }
}
