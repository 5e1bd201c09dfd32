import Contracts
package import Logging
import ProcessEngine
import Staging
import Values

/// Makes the engine equal to the config store: at the start, when the store changes, and on a timer, which makes good a lost
/// notification.
package actor DeploymentService {
    private let config: any ConfigStore
    private let registry: DefinitionRegistry
    private let time: any TimeSource
    private let log: Logger
    private let interval: Duration
    private let changed = Signal()
    private var isReconciling = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private(set) package var trouble: String? = "not reconciled yet"

    package init(
        config: any ConfigStore, registry: DefinitionRegistry, time: any TimeSource, log: Logger,
        interval: Duration = .seconds(30)
    ) {
        self.config = config
        self.registry = registry
        self.time = time
        self.log = log
        self.interval = interval
    }

    /// Serves until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            await reconcileNow()
            _ = await changed.wait(until: time.now.advanced(by: interval), by: time)
        }
    }

    /// Somebody changed the store.
    package nonisolated func storeChanged() {
        changed.fire()
    }

    /// Compares store and engine and applies the difference; what goes wrong is told by `trouble` and tried again.
    ///
    /// One at a time: what an older look at the store found must not be deployed after what a newer one did.
    package func reconcileNow() async {
        while isReconciling { await withCheckedContinuation { waiting.append($0) } }
        isReconciling = true
        defer {
            isReconciling = false
            let next = waiting
            waiting = []
            for continuation in next { continuation.resume() }
        }
        do {
            try await reconcile()
            trouble = nil
        } catch {
            trouble = "the engine is not as the config store says: \(error)"
            log.error("reconciling failed: \(error)")
        }
    }

    private func reconcile() async throws {
        let head = try await config.head()
        let entries = head == nil ? [] : try await config.artifacts(at: nil)
        let contracts = try await readContracts(entries)
        let wantedProcesses = contracts.compactMap { contract -> Reconciliation.WantedProcess? in
            guard let process = contract.process,
                let model = entries.first(where: {
                    $0.kind == Artifact.bpmnKind && $0.name == process && $0.version == contract.version.description
                })
            else { return nil }
            return Reconciliation.WantedProcess(
                process: process, hash: model.hash, workflow: contract.name,
                workflowVersion: contract.version.description)
        }
        let store = registry.store
        let actions = Reconciliation.plan(
            wantedContracts: contracts.map { DeployedContract($0).state }, wantedProcesses: wantedProcesses,
            deployedContracts: try await store.contracts().map(\.state),
            deployedProcesses: try await store.definitions().map(Reconciliation.DeployedProcess.init))
        let decisions = Reconciliation.plan(
            wantedDecisions: Self.decisions(entries, contracts),
            deployedDecisions: try await store.decisions().compactMap(Reconciliation.DecisionState.init))
        try await apply(actions, decisions)
        try await registry.refresh()
    }

    /// Every decision of the store in every version, with the contract that has it.
    private static func decisions(
        _ entries: [ArtifactEntry], _ contracts: [Contract]
    ) -> [Reconciliation.DecisionState] {
        entries.filter { $0.kind == Artifact.dmnKind }.map { entry in
            let contract = contracts.first { contract in
                contract.decisionID == entry.name && contract.version.description == entry.version
            }
            return Reconciliation.DecisionState(
                decision: entry.name, hash: entry.hash, contract: contract?.name, version: entry.version)
        }
    }

    private func apply(
        _ actions: [Reconciliation.Action], _ decisions: [Reconciliation.DecisionState]
    ) async throws {
        var deployment = Deployment(processes: [], contracts: [])
        for decision in decisions {
            guard let source = try await config.content(decision.hash) else {
                throw StoreError(.corrupt, "the config store has no content for the decision \(decision.decision)")
            }
            deployment.decisions.append(
                Deployment.Decision(
                    decision: decision.decision, source: source, hash: decision.hash, contract: decision.contract,
                    configVersion: decision.version))
        }
        var open: [String] = []
        var close: [String] = []
        for action in actions {
            switch action {
            case .deployContract(let state):
                deployment.contracts.append(
                    DeployedContract(kind: state.kind, name: state.name, version: state.version, content: state.content)
                )
            case .removeContract(let state): deployment.removed.append((state.name, state.version))
            case .deployProcess(let process):
                guard let source = try await config.content(process.hash) else {
                    throw StoreError(.corrupt, "the config store has no content for the process \(process.process)")
                }
                deployment.processes.append(
                    Deployment.Process(
                        process: process.process, source: source, hash: process.hash, workflow: process.workflow,
                        workflowVersion: process.workflowVersion))
            case .reopen(let process): open.append(process)
            case .close(let process): close.append(process)
            }
        }
        // Contracts and processes go in together: no process is ever deployed without its contracts.
        let isSame =
            deployment.contracts.isEmpty && deployment.processes.isEmpty && deployment.decisions.isEmpty
            && deployment.removed.isEmpty
        if !isSame {
            let receipt = try await registry.store.deploy(deployment, at: time.now)
            for definition in receipt.definitions where definition.new { log.notice("deployed \(definition.id)") }
            for decision in receipt.decisions where decision.new { log.notice("deployed the decision \(decision.id)") }
        }
        if !open.isEmpty { try await registry.store.setOpen(true, processes: open) }
        if !close.isEmpty {
            try await registry.store.setOpen(false, processes: close)
            log.notice("closed for new starts: \(close.joined(separator: ", "))")
        }
    }

    private func readContracts(_ entries: [ArtifactEntry]) async throws -> [Contract] {
        var contracts: [Contract] = []
        for entry in entries where Artifact.isContract(entry.kind) {
            guard let content = try await config.content(entry.hash) else {
                throw StoreError(
                    .corrupt, "the config store has no content for \(entry.kind) \(entry.name)@\(entry.version)")
            }
            contracts.append(try Contract(canonical: JSON(validating: content)))
        }
        return contracts
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
            workflow: definition.workflow,
            workflowVersion: definition.workflowVersion, open: definition.open)
    }
}
