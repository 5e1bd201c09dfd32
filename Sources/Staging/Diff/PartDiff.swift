package import Contracts
package import Values

/// What differs between a part in one store or revision and in another.
package struct PartDiff: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case added, removed, modified }

    /// What the step from one version to another means for those who use the contract.
    package enum Compatibility: String, Sendable, Hashable {
        /// Nobody can have used it before.
        case new
        /// The contract says the same, but for its version; a model may differ.
        case unchanged
        case compatible
        /// Breaks users, under the same major version.
        case breaking
        /// A new major: who uses an older one goes on with that.
        case newMajor
        /// The major version is gone.
        case gone
    }

    /// From the newest minor of a major to its new newest.
    package struct Step: Sendable, Hashable {
        package var from: ContractVersion?
        package var to: ContractVersion?
        package var compatibility: Compatibility
        package var contract: [Change]
        /// Why it is breaking, or what a new major may break for those who change over.
        package var breaks: [Diagnostic]
        package var models: [ModelDiff]
    }

    package var id: PartID
    package var kind: Kind
    package var versionsAdded: [ContractVersion]
    package var versionsRemoved: [ContractVersion]
    /// By major version.
    package var steps: [Step]

    /// Nil if both have the same of it.
    package init?(_ id: PartID, from old: Part?, to new: Part?) {
        guard old?.artifacts != new?.artifacts else { return nil }
        self.id = id
        kind = old == nil ? .added : new == nil ? .removed : .modified
        let before = old?.releases ?? []
        let after = new?.releases ?? []
        versionsAdded = after.map(\.version).filter { version in !before.contains { $0.version == version } }
        versionsRemoved = before.map(\.version).filter { version in !after.contains { $0.version == version } }
        steps = Set((before + after).map(\.version.major)).sorted().compactMap { major in
            Self.step(major, old, new)
        }
    }

    /// The parts that differ, ordered.
    package static func between(_ old: [Part], _ new: [Part]) -> [PartDiff] {
        let before = Dictionary(old.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        return Set(before.keys).union(after.keys).sorted().compactMap { id in
            PartDiff(id, from: before[id], to: after[id])
        }
    }

    private static func step(_ major: Int, _ old: Part?, _ new: Part?) -> Step? {
        let before = old?.newest(ofMajor: major)
        guard let after = new?.newest(ofMajor: major) else {
            return before.map {
                Step(from: $0.version, to: nil, compatibility: .gone, contract: [], breaks: [], models: [])
            }
        }
        guard before?.artifacts != after.artifacts else { return nil }
        let reference = before ?? old?.releases.last { $0.version < after.version }
        guard let reference else {
            return Step(from: nil, to: after.version, compatibility: .new, contract: [], breaks: [], models: [])
        }
        var step = Step(
            from: reference.version, to: after.version, compatibility: .unchanged, contract: [], breaks: [],
            models: models(from: reference, to: after))
        if let was = reference.contract, let now = after.contract {
            step.contract = ContractDiff.changes(from: was, to: now)
            step.breaks = Contracts.Compatibility.breaks(from: was, to: now)
            step.compatibility =
                before == nil
                ? .newMajor : step.contract.isEmpty ? .unchanged : step.breaks.isEmpty ? .compatible : .breaking
        }
        return step
    }

    private static func models(from old: Part.Release, to new: Part.Release) -> [ModelDiff] {
        var diffs: [ModelDiff] = []
        for model in new.models {
            // A workflow has one process; if its name changed, everything did.
            let other = old.models.first { $0.artifact.name == model.artifact.name } ?? old.models.first
            guard let other, other.artifact.hash != model.artifact.hash, case .model(let was) = other.content,
                case .model(let now) = model.content
            else { continue }
            diffs.append(ModelDiff(process: model.artifact.name, from: was, to: now))
        }
        return diffs
    }
}
