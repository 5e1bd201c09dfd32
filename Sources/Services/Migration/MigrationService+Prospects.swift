package import ProcessEngine
import Values

/// What a new version of a workflow would mean for the instances that run: staging shows it before it is applied.
extension MigrationService {
    /// The instances of one deployed version.
    package struct Prospect: Sendable, Hashable {
        package var definition: DefinitionID
        package var workflowVersion: String?
        /// How many were looked at; there may be more.
        package var looked: Int
        package var hasMore: Bool
        /// How many of them can go over to the new version as they are.
        package var migratable: Int
        /// Elements of theirs without a counterpart, which keep whoever comes to stand there.
        package var unmapped: [MigrationProblem]
        /// What keeps the others: each problem once, with how many instances have it, the most frequent first.
        package var problems: [(problem: MigrationProblem, instances: Int)] {
            zip(named, counts).map { ($0, $1) }
        }
        private var named: [MigrationProblem]
        private var counts: [Int]

        init(
            _ plan: MigrationPlan, looked: Int, hasMore: Bool, migratable: Int, _ tally: [MigrationProblem: Int]
        ) {
            definition = plan.source.id
            workflowVersion = plan.source.workflowVersion
            unmapped = plan.unmapped
            self.looked = looked
            self.hasMore = hasMore
            self.migratable = migratable
            let sorted = tally.sorted { ($1.value, $0.key.description) < ($0.value, $1.key.description) }
            named = sorted.map(\.key)
            counts = sorted.map(\.value)
        }
    }

    /// For each version of a workflow or of the model's process that has running instances, also for one that was withdrawn, whether
    /// they could go over to a model that is not deployed yet. Looks at no more than the newest `limit` instances of each.
    package func prospects(
        of workflow: String, goingTo model: ProcessDefinition, workflowVersion: String?, limit: Int = 200
    ) async throws -> [Prospect] {
        try await registry.refresh()
        let all = try await (registry.deployed + registry.store.withdrawnDefinitions()).sorted { $0.id < $1.id }
        let next = (all.filter { $0.id.process == model.process }.map(\.id.version).max() ?? 0) + 1
        let target = MigrationPlan.Version(
            id: DefinitionID(process: model.process, version: next), definition: model, workflow: workflow,
            workflowVersion: workflowVersion)
        var prospects: [Prospect] = []
        for definition in all where definition.workflow == workflow || definition.id.process == model.process {
            let source = try await version(definition)
            let plan = try MigrationPlan(from: source, to: target)
            var query = InstanceQuery()
            query.workflow = source.id.process
            query.definitions = [source.id]
            query.states = InstanceState.open
            query.page.limit = min(max(limit, 1), 1000)
            let page = try await queries.instances(query)
            var (looked, migratable) = (0, 0)
            var tally: [MigrationProblem: Int] = [:]
            for row in page.rows {
                guard let state = try await engine.instance(row.id), !state.isEnded else { continue }
                looked += 1
                let problems = plan.problems(of: state)
                if problems.isEmpty { migratable += 1 }
                for problem in problems { tally[problem, default: 0] += 1 }
            }
            guard looked > 0 else { continue }
            prospects.append(
                Prospect(plan, looked: looked, hasMore: page.next != nil, migratable: migratable, tally))
        }
        return prospects
    }
}
