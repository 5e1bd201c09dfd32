package import ProcessEngine
package import Values

/// Keeps what is deployed into the engine: process definitions and contracts, as source text.
package protocol DeploymentStore: Sendable {
    /// Stores contracts, processes and decisions, and closes and opens processes, in one transaction. A process whose content and start
    /// state equal its newest version makes none; otherwise it gets the next version. So it is with decisions. Contracts replace the one
    /// of the same name and version; those that are removed are gone. Who decided on an epoch that is not the newest any more changes
    /// nothing: the receipt is outdated.
    func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt

    /// Every version of every process, without its source, ordered by process and version; not those that were withdrawn.
    func definitions() async throws -> [DeployedDefinition]

    /// The versions that were withdrawn, ordered the same way: instances may still have them. None of them is open.
    func withdrawnDefinitions() async throws -> [DeployedDefinition]

    /// The BPMN text of a version, also of one that was withdrawn; nil if there is none.
    func source(of definition: DefinitionID) async throws -> [UInt8]?

    /// Every deployed contract, ordered by name and version.
    func contracts() async throws -> [DeployedContract]

    /// Every version of every decision, without its source, ordered by decision and version; not those that were withdrawn.
    func decisions() async throws -> [DeployedDecision]

    /// The source of a version of a decision; nil if there is none.
    func source(of decision: DecisionID) async throws -> [UInt8]?

    /// Grows with every change, so that another process knows that its copy is old.
    func deploymentEpoch() async throws -> Int64
}

package struct Deployment: Sendable {
    package struct Process: Sendable {
        /// The BPMN process id.
        package var process: String
        package var source: [UInt8]
        /// SHA-256 of the source, hexadecimal.
        package var hash: String
        /// The workflow contract it was deployed with.
        package var workflow: String?
        package var workflowVersion: String?
        package init(process: String, source: [UInt8], hash: String, workflow: String?, workflowVersion: String?) {
            self.process = process
            self.source = source
            self.hash = hash
            self.workflow = workflow
            self.workflowVersion = workflowVersion
        }
    }
    package struct Decision: Sendable {
        /// Its id in the DMN file.
        package var decision: String
        /// A `DecisionBundle`.
        package var source: [UInt8]
        /// SHA-256 of the source, hexadecimal.
        package var hash: String
        /// The decision contract it was deployed with.
        package var contract: String?
        /// In the config store: its contract's, if it has one; nil if it came by another way.
        package var configVersion: String?
        package init(decision: String, source: [UInt8], hash: String, contract: String?, configVersion: String?) {
            self.decision = decision
            self.source = source
            self.hash = hash
            self.contract = contract
            self.configVersion = configVersion
        }
    }
    package var processes: [Process]
    package var contracts: [DeployedContract]
    package var decisions: [Decision]
    package var removed: [(name: String, version: String)]
    /// Processes to close for new starts, whose instances go on, and to open again; after what is deployed. Unknown ones are left out.
    package var closed: [String]
    package var opened: [String]
    /// Versions that nobody sees or starts any more. Their numbers are not given again, and instances that have them go on.
    package var withdrawn: [DefinitionID]
    /// The same of decisions: nobody finds them any more.
    package var withdrawnDecisions: [DecisionID]
    /// The epoch that all of this was decided on; nil: it holds whatever was deployed meanwhile.
    package var basis: Int64?
    package init(
        processes: [Process], contracts: [DeployedContract], decisions: [Decision] = [],
        removed: [(name: String, version: String)] = [], closed: [String] = [], opened: [String] = [],
        withdrawn: [DefinitionID] = [], withdrawnDecisions: [DecisionID] = [], basis: Int64? = nil
    ) {
        self.removed = removed
        self.closed = closed
        self.opened = opened
        self.withdrawn = withdrawn
        self.withdrawnDecisions = withdrawnDecisions
        self.basis = basis
        self.processes = processes
        self.contracts = contracts
        self.decisions = decisions
    }
}

package struct DeployedDecision: Sendable, Hashable {
    package var id: DecisionID
    package var hash: String
    package var contract: String?
    package var configVersion: String?
    package var deployedAt: Timestamp
    package init(id: DecisionID, hash: String, contract: String?, configVersion: String?, deployedAt: Timestamp) {
        self.id = id
        self.hash = hash
        self.contract = contract
        self.configVersion = configVersion
        self.deployedAt = deployedAt
    }
}

package struct DeployedContract: Sendable, Hashable {
    package var kind: String
    package var name: String
    /// `major.minor`.
    package var version: String
    /// The contract as canonical JSON.
    package var content: JSON
    package init(kind: String, name: String, version: String, content: JSON) {
        self.kind = kind
        self.name = name
        self.version = version
        self.content = content
    }
}

package struct DeployedDefinition: Sendable, Hashable {
    package var id: DefinitionID
    package var hash: String
    package var workflow: String?
    package var workflowVersion: String?
    package var deployedAt: Timestamp
    /// Whether new instances may start (of the newest version).
    package var open: Bool
    package init(
        id: DefinitionID, hash: String, workflow: String?, workflowVersion: String?, deployedAt: Timestamp, open: Bool
    ) {
        self.id = id
        self.hash = hash
        self.workflow = workflow
        self.workflowVersion = workflowVersion
        self.deployedAt = deployedAt
        self.open = open
    }
}

package struct DeploymentReceipt: Sendable {
    /// The version each process has now, in the order given, and whether it is new.
    package var definitions: [(id: DefinitionID, new: Bool)]
    /// The same of decisions.
    package var decisions: [(id: DecisionID, new: Bool)]
    /// The epoch is not the deployment's basis: nothing was changed.
    package var isOutdated = false
    package init(definitions: [(id: DefinitionID, new: Bool)], decisions: [(id: DecisionID, new: Bool)] = []) {
        self.definitions = definitions
        self.decisions = decisions
    }

    package static let outdated: DeploymentReceipt = {
        var receipt = DeploymentReceipt(definitions: [])
        receipt.isOutdated = true
        return receipt
    }()
}
