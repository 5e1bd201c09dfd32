package import Contracts
package import Logging
package import ProcessEngine
import Values

/// What is deployed, as the engine uses it: parsed definitions and the newest minor of each contract.
package actor DefinitionRegistry {
    /// Reads a BPMN file into its executable processes, or throws `Diagnostics`; the XML adapter, given by the wiring.
    package typealias ModelReader = @Sendable (_ source: [UInt8], _ file: String) throws -> [ProcessDefinition]

    package nonisolated let store: any DeploymentStore
    private let readModel: ModelReader
    private let readTree: DecisionFiles.TreeReader
    private var parsed: [DefinitionID: ProcessDefinition] = [:]
    private var epoch: Int64 = -1
    /// Versions never change, so that each is read once.
    private var decisionVersions: [DecisionID: DeployedDecisions.Version] = [:]
    private(set) package var decisions = DeployedDecisions()
    private var watchers: [AsyncStream<[ContractKey: TaskPolicy]>.Continuation] = []
    private(set) package var deployed: [DeployedDefinition] = []
    private(set) package var catalog = ContractCatalog()
    private(set) package var policies: [ContractKey: TaskPolicy] = [:]
    /// Contracts of which only so many attempts may be out.
    private(set) var limited: Set<ContractKey> = []
    /// Names whose values are not shown to people.
    private(set) package var secretNames: Set<String> = []
    /// Read when somebody asks, for what is deployed now.
    private var startEventsNow: [(definition: DefinitionID, start: StartSubscription)]?

    package var contracts: any TaskContracts { catalog }

    package init(
        store: any DeploymentStore, readModel: @escaping ModelReader, readTree: @escaping DecisionFiles.TreeReader
    ) {
        self.store = store
        self.readModel = readModel
        self.readTree = readTree
    }

    /// Reads what is deployed, if it changed. Returns whether it did.
    @discardableResult
    package func refresh() async throws -> Bool {
        let current = try await store.deploymentEpoch()
        guard current != epoch else { return false }
        let contracts = try await store.contracts().map { try Contract(canonical: $0.content) }
        let definitions = try await store.definitions()
        decisions = DeployedDecisions(try await readDecisions(), definitions: definitions)
        deployed = definitions
        catalog = try ContractCatalog(contracts)
        policies = Self.policies(of: contracts)
        limited = Set(policies.filter { $0.value.concurrency != nil }.keys)
        secretNames = contracts.reduce(into: []) { $0.formUnion($1.secretNames) }
        epoch = current
        startEventsNow = nil
        for watcher in watchers { watcher.yield(policies) }
        return true
    }

    private func readDecisions() async throws -> [DeployedDecisions.Version] {
        var versions: [DeployedDecisions.Version] = []
        for decision in try await store.decisions() {
            if let known = decisionVersions[decision.id] {
                versions.append(known)
                continue
            }
            guard let source = try await store.source(of: decision.id) else { continue }
            let version = try DeployedDecisions.Version(decision, source: source, read: readTree)
            decisionVersions[decision.id] = version
            versions.append(version)
        }
        return versions
    }

    /// Follows what other processes deploy, until cancelled: looks each second, and whenever `changed` fires.
    package func follow(_ changed: Signal, by time: any TimeSource, log: Logger) async {
        while !Task.isCancelled {
            do {
                try await refresh()
            } catch {
                log.error("what is deployed cannot be read: \(error)")
            }
            _ = await changed.wait(until: time.now.advanced(by: .seconds(1)), by: time)
        }
    }

    /// The policy of the newest minor of each major.
    private static func policies(of contracts: [Contract]) -> [ContractKey: TaskPolicy] {
        var newest: [ContractKey: Contract] = [:]
        for contract in contracts where contract.kind == .task {
            if let other = newest[contract.key], other.version > contract.version { continue }
            newest[contract.key] = contract
        }
        return newest.mapValues(\.policy)
    }

    /// A deployed version, parsed; nil if there is none.
    package func definition(_ id: DefinitionID) async throws -> ProcessDefinition? {
        if let known = parsed[id] { return known }
        guard let source = try await store.source(of: id) else { return nil }
        let found = try readModel(source, "\(id)").first { $0.process == id.process }
        parsed[id] = found
        return found
    }

    /// What starts the newest version of each open process from outside, in the order of processes. One that cannot be read has
    /// none. Throws `StoreError` if the store is away: that is no answer to keep.
    func startEvents() async throws -> [(definition: DefinitionID, start: StartSubscription)] {
        if let startEventsNow { return startEventsNow }
        let asked = epoch
        var newest: [String: DeployedDefinition] = [:]
        for definition in deployed where definition.id.version > newest[definition.id.process]?.id.version ?? 0 {
            newest[definition.id.process] = definition
        }
        var found: [(definition: DefinitionID, start: StartSubscription)] = []
        for definition in newest.values.filter(\.open).sorted(by: { $0.id.process < $1.id.process }) {
            do {
                guard let parsed = try await self.definition(definition.id) else { continue }
                found += parsed.startSubscriptions.map { (definition.id, $0) }
            } catch let error as StoreError {
                if error.kind != .corrupt { throw error }
            } catch is Diagnostics {
                continue
            }
        }
        if asked == epoch { startEventsNow = found }
        return found
    }

    /// The outputs that the workflow contract of an instance declares; nil for a process without one.
    package func outputNames(of row: IndexedInstance) -> [String]? {
        guard let name = row.labels.workflow, let version = row.labels.workflowVersion.flatMap({ ContractVersion($0) }),
            let contract = catalog.contract(named: name, .exactly(version))
        else { return nil }
        return (try? JSONSchema(contract.output.decoded()))?.propertyNames
    }

    /// The workflow contracts that are deployed, sorted.
    var workflows: [String] { Set(deployed.compactMap(\.workflow)).sorted() }

    /// What no other running instance may have, if the workflow's contract wants business keys to be unique.
    func uniqueKey(of definition: DeployedDefinition?, businessKey: String?) -> String? {
        guard let businessKey, let name = definition?.workflow,
            let version = definition?.workflowVersion.flatMap({ ContractVersion($0) }),
            catalog.contract(named: name, .exactly(version))?.isBusinessKeyUnique == true
        else { return nil }
        // No name begins like that, so that it can be no idempotency key.
        return "=business-key \(name) \(businessKey)"
    }

    /// The policies now, and at each change.
    package func policyChanges() -> AsyncStream<[ContractKey: TaskPolicy]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [ContractKey: TaskPolicy].self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield(policies)
        watchers.append(continuation)
        return stream
    }
}
