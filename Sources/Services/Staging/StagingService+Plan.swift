import Contracts
package import ProcessEngine
package import Staging
package import Values

/// All that an apply would do, for a person to read and for the apply to hold to.
package struct StagingReport: Sendable {
    /// What instances of one deployed version have to do with a change.
    package struct Instances: Sendable, Hashable {
        package var definition: DefinitionID
        package var workflowVersion: String?
        package var running: Int
        /// The elements of theirs that have no counterpart in the new model, and why: only instances that stand there cannot go over
        /// to it. Nil where there is no new model.
        package var obstacles: [String]?
    }

    /// What a change means beside itself.
    package struct Effect: Sendable {
        package var id: PartID
        /// Who uses it after the apply.
        package var uses: [ContractUse]
        package var instances: [Instances]
    }

    package struct MissingSetting: Sendable, Hashable {
        package var contract: String
        package var name: String
    }

    package var origin: StagingBundle.Origin
    /// The public key that signed the bundle.
    package var signedBy: String?
    package var target: String
    package var head: Revision?
    /// The source's revision that was last staged here.
    package var lastStaged: Int?
    package var plan: StagingPlan
    package var effects: [PartID: Effect]
    package var missingSettings: [MissingSetting]
    /// Errors, for which the apply is refused, and warnings.
    package var findings: [Diagnostic]
    /// Of the bundle, the choices and the target's head: an apply of another one is refused.
    package var fingerprint: String

    package var canApply: Bool { plan.conflicts.isEmpty && findings.allSatisfy { $0.severity == .warning } }
}

extension StagingService {
    /// What an apply of the bundle would do. Changes nothing.
    package func plan(_ archive: [UInt8], _ options: Options) async throws -> StagingReport {
        try await examine(archive, options).report
    }

    func examine(_ archive: [UInt8], _ options: Options) async throws -> (report: StagingReport, bundle: StagingBundle)
    {
        let (bundle, artifacts) = try await read(archive)
        let head = try await config.head()
        let target = try await config.parts(at: head?.number)
        let (base, lastStaged) = try await StagingHistory(store: config.store).base(with: bundle.origin.store)
        var resolutions = Dictionary(options.keep.map { ($0, StagingPlan.Resolution.keep) }, uniquingKeysWith: { $1 })
        for name in options.overwrite {
            guard resolutions.updateValue(.overwrite, forKey: name) == nil else {
                throw Rejection(.invalid, "\(name) cannot both be kept and be overwritten")
            }
        }
        let plan = StagingPlan(
            source: Part.parts(of: artifacts), target: target, base: base, only: options.only, resolutions: resolutions)
        if let unknown = plan.unknown.first {
            let names = plan.items.map(\.id.name)
            let hint = Spelling.suggestion(for: unknown, among: names).map { "; \($0)" } ?? ""
            throw Rejection(.invalid, "there is no part or conflict \(unknown)\(hint)")
        }
        let store = try await config.storeID()
        var report = StagingReport(
            origin: bundle.origin, signedBy: bundle.signature?.publicKey, target: store, head: head,
            lastStaged: lastStaged, plan: plan, effects: [:], missingSettings: [], findings: [], fingerprint: "")
        report.fingerprint = fingerprint(
            of: bundle, plan, target: store, head: head?.number, allowsBreaking: options.allowsBreaking)
        let models = try newestModels(of: Part.parts(of: plan.result))
        report.findings = try await findings(in: plan, models, options)
        report.missingSettings = try await missingSettings(in: plan)
        for item in plan.changes { report.effects[item.id] = try await effect(of: item, models) }
        return (report, bundle)
    }

    /// Of what was chosen, however it was named.
    private func fingerprint(
        of bundle: StagingBundle, _ plan: StagingPlan, target: String, head: Int?, allowsBreaking: Bool
    ) -> String {
        func list(_ isWanted: (StagingPlan.Item) -> Bool) -> JSON {
            .array(plan.items.filter(isWanted).map { .string($0.id.description) })
        }
        return config.hash(
            JSON.array([
                .string(config.hash(bundle.manifest.bytes)), .string(target), .number(head ?? 0), list(\.chosen),
                list { $0.resolution == .overwrite }, list { $0.resolution == .keep }, .bool(allowsBreaking),
            ]).bytes)
    }

