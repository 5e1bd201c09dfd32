package import Contracts
import OrderedCollections
package import Values

/// Names what is compared and staged as one: a contract with all its versions; a workflow with the models that its versions name.
package struct PartID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var kind: String
    package var name: String

    package init(kind: String, name: String) {
        self.kind = kind
        self.name = name
    }

    package static func < (left: PartID, right: PartID) -> Bool { (left.kind, left.name) < (right.kind, right.name) }
    /// `task media.transcode`.
    package var description: String { "\(kind) \(name)" }
}

/// An artifact with what is in it.
package struct LoadedArtifact: Sendable {
    package enum Content: Sendable {
        case contract(Contract)
        /// BPMN or DMN, as the tree that its file is.
        case model(SourceNode)
    }
    package var artifact: Artifact
    package var content: Content

    package init(artifact: Artifact, content: Content) {
        self.artifact = artifact
        self.content = content
    }
}

/// A part as one store has it.
package struct Part: Sendable {
    /// One version of it.
    package struct Release: Sendable {
        package var version: ContractVersion
        package var contract: Contract?
        package var models: [LoadedArtifact] = []
        /// What it consists of, ordered; equal ones are equal in content.
        package var artifacts: [Artifact] = []
    }

    package var id: PartID
    /// Oldest first.
    package var releases: [Release]

    package init(id: PartID, releases: [Release]) {
        self.id = id
        self.releases = releases
    }

    package var artifacts: Set<Artifact> { Set(releases.flatMap(\.artifacts)) }
    package var newest: Release? { releases.last }
    /// The newest minor of a major.
    package func newest(ofMajor major: Int) -> Release? { releases.last { $0.version.major == major } }

    /// The parts that artifacts make, ordered. A model belongs to the contract that names its process or decision; one that none
    /// names is a part of its own.
    package static func parts(of artifacts: [LoadedArtifact]) -> [Part] {
        var owners: [Artifact: PartID] = [:]
        let contracts = artifacts.compactMap(\.contract)
        for loaded in artifacts {
            let owner = contracts.first { $0.names(loaded.artifact) }
            owners[loaded.artifact] =
                owner.map { PartID(kind: $0.kind.rawValue, name: $0.name) } ?? PartID(loaded.artifact)
        }
        var releases: OrderedDictionary<PartID, [ContractVersion: Release]> = [:]
        for loaded in artifacts.sorted(by: { $0.artifact < $1.artifact }) {
            guard let id = owners[loaded.artifact] else { continue }
            let version = ContractVersion(loaded.artifact.version) ?? ContractVersion(major: 0, minor: 0)
            var release = releases[id]?[version] ?? Release(version: version)
            switch loaded.content {
            case .contract(let contract): release.contract = contract
            case .model: release.models.append(loaded)
            }
            release.artifacts.append(loaded.artifact)
            releases[id, default: [:]][version] = release
        }
        return releases.map { id, versions in
            Part(id: id, releases: versions.values.sorted { $0.version < $1.version })
        }.sorted { $0.id < $1.id }
    }
}

extension PartID {
    init(_ artifact: Artifact) {
        self.init(kind: artifact.kind, name: artifact.name)
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

extension Contract {
    /// Whether the model is of this version of the workflow or decision.
    fileprivate func names(_ artifact: Artifact) -> Bool {
        guard !artifact.isContract, version.description == artifact.version else { return false }
        switch kind {
        case .task: return false
        case .workflow: return artifact.kind == Artifact.bpmnKind && process == artifact.name
        case .decision: return artifact.kind == Artifact.dmnKind && (decision ?? name) == artifact.name
        }
    }
}
