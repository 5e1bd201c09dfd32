package import ProcessEngine
package import Services
import Synchronization
package import Values

/// The reference for every deployment store.
package final class InMemoryDeploymentStore: DeploymentStore {
    private struct State {
        /// Versions of a process, from 1, with their sources.
        var definitions: [String: [(definition: DeployedDefinition, source: [UInt8])]] = [:]
        var decisions: [String: [(decision: DeployedDecision, source: [UInt8])]] = [:]
        var closed: Set<String> = []
        var withdrawn: Set<DefinitionID> = []
        var withdrawnDecisions: Set<DecisionID> = []
        var contracts: [[String]: DeployedContract] = [:]
        var epoch: Int64 = 0
    }
    private let state = Mutex(State())

    package init() {}

    package func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt {
        state.withLock { state in
            if let basis = deployment.basis, basis != state.epoch { return .outdated }
            var changed = false
            for contract in deployment.contracts {
                let old = state.contracts.updateValue(contract, forKey: [contract.name, contract.version])
                if old != contract { changed = true }
            }
            for (name, version) in deployment.removed
            where state.contracts.removeValue(forKey: [name, version]) != nil { changed = true }
            var definitions: [(id: DefinitionID, new: Bool)] = []
            for process in deployment.processes { definitions.append(Self.deploy(process, at: now, in: &state)) }
            var decisions: [(id: DecisionID, new: Bool)] = []
            for decision in deployment.decisions { decisions.append(Self.deploy(decision, at: now, in: &state)) }
            let closed = state.closed
            state.closed.formUnion(deployment.closed.filter { state.definitions[$0] != nil })
            state.closed.subtract(deployment.opened)
            if state.closed != closed { changed = true }
            for id in deployment.withdrawn
            where state.definitions[id.process]?.contains(where: { $0.definition.id == id }) == true {
                if state.withdrawn.insert(id).inserted { changed = true }
            }
            for id in deployment.withdrawnDecisions
            where state.decisions[id.decision]?.contains(where: { $0.decision.id == id }) == true {
                if state.withdrawnDecisions.insert(id).inserted { changed = true }
            }
            if changed || definitions.contains(where: \.new) || decisions.contains(where: \.new) { state.epoch += 1 }
            return DeploymentReceipt(definitions: definitions, decisions: decisions)
        }
    }

    private static func deploy(
        _ decision: Deployment.Decision, at now: Timestamp, in state: inout State
    ) -> (id: DecisionID, new: Bool) {
        let versions = state.decisions[decision.decision, default: []]
        let last = versions.last { !state.withdrawnDecisions.contains($0.decision.id) }?.decision
        if let newest = last, newest.hash == decision.hash, newest.contract == decision.contract,
            newest.configVersion == decision.configVersion
        {
            return (newest.id, false)
        }
        let id = DecisionID(decision: decision.decision, version: versions.count + 1)
        let deployed = DeployedDecision(
            id: id, hash: decision.hash, contract: decision.contract, configVersion: decision.configVersion,
            deployedAt: now)
        state.decisions[decision.decision, default: []].append((deployed, decision.source))
        return (id, true)
    }

    package func decisions() async throws -> [DeployedDecision] {
        state.withLock { state in
            state.decisions.values.flatMap { $0 }.map(\.decision)
                .filter { !state.withdrawnDecisions.contains($0.id) }.sorted { $0.id < $1.id }
        }
    }

    package func source(of decision: DecisionID) async throws -> [UInt8]? {
        state.withLock { state in
            state.decisions[decision.decision]?.first { $0.decision.id == decision }?.source
        }
    }

    private static func deploy(
        _ process: Deployment.Process, at now: Timestamp, in state: inout State
    ) -> (id: DefinitionID, new: Bool) {
        let versions = state.definitions[process.process, default: []]
        let newest = versions.last { !state.withdrawn.contains($0.definition.id) }?.definition
        if let newest, newest.hash == process.hash, newest.workflow == process.workflow,
            newest.workflowVersion == process.workflowVersion, !state.closed.contains(process.process)
        {
            return (newest.id, false)
        }
        let id = DefinitionID(process: process.process, version: versions.count + 1)
        let definition = DeployedDefinition(
            id: id, hash: process.hash, workflow: process.workflow, workflowVersion: process.workflowVersion,
            deployedAt: now,
            open: true)
        state.definitions[process.process, default: []].append((definition, process.source))
        state.closed.remove(process.process)
        return (id, true)
    }

    package func definitions() async throws -> [DeployedDefinition] { definitions(withdrawn: false) }

    package func withdrawnDefinitions() async throws -> [DeployedDefinition] { definitions(withdrawn: true) }

    private func definitions(withdrawn: Bool) -> [DeployedDefinition] {
        state.withLock { state in
            let all = state.definitions.values.flatMap { $0 }.filter { version in
                state.withdrawn.contains(version.definition.id) == withdrawn
            }.map { version in
                var definition = version.definition
                definition.open = !withdrawn && !state.closed.contains(definition.id.process)
                return definition
            }
            return all.sorted { $0.id < $1.id }
        }
    }

    package func source(of definition: DefinitionID) async throws -> [UInt8]? {
        state.withLock { state in
            state.definitions[definition.process]?.first { $0.definition.id == definition }?.source
        }
    }

    package func contracts() async throws -> [DeployedContract] {
        state.withLock { state in
            state.contracts.values.sorted { left, right in
                left.name == right.name
                    ? InMemoryConfigStore.isVersion(left.version, before: right.version) : left.name < right.name
            }
        }
    }

    package func deploymentEpoch() async throws -> Int64 {
        state.withLock { $0.epoch }
    }
}
