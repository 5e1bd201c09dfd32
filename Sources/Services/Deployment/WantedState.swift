import Contracts
import ProcessEngine
import Staging
import Values

/// What the newest revision of a config store wants an engine to have.
struct WantedState {
    /// Nil in a new store.
    let revision: Int?
    private let contracts: [Contract]
    private let processes: [Reconciliation.WantedProcess]
    private let decisions: [Reconciliation.DecisionState]

    init(of config: any ConfigStore) async throws {
        let head = try await config.head()
        let entries = head == nil ? [] : try await config.artifacts(at: head?.number)
        var contracts: [Contract] = []
        for entry in entries where Artifact.isContract(entry.kind) {
            guard let content = try await config.content(entry.hash) else {
                throw StoreError(
                    .corrupt, "the config store has no content for \(entry.kind) \(entry.name)@\(entry.version)")
            }
            contracts.append(try Contract(canonical: JSON(validating: content)))
        }
        revision = head?.number
        self.contracts = contracts
        processes = contracts.compactMap { contract in
            guard let process = contract.process,
                let model = entries.first(where: {
                    $0.kind == Artifact.bpmnKind && $0.name == process && $0.version == contract.version.description
                })
            else { return nil }
            return Reconciliation.WantedProcess(
                process: process, hash: model.hash, workflow: contract.name,
                workflowVersion: contract.version.description)
        }
        // Every decision in every version, with the contract that has it.
        decisions = entries.filter { $0.kind == Artifact.dmnKind }.map { entry in
            let contract = contracts.first { contract in
                contract.decisionID == entry.name && contract.version.description == entry.version
            }
            return Reconciliation.DecisionState(
                decision: entry.name, hash: entry.hash, contract: contract?.name, version: entry.version)
        }
    }

    func plan(for deployed: DeployedState, _ policy: Reconciliation.DriftPolicy) -> Reconciliation.Plan {
        Reconciliation.plan(
            wantedContracts: deployed.contracts == nil ? [] : contracts.map { DeployedContract($0).state },
            wantedProcesses: processes, deployedContracts: (deployed.contracts ?? []).map(\.state),
            deployedProcesses: deployed.definitions.map(Reconciliation.DeployedProcess.init), policy: policy)
    }

    func newDecisions(for deployed: DeployedState) -> [Reconciliation.DecisionState] {
        Reconciliation.plan(
            wantedDecisions: decisions,
            deployedDecisions: deployed.decisions.compactMap(Reconciliation.DecisionState.init))
    }
}

extension DeployedContract {
    fileprivate init(_ contract: Contract) {
        self.init(
            kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
            content: contract.canonical)
    }

    fileprivate var state: Reconciliation.ContractState {
        Reconciliation.ContractState(kind: kind, name: name, version: version, content: content)
    }
}

extension Reconciliation.DecisionState {
    /// Nil for one that came past the config store.
    fileprivate init?(_ decision: DeployedDecision) {
        guard let version = decision.configVersion else { return nil }
        self.init(
            decision: decision.id.decision, hash: decision.hash, contract: decision.contract, version: version)
    }
}

extension Reconciliation.DeployedProcess {
    fileprivate init(_ definition: DeployedDefinition) {
        self.init(
            process: definition.id.process, version: definition.id.version, hash: definition.hash,
            workflow: definition.workflow, workflowVersion: definition.workflowVersion, open: definition.open)
    }
}
