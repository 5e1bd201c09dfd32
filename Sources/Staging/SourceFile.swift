package import Contracts
package import Values

/// A file that somebody wants in the config store, read and hashed by the caller.
package struct SourceFile: Sendable {
    package enum Content: Sendable {
        case contract(Contract)
        /// A BPMN file and the ids of the processes in it.
        case bpmn(processes: [String])
        /// A DMN file with those it imports, and the decisions in it.
        case dmn(decisions: [Decision])
    }

    package struct Decision: Sendable, Hashable {
        package var id: String
        package var name: String
        /// Where it begins in its file.
        package var position: SourcePosition

        package init(id: String, name: String, position: SourcePosition = SourcePosition(line: 0, column: 0)) {
            self.id = id
            self.name = name
            self.position = position
        }
    }

    /// The file as the user named it.
    package var path: String
    package var content: Content
    /// What the store keeps: a contract's canonical JSON, a BPMN file with LF at the ends of its lines, DMN files so and bundled.
    package var bytes: [UInt8]
    /// SHA-256 of `bytes`, hexadecimal.
    package var hash: String
    /// Of a model: its hash with other ends of lines, as a store may have it that took it so.
    package var spellings: Set<String>
    /// Where the processes of a BPMN file begin, by their ids.
    package var positions: [String: SourcePosition]

    package init(
        path: String, content: Content, bytes: [UInt8], hash: String, spellings: Set<String> = [],
        positions: [String: SourcePosition] = [:]
    ) {
        self.path = path
        self.content = content
        self.bytes = bytes
        self.hash = hash
        self.spellings = spellings
        self.positions = positions
    }

    /// The hash under which the store keeps what the file says, given what the store has in its place: what is there stays as it is.
    package func hash(beside existing: Artifact?) -> String {
        if let existing, spellings.contains(existing.hash) { return existing.hash }
        return hash
    }

    /// Whether a file is read as BPMN, for its name: `x.bpmn`, or `x.bpmn20.xml` as other engines' tools call it.
    package static func isModel(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".bpmn") || name.hasSuffix(".bpmn20.xml")
    }
}

/// One artifact of a revision: `task`, `workflow`, `decision` (contracts), `bpmn` or `dmn`. A BPMN process is named by its id and
/// carries the version of the workflow contract that names it. So does what a DMN file decides; one without a contract counts
/// 0.1, 0.2 and so on by itself.
package struct Artifact: Sendable, Hashable, Comparable {
    package static let bpmnKind = "bpmn"
    package static let dmnKind = "dmn"

    /// Whether artifacts of a kind are contracts.
    package static func isContract(_ kind: String) -> Bool { Contract.Kind(rawValue: kind) != nil }

    package var kind: String
    package var name: String
    package var version: String
    package var hash: String

    package init(kind: String, name: String, version: String, hash: String) {
        self.kind = kind
        self.name = name
        self.version = version
        self.hash = hash
    }

    /// Whether it is a contract, and not a model.
    package var isContract: Bool { Contract.Kind(rawValue: kind) != nil }

    /// By kind, name and version, versions as numbers.
    package static func < (left: Artifact, right: Artifact) -> Bool {
        if (left.kind, left.name) != (right.kind, right.name) {
            return (left.kind, left.name) < (right.kind, right.name)
        }
        let versions = (ContractVersion(left.version), ContractVersion(right.version))
        if let left = versions.0, let right = versions.1, left != right { return left < right }
        return (left.version, left.hash) < (right.version, right.hash)
    }
}
