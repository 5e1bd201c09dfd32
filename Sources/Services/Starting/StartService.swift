package import Contracts
package import ProcessEngine
package import Values

/// Starts workflows by contract: defaults applied, input validated, at most once for an idempotency key.
package struct StartService: Sendable {
    private let engine: EngineService
    private let registry: DefinitionRegistry

    package init(engine: EngineService, registry: DefinitionRegistry) {
        self.engine = engine
        self.registry = registry
    }

    package struct Request: Sendable {
        package var workflow: String
        /// A range, of which the newest that is open is taken: `1.2`, `1.x`, `^1.2`, `>=1.2 <2`; nil or `latest`: any.
        package var version: String?
        package var input: JSON
        package var businessKey: String?
        package var idempotencyKey: String?
        package var metadata: [Variable]
        package var startedBy: String?
        /// On whose behalf the work is done; what it calls has it too.
        package var runAs: String?
        /// Nil: the instance's own id.
        package var correlationID: String?
        /// Of its tasks, where the model says nothing; nil: what their contracts say.
        package var priority: Int?
        package init(
            workflow: String, version: String? = nil, input: JSON = .emptyObject, businessKey: String? = nil,
            idempotencyKey: String? = nil, metadata: [Variable] = [], startedBy: String? = nil, runAs: String? = nil,
            correlationID: String? = nil, priority: Int? = nil
        ) {
            self.workflow = workflow
            self.version = version
            self.input = input
            self.businessKey = businessKey
            self.idempotencyKey = idempotencyKey
            self.metadata = metadata
            self.startedBy = startedBy
            self.runAs = runAs
            self.correlationID = correlationID
            self.priority = priority
        }
    }

    package struct Started: Sendable {
        package var receipt: EngineService.StartReceipt
        package var workflow: String
        package var version: String
        package var definition: DefinitionID
    }

    /// Throws `Rejection` (gone: no such workflow; invalid: the input, every problem in one message; conflict: the idempotency
    /// key was used for another start, or a running instance has the business key, which the contract wants unique) or `StoreError`.
    package func start(_ request: Request) async throws -> Started {
        let limits = StartLimits.problems(of: request)
        let range = try Self.range(request.version)
        // A key is the caller's word for one start of this workflow: others may use the same word.
        let key = request.idempotencyKey.map { "\(request.workflow) \($0)" }
        // First of all: what answered once is answered again, whatever has been deployed or closed since.
        if limits.isEmpty, let key, let first = try await engine.firstStart(withKey: key) {
            return try await repeated(request, first, range)
        }
        let (definition, contract) = try await findDeployed(request, range)
        let input: JSON
        switch await registry.catalog.checkInput(request.input, of: contract.name, .exactly(contract.version)) {
        case .success(let filled):
            guard limits.isEmpty else { throw Rejection(.invalid, limits.joined(separator: "; ")) }
            input = filled
        case .failure(let violation):
            let misfit = "the input does not fit \(contract.reference): " + violation.problems.joined(separator: "; ")
            throw Rejection(.invalid, (limits + [misfit]).joined(separator: "; "))
        }
        let labels = InstanceLabels(
            workflow: contract.name, workflowVersion: contract.version.description,
            objectID: contract.objectId.flatMap { input[$0] }.map { $0.stringValue ?? $0.text },
            startedBy: request.startedBy, runAs: request.runAs, correlationID: request.correlationID,
            metadata: request.metadata.sorted { $0.name < $1.name })
        let variables = (input.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
        let receipt = try await engine.start(
            Command.Start(
                definition: definition.id, variables: variables, businessKey: request.businessKey, labels: labels,
                priority: request.priority,
                uniqueKey: await registry.uniqueKey(of: definition, businessKey: request.businessKey)),
            key: key)
        if !receipt.new, let key, let first = try await engine.firstStart(withKey: key) {
            return try await repeated(request, first, range)
        }
        return Started(
            receipt: receipt, workflow: contract.name, version: contract.version.description, definition: definition.id)
    }

    private static func range(_ text: String?) throws(Rejection) -> VersionRange {
        guard let text else { return .latest }
        do {
            return try VersionRange(text)
        } catch {
            throw Rejection(.invalid, error.message)
        }
    }

    /// The answer to a start whose key has been used: the first one's, if it asked for the same.
    private func repeated(
        _ request: Request, _ first: EngineService.FirstStart, _ range: VersionRange
    ) async throws -> Started {
        func refuse(_ what: String) -> Rejection {
            Rejection(
                .conflict,
                "the idempotency key '\(request.idempotencyKey ?? "")' was used for a start with \(what): instance \(first.receipt.instance); use a key of its own for each start"
            )
        }
        let version = first.start.labels.workflowVersion ?? ""
        if let used = ContractVersion(version), !range.contains(used) { throw refuse("version \(version)") }
        guard request.businessKey == first.start.businessKey else { throw refuse("another business key") }
        // As its contract read it then: a newer version may have other defaults.
        if let known = ContractVersion(version),
            case .success(let input) = await registry.catalog.checkInput(
                request.input, of: request.workflow, .exactly(known)),
            input.decoded() != JSON.object(first.input.map { ($0.name, $0.value) }).decoded()
        {
            throw refuse("other input")
        }
        return Started(
            receipt: first.receipt, workflow: request.workflow, version: version, definition: first.start.definition)
    }

    /// Another process may have deployed it a moment ago.
    private func findDeployed(
        _ request: Request, _ range: VersionRange
    ) async throws -> (DeployedDefinition, Contract) {
        do {
            return try await find(request, range)
        } catch is Rejection {
            // Whether this or somebody else at the same moment reads what is new.
            try await registry.refresh()
            return try await find(request, range)
        }
    }

    /// The deployment and the contract that a request means: the highest version in the range that is open.
    private func find(_ request: Request, _ range: VersionRange) async throws -> (DeployedDefinition, Contract) {
        let deployed = await registry.deployed
        let catalog = await registry.catalog
        let candidates = deployed.filter { $0.workflow == request.workflow }
        guard !candidates.isEmpty else {
            let names = Set(deployed.compactMap(\.workflow)).sorted()
            let hint = Spelling.suggestion(for: request.workflow, among: names).map { "; \($0)" } ?? ""
            throw Rejection(.gone, "no workflow \(request.workflow) is deployed\(hint)")
        }
        let matching = candidates.filter { candidate in
            candidate.workflowVersion.flatMap { ContractVersion($0) }.map { range.contains($0) } ?? false
        }
        guard !matching.isEmpty else {
            let versions = Set(candidates.compactMap { $0.workflowVersion.flatMap { ContractVersion($0) } }).sorted()
            let list = versions.map(\.description).joined(separator: ", ")
            throw Rejection(.gone, "\(request.workflow) has no version \(range); deployed: \(list)")
        }
        let open = matching.filter(\.open).compactMap { definition in
            definition.contract(in: catalog).map { (definition, $0) }
        }
        guard let newest = open.max(by: { ($0.1.version, $0.0.id.version) < ($1.1.version, $1.0.id.version) }) else {
            let versions = Set(matching.compactMap(\.workflowVersion)).sorted().joined(separator: ", ")
            throw Rejection(.conflict, "\(request.workflow) \(versions) is closed for new starts")
        }
        return newest
    }
}

extension DeployedDefinition {
    /// Its workflow contract; nil if it has none, or one that was taken away.
    fileprivate func contract(in catalog: ContractCatalog) -> Contract? {
        guard let workflow, let version = workflowVersion.flatMap({ ContractVersion($0) }) else { return nil }
        return catalog.contract(named: workflow, .exactly(version))
    }

    /// Whether it takes new starts.
    package func canStart(with catalog: ContractCatalog) -> Bool {
        open && (workflow == nil || contract(in: catalog) != nil)
    }
}
