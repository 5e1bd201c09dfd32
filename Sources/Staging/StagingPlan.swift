import Contracts
import OrderedCollections
import Values

/// What staging from one installation to another would do: a three-way comparison of what the source has, what the target has, and
/// what they had in common after the last staging.
///
/// Nothing is overwritten silently: what both sides changed is a conflict, until somebody says which side counts.
package struct StagingPlan: Sendable {
    package enum Action: String, Sendable, Hashable, CaseIterable {
        /// New to the target.
        case added
        /// Changed in the source alone, or so that the target loses nothing.
        case modified
        /// The source took it away since the last staging, and the target did not change it.
        case deleted
        /// Both sides changed it since the last staging.
        case conflict
        /// Only the target changed it, or it alone has it: it stays.
        case kept
        case unchanged
    }

    /// What a person said of a conflict.
    package enum Resolution: String, Sendable, Hashable {
        /// The source's state counts.
        case overwrite
        /// The target's state counts, also in the next plan.
        case keep
    }

    package struct Item: Sendable {
        package var id: PartID
        package var action: Action
        /// Whether the apply would carry it out: it was asked for, or nobody asked for parts.
        package var chosen: Bool
        /// How a conflict was decided.
        package var resolution: Resolution?
        /// From the target's state to the source's; nil if they are equal.
        package var diff: PartDiff?
        /// Of a conflict: what each side did since they last had it in common.
        package var inSource: [String] = []
        package var inTarget: [String] = []
    }

    /// Every part of either side, ordered.
    package var items: [Item]
    /// What the target has after the apply, ordered. An undecided conflict leaves what is there.
    package var result: [LoadedArtifact]
    /// What both have in common after the apply: the base of the next plan.
    package var nextBase: StagingBase
    /// Parts or conflicts that somebody named and that are not there.
    package var unknown: [String]

    package var conflicts: [Item] { items.filter { $0.action == .conflict && $0.chosen && $0.resolution == nil } }
    /// What the apply changes.
    package var changes: [Item] {
        items.filter { item in
            guard item.chosen else { return false }
            switch item.action {
            case .added, .modified, .deleted: return true
            case .conflict: return item.resolution == .overwrite
            case .kept, .unchanged: return false
            }
        }
    }

    /// - Parameters:
    ///   - only: parts by name, or by kind and name (`task media.transcode`); empty for all.
    ///   - resolutions: of conflicts, named the same way.
    package init(
        source: [Part], target: [Part], base: StagingBase, only: [String] = [], resolutions: [String: Resolution] = [:]
    ) {
        let sources = Dictionary(source.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let targets = Dictionary(target.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let ids = Set(sources.keys).union(targets.keys).sorted()
        func names(_ word: String, _ id: PartID) -> Bool { word == id.name || word == id.description }

        (items, result, nextBase) = ([], [], base)
        for id in ids {
            let (mine, theirs) = (sources[id], targets[id])
            let sides = Sides(source: mine, target: theirs, base: base.parts[id])
            var item = Item(
                id: id, action: sides.action, chosen: only.isEmpty || only.contains { names($0, id) },
                diff: PartDiff(id, from: theirs, to: mine))
            if item.action == .conflict {
                item.resolution = resolutions.sorted { $0.key < $1.key }.first { names($0.key, id) }?.value
                item.inSource = sides.changes(of: mine)
                item.inTarget = sides.changes(of: theirs)
            }
            let takes = item.chosen && item.takesSource
            result += ((takes ? mine : theirs)?.releases ?? []).flatMap(\.loaded)
            if takes || item.action == .unchanged || (item.chosen && item.resolution == .keep) {
                nextBase.parts[id] = mine?.artifacts
            }
            items.append(item)
        }
        result.sort { $0.artifact < $1.artifact }
        let conflicts = items.filter { $0.action == .conflict }
        unknown =
            only.filter { word in !ids.contains { names(word, $0) } }
            + resolutions.keys.sorted().filter { word in !conflicts.contains { names(word, $0.id) } }
    }
}

extension StagingPlan.Item {
    fileprivate var takesSource: Bool {
        switch action {
        case .added, .modified, .deleted: true
        case .conflict: resolution == .overwrite
        case .kept, .unchanged: false
        }
    }
}

/// One part as three sides have it, as sets of artifacts; a side that does not have it has none.
private struct Sides {
    let source: Set<Artifact>
    let target: Set<Artifact>
    let base: Set<Artifact>

    init(source: Part?, target: Part?, base: Set<Artifact>?) {
        self.source = source?.artifacts ?? []
        self.target = target?.artifacts ?? []
        self.base = base ?? []
    }

    var action: StagingPlan.Action {
        if source == target { return .unchanged }
        if source == base { return .kept }
        if target == base { return source.isEmpty ? .deleted : target.isEmpty ? .added : .modified }
        // Both changed it. What one did may contain what the other did: then nothing is lost.
        if !target.isEmpty, target.isSubset(of: source), base.intersection(source).isSubset(of: target) {
            return .modified
        }
        if !source.isEmpty, source.isSubset(of: target), base.intersection(target).isSubset(of: source) { return .kept }
        return .conflict
    }

    /// What a side did since the last staging, as sentences.
    func changes(of part: Part?) -> [String] {
        let mine = part?.artifacts ?? []
        if mine.isEmpty { return ["removed it"] }
        let versions = { (artifacts: Set<Artifact>) in OrderedSet(artifacts.sorted().map(\.version)) }
        let new = versions(mine.subtracting(base))
        let old = versions(base.subtracting(mine))
        if base.isEmpty { return ["has " + new.joined(separator: ", ")] }
        return new.map { old.contains($0) ? "changed \($0)" : "added \($0)" }
            + old.filter { !new.contains($0) }.map { "removed \($0)" }
    }
}

extension Part.Release {
    fileprivate var loaded: [LoadedArtifact] {
        artifacts.compactMap { artifact in
            if let model = models.first(where: { $0.artifact == artifact }) { return model }
            return contract.map { LoadedArtifact(artifact: artifact, content: .contract($0)) }
        }
    }
}
