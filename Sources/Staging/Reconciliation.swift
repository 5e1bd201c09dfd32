import Contracts
package import Values

/// What makes an engine equal to a config store.
package enum Reconciliation {
    /// A contract, wanted or deployed.
    package struct ContractState: Sendable, Hashable {
        package var kind: String
        package var name: String
        package var version: String
        /// Canonical JSON.
        package var content: JSON

        package init(kind: String, name: String, version: String, content: JSON) {
            self.kind = kind
            self.name = name
            self.version = version
            self.content = content
        }
    }

    /// A process the store has, with the workflow contract it belongs to.
    package struct WantedProcess: Sendable, Hashable {
        package var process: String
        package var hash: String
        package var workflow: String
        package var workflowVersion: String

        package init(process: String, hash: String, workflow: String, workflowVersion: String) {
            self.process = process
            self.hash = hash
            self.workflow = workflow
            self.workflowVersion = workflowVersion
        }
    }

    /// A version of a process in the engine.
    package struct DeployedProcess: Sendable, Hashable {
        package var process: String
        package var version: Int
        package var hash: String
        package var workflow: String?
        package var workflowVersion: String?
        package var open: Bool

        package init(
            process: String, version: Int, hash: String, workflow: String?, workflowVersion: String?, open: Bool
        ) {
            self.process = process
            self.version = version
            self.hash = hash
            self.workflow = workflow
            self.workflowVersion = workflowVersion
            self.open = open
        }
    }

    /// A version of a decision that the store has, or the engine.
    package struct DecisionState: Sendable, Hashable {
        package var decision: String
        package var hash: String
        /// Its decision contract; nil for one without.
        package var contract: String?
        /// In the store.
        package var version: String

        package init(decision: String, hash: String, contract: String?, version: String) {
            self.decision = decision
            self.hash = hash
            self.contract = contract
            self.version = version
        }
    }

    /// The decisions to deploy, oldest version first: every version of the store that the engine does not have, since callers of
    /// different majors may ask for them.
    package static func plan(
        wantedDecisions: [DecisionState], deployedDecisions: [DecisionState]
    ) -> [DecisionState] {
        let deployed = Set(deployedDecisions)
        return wantedDecisions.filter { !deployed.contains($0) }.sorted {
            ($0.decision, ContractVersion($0.version) ?? .zero) < ($1.decision, ContractVersion($1.version) ?? .zero)
        }
    }

    package enum Action: Sendable, Hashable {
        case deployContract(ContractState)
        /// The engine would go on with this version, although the store has an older one of its major.
        case removeContract(ContractState)
        case deployProcess(WantedProcess)
        case reopen(process: String)
        case close(process: String)
    }

    /// What somebody deployed past the store.
    package struct Drift: Sendable, Hashable {
        package enum Kind: String, Sendable {
            /// On top of what the store says.
            case replaced
            /// The store knows nothing of this process.
            case foreign
        }
        package var kind: Kind
        package var process: String
        package var version: Int

        package init(kind: Kind, process: String, version: Int) {
            self.kind = kind
            self.process = process
            self.version = version
        }
    }

    package enum DriftPolicy: String, Sendable, CaseIterable {
        /// It is told, and stays.
        case report
        /// What the store says is deployed again on top of it; what the store does not know is closed for new starts.
        case correct
    }

    package struct Plan: Sendable, Hashable {
        /// In the order to take them: contracts, processes, reopenings, closings, each by name. Empty if the engine is equal to the
        /// store.
        package var actions: [Action]
        /// By process. With the policy to correct it, the actions do.
        package var drift: [Drift]
        /// There are newer versions of some process to deploy after these.
        package var isStep = false
    }

    /// Of a process wanted in several versions the newest workflow version counts; of one deployed in several, the newest. Where it
    /// has newer ones than any that is deployed they are deployed one after the other, oldest first: whoever starts an older minor
    /// finds it wherever it was staged to, and however much came together. An older one that is missing below what is deployed stays
    /// so: deployed now it would be the newest.
    /// Contracts that the store no longer has stay deployed, since running instances need them: unless the store has another version
    /// of their major, which then is the one that counts, as after a rollback.
    ///
    /// Processes deployed without a workflow contract came by another way. One that the store wants as well becomes the store's; one on
    /// top of what the store wants is drift, as is one that the store does not know.
    package static func plan(
        wantedContracts: [ContractState], wantedProcesses: [WantedProcess], deployedContracts: [ContractState],
        deployedProcesses: [DeployedProcess], policy: DriftPolicy
    ) -> Plan {
        let deployedSet = Set(deployedContracts)
        let contracts = wantedContracts.filter { !deployedSet.contains($0) }.sorted {
            ($0.name, ContractVersion($0.version) ?? .zero) < ($1.name, ContractVersion($1.version) ?? .zero)
        }

        let wantedVersions = Set(wantedContracts.map { [$0.name, $0.version] })
        let majors = Set(wantedContracts.map(\.major))
        let superseded = deployedContracts.filter {
            !wantedVersions.contains([$0.name, $0.version]) && majors.contains($0.major)
        }.sorted { ($0.name, $0.version) < ($1.name, $1.version) }

        var wanted: [String: WantedProcess] = [:]
        var versions: [String: [WantedProcess]] = [:]
        for process in wantedProcesses.sorted(by: { $0.order < $1.order }) {
            wanted[process.process] = process
            versions[process.process, default: []].append(process)
        }
        var deployed: [String: DeployedProcess] = [:]
        for process in deployedProcesses where process.version > deployed[process.process]?.version ?? .min {
            deployed[process.process] = process
        }

        let below = Set(deployedProcesses.compactMap(\.state))
        var highest: [String: WantedProcess] = [:]
        for state in below.sorted(by: { $0.order < $1.order }) { highest[state.process] = state }
        var drift: [Drift] = []
        var deployments: [Action] = []
        var reopenings: [Action] = []
        var closings: [Action] = []
        var isStep = false
        for process in wanted.values.sorted(by: { $0.process < $1.process }) {
            let current = deployed[process.process]
            if let current, current.workflow == nil, below.contains(process) {
                drift.append(Drift(kind: .replaced, process: process.process, version: current.version))
                if policy == .report { continue }
            }
            if current?.state != process {
                let next = versions[process.process]?.first { version in
                    highest[process.process].map { $0.order < version.order } ?? true
                }
                deployments.append(.deployProcess(next ?? process))
                isStep = isStep || next.map { $0 != process } ?? false
            }
            if let current, !current.open { reopenings.append(.reopen(process: process.process)) }
        }
        for process in deployed.values.sorted(by: { $0.process < $1.process })
        where wanted[process.process] == nil && process.open {
            if process.workflow == nil {
                drift.append(Drift(kind: .foreign, process: process.process, version: process.version))
                if policy == .report { continue }
            }
            closings.append(.close(process: process.process))
        }
        return Plan(
            actions: contracts.map(Action.deployContract) + superseded.map(Action.removeContract) + deployments
                + reopenings + closings, drift: drift.sorted { $0.process < $1.process }, isStep: isStep)
    }
}

extension Reconciliation.ContractState {
    /// What models ask for.
    fileprivate var major: [String] { [name, version.split(separator: ".").first.map { String($0) } ?? ""] }
}

extension Reconciliation.DeployedProcess {
    /// What the store would have to want to have this; nil for what came past it.
    fileprivate var state: Reconciliation.WantedProcess? {
        guard let workflow, let workflowVersion else { return nil }
        return Reconciliation.WantedProcess(
            process: process, hash: hash, workflow: workflow, workflowVersion: workflowVersion)
    }
}

extension Reconciliation.WantedProcess {
    /// The newest version wins; among equal ones the answer must not depend on the order given.
    fileprivate var order: (ContractVersion, String, String) {
        (ContractVersion(workflowVersion) ?? .zero, workflow, hash)
    }
}

extension ContractVersion {
    fileprivate static let zero = ContractVersion(major: 0, minor: 0)
}
