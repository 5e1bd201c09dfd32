package import ProcessEngine
import Values

/// Takes running instances of one version of a workflow over to another.
///
/// Every instance is migrated by a command of its own, whole or not at all, and is then an instance of the target. So a migration
/// that was broken off is gone on with by beginning it again: it finds those that are left.
package struct MigrationService: Sendable {
    let engine: EngineService
    let registry: DefinitionRegistry
    let queries: QueryService
    /// How long a migration waits for the index.
    private static let patience = Duration.seconds(20)

    package init(engine: EngineService, registry: DefinitionRegistry, queries: QueryService) {
        self.engine = engine
        self.registry = registry
        self.queries = queries
    }

    package struct Request: Sendable {
        /// Name of the workflow contract, or of the BPMN process.
        package var workflow: String
        /// The version of the contract, or the number of the deployed definition.
        package var from: String
        /// The same; `latest`: the newest there is.
        package var to: String
        package var overrides: [MigrationPlan.Override]

        package init(workflow: String, from: String, to: String, overrides: [MigrationPlan.Override] = []) {
            self.workflow = workflow
            self.from = from
            self.to = to
            self.overrides = overrides
        }
    }

    /// What became of one instance, or would.
    package struct Row: Sendable, Hashable {
        package enum Outcome: String, Sendable, Hashable, CaseIterable {
            case migrated
            /// Of a dry run: it can be migrated.
            case possible
            case refused
            /// It was an instance of the target already.
            case alreadyThere = "already-there"
            /// Over, and left as it is.
            case ended
            case unknown
        }
        package var instance: InstanceID
        package var businessKey: String?
        /// The version it ran before.
        package var definition: DefinitionID?
        package var outcome: Outcome
        package var problems: [MigrationProblem]

        package init(
            instance: InstanceID, businessKey: String? = nil, definition: DefinitionID? = nil, outcome: Outcome,
            problems: [MigrationProblem] = []
        ) {
            self.instance = instance
            self.businessKey = businessKey
            self.definition = definition
            self.outcome = outcome
            self.problems = problems
        }
    }

    package struct Batch: Sendable {
        package var rows: [Row]
        /// Where the next batch begins; nil: there is none.
        package var next: String?
        /// Where the index must have come to, to show what this one did; 0 when nothing was written.
        package var position: Int64
    }

    /// The plan for each deployed definition of the version to leave: a version that was deployed again and again has several.
    /// Throws `Rejection`: gone (no such version), invalid (every mistake of the overrides).
    package func plans(for request: Request) async throws -> [MigrationPlan] {
        try await registry.refresh()
        let deployed = await registry.deployed
        let ofWorkflow = deployed.filter { $0.workflow == request.workflow }
        let targets = ofWorkflow.isEmpty ? deployed.filter { $0.id.process == request.workflow } : ofWorkflow
        guard !targets.isEmpty else { throw Rejection(.gone, "there is no workflow or process \(request.workflow)") }
        guard let newest = try Self.named(request.to, among: targets, of: request.workflow).last else { return [] }
        let target = try await version(newest)
        // Instances go on with a version that was taken back, or that somebody deployed by hand, and may leave it.
        let processes = Set(targets.map(\.id.process))
        let others = try await (deployed + registry.store.withdrawnDefinitions()).filter {
            processes.contains($0.id.process) && $0.workflow == nil
        }
        let all = Set(targets + others).sorted { $0.id < $1.id }
        let sources = try Self.named(request.from, among: all, of: request.workflow).filter { $0.id != newest.id }
        guard !sources.isEmpty else {
            throw Rejection(
                .invalid, "\(request.workflow) \(request.from) and \(request.to) are the same definition \(newest.id)")
        }
        var plans: [MigrationPlan] = []
        for source in sources {
            plans.append(
                try MigrationPlan(from: try await version(source), to: target, overrides: request.overrides))
        }
        return plans
    }

    /// The definitions of a version, oldest first; at least one.
    private static func named(
        _ version: String, among all: [DeployedDefinition], of workflow: String
    ) throws(Rejection) -> [DeployedDefinition] {
        if version == "latest", let newest = all.last { return [newest] }
        let found = all.filter {
            $0.workflowVersion == version || $0.id.description == version || "\($0.id.version)" == version
        }
        guard found.isEmpty else { return found }
        let names = all.map { $0.workflowVersion.map { "\($0)" } ?? "\($0.id.version)" }
        var seen: Set<String> = []
        let list = names.filter { seen.insert($0).inserted }.joined(separator: ", ")
        throw Rejection(.gone, "\(workflow) has no version \(version); deployed: \(list)")
    }

    func version(_ deployed: DeployedDefinition) async throws -> MigrationPlan.Version {
        guard let definition = try await registry.definition(deployed.id) else {
            throw StoreError(.corrupt, "the process definition \(deployed.id) cannot be read")
        }
        return MigrationPlan.Version(
            id: deployed.id, definition: definition, workflow: deployed.workflow,
            workflowVersion: deployed.workflowVersion)
    }

    /// Migrates the next running instances, newest first; with `instances` those and no others. A dry run changes nothing and
    /// answers what would become of them. Throws `StoreError` (unavailable) while the index does not show all instances yet.
    package func migrate(
        _ request: Request, instances: [InstanceID] = [], isDryRun: Bool, page: PageRequest = PageRequest()
    ) async throws -> Batch {
        let plans = try await plans(for: request)
        guard instances.isEmpty else {
            return try await migrate(instances.map { ($0, nil) }, plans, isDryRun: isDryRun)
        }
        var query = InstanceQuery()
        query.definitions = plans.map(\.source.id)
        // However they were started: not every way to start names the contract.
        let processes = Set(query.definitions.map(\.process))
        query.workflow = processes.count == 1 ? processes.first : nil
        query.states = InstanceState.open
        query.page = page
        // The index finds them, and it comes later than what it shows.
        if page.after == nil, try await !queries.showsAll(atMost: Self.patience) {
            throw StoreError(
                .unavailable, "the index is more than \(Self.patience) behind: try again when it has caught up")
        }
        let found = try await queries.instances(query)
        var batch = try await migrate(found.rows.map { ($0.id, $0) }, plans, isDryRun: isDryRun)
        batch.next = found.next
        return batch
    }

    private func migrate(
        _ instances: [(id: InstanceID, row: IndexedInstance?)], _ plans: [MigrationPlan], isDryRun: Bool
    ) async throws -> Batch {
        var batch = Batch(rows: [], next: nil, position: 0)
        var commands: [(place: Int, instance: InstanceID, plan: MigrationPlan)] = []
        for (id, _) in instances {
            let (row, plan) = try await look(at: id, plans)
            if let plan { commands.append((batch.rows.count, id, plan)) }
            batch.rows.append(row)
        }
        if isDryRun {
            for (place, instance, plan) in commands {
                guard let rejection = try await engine.rehearse(.migrate(plan), of: instance) else { continue }
                batch.rows[place].outcome = .refused
                batch.rows[place].problems = [MigrationProblem(rejection)]
            }
            return batch
        }
        let outcomes = try await engine.submit(
            commands.map { .command($0.instance, .migrate($0.plan), fence: nil, startKey: nil) })
        for (command, outcome) in zip(commands, outcomes) {
            switch outcome {
            case .committed(let position):
                batch.rows[command.place].outcome = .migrated
                batch.position = max(batch.position, position)
            case .rejected(let rejection):
                batch.rows[command.place].outcome = .refused
                batch.rows[command.place].problems = [MigrationProblem(rejection)]
            case .stale, .existing:
                batch.rows[command.place].outcome = .refused
                batch.rows[command.place].problems = [
                    MigrationProblem(message: "it changed at the same moment", suggestion: "migrate it again")
                ]
            case .failed(let error), .unreadable(let error): throw error
            }
        }
        return batch
    }

    /// What an instance's state says, and the plan for it if it can go over.
    private func look(
        at id: InstanceID, _ plans: [MigrationPlan]
    ) async throws -> (row: Row, plan: MigrationPlan?) {
        guard let state = try await engine.instance(id), let runs = state.definition else {
            return (Row(instance: id, outcome: .unknown), nil)
        }
        var row = Row(instance: id, businessKey: state.businessKey, definition: runs, outcome: .possible)
        if state.isEnded {
            row.outcome = .ended
        } else if let plan = plans.first(where: { $0.source.id == runs }) {
            row.problems = plan.problems(of: state)
            guard !row.problems.isEmpty else { return (row, plan) }
            row.outcome = .refused
        } else if runs == plans.first?.target.id {
            row.outcome = .alreadyThere
        } else {
            row.outcome = .refused
            let sources = plans.map(\.source.id.description).joined(separator: ", ")
            row.problems = [MigrationProblem(message: "it runs \(runs), not \(sources)")]
        }
        return (row, nil)
    }
}

extension MigrationProblem {
    fileprivate init(_ rejection: Rejection) {
        self.init(element: rejection.element, message: rejection.message)
    }
}
