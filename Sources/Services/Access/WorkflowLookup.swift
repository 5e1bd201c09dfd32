package import ProcessEngine

/// Which workflow the things belong to that requests are about: the name of the contract, else of the BPMN process.
///
/// It is looked up, never taken from a request.
package struct WorkflowLookup: Sendable {
    private let engine: EngineService
    private let registry: DefinitionRegistry

    package init(engine: EngineService, registry: DefinitionRegistry) {
        self.engine = engine
        self.registry = registry
    }

    /// Nil if there is no such instance.
    package func definition(of instance: InstanceID) async throws -> DefinitionID? {
        try await engine.instance(instance)?.definition
    }

    /// Nil if there is no such instance, or nothing is known of its definition.
    package func workflow(of instance: InstanceID) async throws -> String? {
        guard let definition = try await definition(of: instance) else { return nil }
        return try await workflows([definition])[definition]
    }

    /// Of deployed definitions, and of withdrawn ones, whose instances go on. Another process may have deployed some a moment ago.
    package func workflows(_ wanted: Set<DefinitionID>) async throws -> [DefinitionID: String] {
        var found = await known(wanted)
        if found.count < wanted.count, try await registry.refresh() { found = await known(wanted) }
        guard found.count < wanted.count else { return found }
        for definition in try await registry.store.withdrawnDefinitions() where wanted.contains(definition.id) {
            found[definition.id] = definition.workflowName
        }
        return found
    }

    /// All definitions that instances may have, of the workflows that somebody may touch.
    package func definitions(for access: Access) async throws -> [DefinitionID] {
        let all = try await registry.deployed + registry.store.withdrawnDefinitions()
        return all.filter { access.admits($0.workflowName) }.map(\.id)
    }

    private func known(_ wanted: Set<DefinitionID>) async -> [DefinitionID: String] {
        var names: [DefinitionID: String] = [:]
        for definition in await registry.deployed where wanted.contains(definition.id) {
            names[definition.id] = definition.workflowName
        }
        return names
    }
}

extension DeployedDefinition {
    /// The name of its workflow contract, else of its BPMN process.
    package var workflowName: String { workflow ?? id.process }
}
