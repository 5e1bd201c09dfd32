import Contracts
import ProcessEngine
import Staging
import Values

// What a change means for those who use it, and for the instances that run.
extension StagingService {
    /// The newest version of each workflow with its model, read.
    func newestModels(of parts: [Part]) throws -> [UseSearch.Model] {
        try parts.compactMap { part in
            guard let workflow = part.newest?.contract, workflow.kind == .workflow,
                let model = part.newest?.models.first(where: { $0.artifact.name == workflow.process }),
                case .model(let source) = model.content
            else { return nil }
            let definitions = try ProcessDefinition.read(source, file: "\(model.artifact.name).bpmn")
            return definitions.first { $0.process == workflow.process }
                .map { UseSearch.Model(workflow: workflow, definition: $0) }
        }
    }

    func effect(
        of item: StagingPlan.Item, _ majors: [StagingReport.Major], _ models: [UseSearch.Model],
        open: [DefinitionID: Int]
    ) async throws -> StagingReport.Effect {
        let processes = Set(
            models.filter { $0.workflow.name == item.id.name && item.id.kind == Contract.Kind.workflow.rawValue }
                .map(\.definition.process))
        let isDecision = [Contract.Kind.decision.rawValue, Artifact.dmnKind].contains(item.id.kind)
        let decisions = isDecision ? Set([item.id.name] + item.decisions) : []
        return StagingReport.Effect(
            id: item.id, majors: isDecision ? [] : majors,
            uses: UseSearch.uses(
                of: item.id.name, major: nil, processes: processes, decisions: decisions, in: models),
            instances: try await instances(affectedBy: item.id, majors, models, open: open))
    }

    /// Instances that run now, by version: of a workflow those of its own versions, of other contracts those whose models use them.
    ///
    /// - Parameter open: how many run of each definition. The index counts them one by one: it is asked once for all parts.
    func instances(
        affectedBy id: PartID, _ majors: [StagingReport.Major], _ models: [UseSearch.Model], open: [DefinitionID: Int]
    ) async throws -> [StagingReport.Instances] {
        try await registry.refresh()
        let all = try await (registry.deployed + registry.store.withdrawnDefinitions()).sorted { $0.id < $1.id }
        let isWorkflow = id.kind == Contract.Kind.workflow.rawValue
        let next = isWorkflow ? models.first { $0.workflow.name == id.name } : nil
        var prospects: [MigrationService.Prospect] = []
        if let next {
            prospects = try await migrations.prospects(
                of: id.name, goingTo: next.definition, workflowVersion: next.workflow.version.description)
        }
        var affected: [StagingReport.Instances] = []
        for definition in all {
            guard let running = open[definition.id], running > 0 else { continue }
            var instances = StagingReport.Instances(
                definition: definition.id, workflowVersion: definition.workflowVersion, running: running)
            if isWorkflow {
                // Also those of its process that came past the store.
                guard definition.workflow == id.name || definition.id.process == next?.definition.process else {
                    continue
                }
                instances.prospect = prospects.first { $0.definition == definition.id }
            } else {
                let tasks = try await registry.definition(definition.id)?.serviceTasks ?? []
                let asked = Set(tasks.compactMap(\.contract).filter { $0.name == id.name }.map(\.major))
                instances.majors = majors.filter { asked.contains($0.number) }
                guard !instances.majors.isEmpty else { continue }
            }
            affected.append(instances)
        }
        return affected
    }
}

extension StagingReport.Major {
    static func all(from before: Part?, to after: Part?) -> [StagingReport.Major] {
        Set(((before?.releases ?? []) + (after?.releases ?? [])).map(\.version.major)).sorted().map { major in
            StagingReport.Major(
                number: major, before: before?.newest(ofMajor: major)?.version,
                after: after?.newest(ofMajor: major)?.version)
        }
    }
}

extension StagingPlan.Item {
    /// The decisions that a decision contract names, on either side.
    fileprivate var decisions: [String] {
        (diff?.steps ?? []).flatMap { step in step.models.map(\.process) }
    }
}
