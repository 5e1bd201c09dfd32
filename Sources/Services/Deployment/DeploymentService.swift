import Contracts
package import Logging
import ProcessEngine
package import Staging
package import Values

/// Makes an engine equal to the config store: at the start, when the store changes, and on a timer, which makes good a lost
/// notification.
///
/// Several may do so at once: each decides on the epoch that it saw, and whoever comes second looks again.
package actor DeploymentService {
    /// What came of the last look.
    package struct Status: Sendable, Hashable {
        /// The revision that the engine was made equal to; nil: the store was empty.
        package var revision: Int?
        package var drift: [Reconciliation.Drift]
        /// How many changes the engine still lacks.
        package var differences: Int
        package var at: Timestamp
    }

    private let config: any ConfigStore
    private let target: any DeploymentTarget
    private let time: any TimeSource
    private let log: Logger
    private let interval: Duration
    package nonisolated let policy: Reconciliation.DriftPolicy
    private let faults: FaultPoint
    private let changed = Signal()
    private var isReconciling = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private(set) package var trouble: String? = "not reconciled yet"
    private(set) package var status: Status?

    /// How often one reconciliation may find that somebody else changed the engine meanwhile.
    private static let attempts = 10

    package init(
        config: any ConfigStore, target: any DeploymentTarget, time: any TimeSource, log: Logger,
        interval: Duration = .seconds(30), policy: Reconciliation.DriftPolicy = .report, faults: FaultPoint = .none
    ) {
        self.config = config
        self.target = target
        self.time = time
        self.log = log
        self.interval = interval
        self.policy = policy
        self.faults = faults
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
            let status = try await reconcile()
            report(status.drift)
            self.status = status
            trouble = nil
        } catch {
            trouble = "the engine is not as the config store says: \(error)"
            log.error("reconciling failed: \(error)")
        }
    }

    /// How store and engine differ now. Changes nothing.
    package func look() async throws -> Status {
        let deployed = try await target.deployed()
        let wanted = try await WantedState(of: config)
        let plan = wanted.plan(for: deployed, policy)
        return Status(
            revision: wanted.revision, drift: plan.drift,
            differences: plan.actions.count + wanted.newDecisions(for: deployed).count, at: time.now)
    }

    private func reconcile() async throws -> Status {
        var attempts = 0
        var before: Reconciliation.Plan?
        while attempts < Self.attempts {
            // The engine first: whatever the store gets after that is found by whoever finds the engine changed.
            let deployed = try await target.deployed()
            let wanted = try await WantedState(of: config)
            let plan = wanted.plan(for: deployed, policy)
            let deployment = try await deployment(of: plan.actions, wanted.newDecisions(for: deployed), deployed.epoch)
            let status = Status(revision: wanted.revision, drift: plan.drift, differences: 0, at: time.now)
            guard !deployment.isEmpty else { return status }
            // An engine that takes something and does not show it would be asked for ever.
            if plan.isStep, plan == before { throw StoreError(.corrupt, "the engine does not show what it was given") }
            let receipt = try await faults.around(.reconcile, "deployment") { try await target.deploy(deployment) }
            guard !receipt.isOutdated else {
                attempts += 1
                continue
            }
            for definition in receipt.definitions where definition.new { log.notice("deployed \(definition.id)") }
            for decision in receipt.decisions where decision.new { log.notice("deployed the decision \(decision.id)") }
            if !deployment.closed.isEmpty {
                log.notice("closed for new starts: \(deployment.closed.joined(separator: ", "))")
            }
            guard plan.isStep else { return status }
            before = plan
        }
        throw StoreError(.unavailable, "others deploy all the time")
    }

    private func report(_ drift: [Reconciliation.Drift]) {
        let known = Set(status?.drift ?? [])
        for drift in drift where !known.contains(drift) {
            log.warning("\(drift.sentence)\(policy == .correct ? "; corrected" : "")")
        }
    }

    /// Contracts and processes go in together: no process is ever deployed without its contracts.
    private func deployment(
        of actions: [Reconciliation.Action], _ decisions: [Reconciliation.DecisionState], _ epoch: Int64?
    ) async throws -> Deployment {
        var deployment = Deployment(processes: [], contracts: [], basis: epoch)
        for decision in decisions {
            deployment.decisions.append(
                Deployment.Decision(
                    decision: decision.decision,
                    source: try await content(decision.hash, of: "the decision \(decision.decision)"),
                    hash: decision.hash, contract: decision.contract, configVersion: decision.version))
        }
        for action in actions {
            switch action {
            case .deployContract(let state):
                deployment.contracts.append(
                    DeployedContract(kind: state.kind, name: state.name, version: state.version, content: state.content)
                )
            case .removeContract(let state): deployment.removed.append((state.name, state.version))
            case .deployProcess(let process):
                deployment.processes.append(
                    Deployment.Process(
                        process: process.process,
                        source: try await content(process.hash, of: "the process \(process.process)"),
                        hash: process.hash, workflow: process.workflow, workflowVersion: process.workflowVersion))
            case .reopen(let process): deployment.opened.append(process)
            case .close(let process): deployment.closed.append(process)
            }
        }
        return deployment
    }

    private func content(_ hash: String, of what: String) async throws -> [UInt8] {
        guard let content = try await config.content(hash) else {
            throw StoreError(.corrupt, "the config store has no content for \(what)")
        }
        return content
    }
}

extension Deployment {
    fileprivate var isEmpty: Bool {
        processes.isEmpty && contracts.isEmpty && decisions.isEmpty && removed.isEmpty && closed.isEmpty
            && opened.isEmpty
    }
}

extension Reconciliation.Drift {
    /// For people.
    package var sentence: String {
        switch kind {
        case .replaced:
            "\(process):\(version) was deployed past the config store, on top of what that says of this process"
        case .foreign: "\(process):\(version) was deployed past the config store, which does not know this process"
        }
    }
}
