import ProcessEngine
package import Staging
import Values

/// What came of an apply.
package struct StagingOutcome: Sendable {
    package enum Status: String, Sendable {
        case applied
        /// This very plan was applied before, and is in force: what was left to do after it was done now.
        case alreadyApplied
        /// Both installations have the same.
        case unchanged
    }
    package var status: Status
    package var revision: Revision?
    package var report: StagingReport?
}

extension StagingService {
    /// How long an apply may take, before somebody else may stage.
    private static let applyLease: Duration = .seconds(120)

    /// Carries out a plan: one revision in one transaction, then what follows from it in the engine.
    ///
    /// Who was cut off at any point gives the same plan again: either nothing was stored, and it is applied now, or it was, and the rest
    /// is made good. Throws `Rejection(.conflict)` if the plan is out of date, has open conflicts, or somebody else is staging, and
    /// `Diagnostics` if what would come of it is not sound.
    package func apply(
        _ archive: [UInt8], _ options: Options, plan fingerprint: String, by person: Person, message: String
    ) async throws -> StagingOutcome {
        let history = StagingHistory(store: config.store)
        if let done = try await history.newest(where: { $0.origin?.staged?.plan == fingerprint }) {
            await config.changed(done)
            return StagingOutcome(status: .alreadyApplied, revision: done, report: nil)
        }
        return try await withLease(person) {
            let (report, bundle) = try await examine(archive, options)
            guard report.fingerprint == fingerprint else {
                throw Rejection(
                    .conflict,
                    "the plan is out of date: this installation is at revision \(report.head?.number ?? 0) now, or the source "
                        + "or the choices are others; plan again")
            }
            return try await store(report, bundle, by: person, message: message)
        }
    }

    private func store(
        _ report: StagingReport, _ bundle: StagingBundle, by person: Person, message: String
    ) async throws -> StagingOutcome {
        let conflicts = report.plan.conflicts
        guard conflicts.isEmpty else {
            let names = conflicts.map(\.id.description).joined(separator: ", ")
            throw Rejection(.conflict, "both installations changed \(names): say which side counts, or leave them out")
        }
        guard report.canApply else { throw Diagnostics(report.findings) }
        let (base, _) = try await StagingHistory(store: config.store).base(with: report.origin.store)
        guard !report.plan.changes.isEmpty || report.plan.nextBase != base else {
            return StagingOutcome(status: .unchanged, revision: report.head, report: report)
        }
        let baseBytes = report.plan.nextBase.json.bytes
        let baseHash = config.hash(baseBytes)
        let outcome = try await config.commit(
            NewRevision(
                parent: report.head?.number, author: person.author, message: message,
                entries: report.plan.result.map { ArtifactEntry($0.artifact) },
                contents: bundle.contents.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
                    + [(baseHash, baseBytes)],
                origin: .staged(
                    RevisionOrigin.Staged(
                        store: report.origin.store, revision: report.origin.revision, plan: report.fingerprint,
                        base: baseHash))))
        return try await StagingOutcome(
            status: .applied, revision: finished(outcome), report: report)
    }

    /// Tells everybody of a revision that was stored.
    private func finished(_ outcome: PushOutcome) async throws -> Revision {
        switch outcome {
        case .stored(let revision), .unchanged(let revision):
            await config.changed(revision)
            return revision
        case .outdated(let newest):
            throw Rejection(
                .conflict, "\(newest.author) pushed revision \(newest.number) at the same moment; plan again")
        }
    }

    private func withLease<Answer>(_ person: Person, _ body: () async throws -> Answer) async throws -> Answer {
        try await takeLease(person, for: Self.applyLease)
        do {
            let answer = try await body()
            try await releaseLease(person.lease)
            return answer
        } catch {
            // It runs out by itself.
            try? await releaseLease(person.lease)
            throw error
        }
    }

    // MARK: Rollback

    /// What a rollback does.
    package struct Rollback: Sendable {
        /// The revision that is restored.
        package var restored: Revision
        package var head: Revision
        package var diff: [PartDiff]
        package var instances: [PartID: [StagingReport.Instances]]
        /// The new revision; nil if it was only looked at.
        package var revision: Revision?
    }

    /// Restores what a revision contained, the one before the newest with nil, as a new revision.
    ///
    /// - Parameter head: the newest revision as the person saw it; refused if there is a newer one.
    package func rollback(
        to number: Int?, head seen: Int?, by person: Person, message: String, dryRun: Bool
    ) async throws -> Rollback {
        guard let head = try await config.head() else { throw Rejection(.gone, "the config store is empty") }
        guard seen == nil || seen == head.number else {
            throw Rejection(.conflict, "revision \(head.number) is the newest now, not \(seen ?? 0): look again")
        }
        guard let number = number ?? head.parent else {
            throw Rejection(.invalid, "revision \(head.number) is the only one: there is none to roll back to")
        }
        guard number < head.number, let restored = try await config.revision(number) else {
            throw Rejection(
                .invalid, "there is no revision \(number) before the newest, which is \(head.number)")
        }
        let before = try await config.parts(at: head.number)
        let parts = try await config.parts(at: restored.number)
        let models = try newestModels(of: parts)
        var rollback = Rollback(
            restored: restored, head: head, diff: PartDiff.between(before, parts), instances: [:], revision: nil)
        let open = try await index.openInstances()
        for diff in rollback.diff {
            let majors = StagingReport.Major.all(
                from: before.first { $0.id == diff.id }, to: parts.first { $0.id == diff.id })
            rollback.instances[diff.id] = try await instances(affectedBy: diff.id, majors, models, open: open)
        }
        guard !dryRun else { return rollback }
        guard !rollback.diff.isEmpty else {
            throw Rejection(.invalid, "revision \(restored.number) contains what revision \(head.number) does")
        }
        rollback.revision = try await withLease(person) {
            let entries = try await config.store.artifacts(at: restored.number)
            return try await finished(
                config.commit(
                    NewRevision(
                        parent: head.number, author: person.author, message: message, entries: entries, contents: [],
                        origin: .restored(restored.number))))
        }
        return rollback
    }
}
