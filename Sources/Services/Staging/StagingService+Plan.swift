package import Contracts
package import ProcessEngine
package import Staging
package import Values

/// All that an apply would do, for a person to read and for the apply to hold to.
package struct StagingReport: Sendable {
    /// What instances of one version, deployed or withdrawn, have to do with a change.
    package struct Instances: Sendable, Hashable {
        package var definition: DefinitionID
        package var workflowVersion: String?
        package var running: Int
        /// Whether they could go over to the new model of their workflow; nil where there is none, or nobody was found there.
        package var prospect: MigrationService.Prospect?
        /// The majors of a contract that their model asks for.
        package var majors: [Major] = []
    }

    /// The newest version of a major, before and after the apply; nil where there is none.
    package struct Major: Sendable, Hashable {
        package var number: Int
        package var before: ContractVersion?
        package var after: ContractVersion?
    }

    /// What a change means beside itself.
    package struct Effect: Sendable {
        package var id: PartID
        /// Of a task or workflow contract: who uses a major gets its newest version.
        package var majors: [Major]
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
        let after = Dictionary(Part.parts(of: plan.result).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let open = try await index.openInstances()
        for item in plan.changes {
            let before = target.first { $0.id == item.id }
            report.effects[item.id] = try await effect(
                of: item, StagingReport.Major.all(from: before, to: after[item.id]), models, open: open)
        }
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
}

extension LoadedArtifact {
    fileprivate var contract: Contract? {
        switch content {
        case .contract(let contract): contract
        case .model: nil
        }
    }
}
