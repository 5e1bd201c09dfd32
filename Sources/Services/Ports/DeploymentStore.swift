package import ProcessEngine
package import Values

/// Keeps what is deployed into the engine: process definitions and contracts, as source text.
package protocol DeploymentStore: Sendable {
    /// Stores contracts and processes in one transaction. A process whose content and start state equal its newest version makes
    /// none; otherwise it gets the next version. Contracts replace the one of the same name and version.
    func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt

    /// Closes processes for new starts, or opens them again. Running instances go on.
    func setOpen(_ open: Bool, processes: [String]) async throws

    /// Every version of every process, without its source, ordered by process and version.
    func definitions() async throws -> [DeployedDefinition]

    /// The BPMN text of a version; nil if there is none.
    func source(of definition: DefinitionID) async throws -> [UInt8]?

    /// Every deployed contract, ordered by name and version.
    func contracts() async throws -> [DeployedContract]

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
    package var processes: [Process]
    package var contracts: [DeployedContract]
    package init(processes: [Process], contracts: [DeployedContract]) {
        self.processes = processes
        self.contracts = contracts
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
    package init(definitions: [(id: DefinitionID, new: Bool)]) {
        self.definitions = definitions
    }
}