    // MARK: What is wrong

    private func findings(
        in plan: StagingPlan, _ models: [UseSearch.Model], _ options: Options
    ) async throws -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for item in plan.changes {
            for step in item.diff?.steps ?? [] where step.compatibility == .breaking {
                findings += step.breaks.map { finding in
                    var finding = finding
                    if options.allowsBreaking { finding.severity = .warning }
                    return finding
                }
            }
        }
        let catalog = try ContractCatalog(plan.result.compactMap(\.contract))
        let decisions = Set(plan.result.map(\.artifact).filter { $0.kind == Artifact.dmnKind }.map(\.name))
        let definitions = models.map(\.definition)
        // What is wrong counts wherever it is; what is worth a thought, where something changes.
        let changed = Set(plan.changes.map(\.id.name))
        let files = Set(models.filter { changed.contains($0.workflow.name) }.map(\.definition.file))
        findings +=
            (ModelCheck.check(definitions, against: catalog)
            + definitions.flatMap { DecisionCheck.check($0, against: decisions) })
            .filter { $0.severity == .error || files.contains($0.file) }
        return findings
    }

    private func missingSettings(in plan: StagingPlan) async throws -> [StagingReport.MissingSetting] {
        let there = try await settingNames()
        var missing: [StagingReport.MissingSetting] = []
        for part in Part.parts(of: plan.result) {
            guard let contract = part.newest?.contract else { continue }
            for name in contract.settingNames where !there.contains(name) {
                missing.append(StagingReport.MissingSetting(contract: contract.reference, name: name))
            }
        }
        return missing
    }

    // MARK: What it means

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

    private func effect(of item: StagingPlan.Item, _ models: [UseSearch.Model]) async throws -> StagingReport.Effect {
        let processes = Set(
            models.filter { $0.workflow.name == item.id.name && item.id.kind == Contract.Kind.workflow.rawValue }
                .map(\.definition.process))
        let isDecision = [Contract.Kind.decision.rawValue, Artifact.dmnKind].contains(item.id.kind)
        let decisions = isDecision ? Set([item.id.name] + item.decisions) : []
        return StagingReport.Effect(
            id: item.id,
            uses: UseSearch.uses(
                of: item.id.name, major: nil, processes: processes, decisions: decisions, in: models),
            instances: try await instances(affectedBy: item.id, models))
    }

    /// Instances that run now, by version: of a workflow those of its own versions, of other contracts those whose models use them.
    func instances(affectedBy id: PartID, _ models: [UseSearch.Model]) async throws -> [StagingReport.Instances] {
        let open = try await index.openInstances()
        try await registry.refresh()
        let next = models.first { $0.workflow.name == id.name }?.definition
        var affected: [StagingReport.Instances] = []
        for deployed in await registry.deployed {
            guard let running = open[deployed.id], running > 0 else { continue }
            var obstacles: [String]?
            if id.kind == Contract.Kind.workflow.rawValue {
                guard deployed.workflow == id.name else { continue }
                if let next { obstacles = try await self.obstacles(from: deployed, to: next) }
            } else {
                let definition = try await registry.definition(deployed.id)
                guard definition?.serviceTasks.contains(where: { $0.contract.name == id.name }) == true else {
                    continue
                }
            }
            affected.append(
                StagingReport.Instances(
                    definition: deployed.id, workflowVersion: deployed.workflowVersion, running: running,
                    obstacles: obstacles))
        }
        return affected
    }

    private func obstacles(from deployed: DeployedDefinition, to next: ProcessDefinition) async throws -> [String]? {
        guard let definition = try await registry.definition(deployed.id) else { return nil }
        let plan = try MigrationPlan(
            from: MigrationPlan.Version(id: deployed.id, definition: definition),
            to: MigrationPlan.Version(
                id: DefinitionID(process: next.process, version: deployed.id.version + 1), definition: next))
        return plan.unmapped.map(\.description)
    }
}

extension LoadedArtifact {
    fileprivate var contract: Contract? {
        switch content {
        case .contract(let contract): contract
        case .model: nil
        }
    }
}

extension StagingPlan.Item {
    /// The decisions that a decision contract names, on either side.
    fileprivate var decisions: [String] {
        (diff?.steps ?? []).flatMap { step in step.models.map(\.process) }
    }
}
