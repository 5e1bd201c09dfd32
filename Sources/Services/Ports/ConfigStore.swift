package import Values

/// The versioned home of contracts and BPMN of one environment: immutable artifacts and revisions.
package protocol ConfigStore: Sendable {
    /// The newest revision; nil in a new store.
    func head() async throws -> Revision?

    /// Revisions, newest first, from `before` (exclusive).
    func revisions(before: Int?, limit: Int) async throws -> [Revision]

    /// Everything a revision contains, ordered by kind, name and version; the head's with nil.
    func artifacts(at revision: Int?) async throws -> [ArtifactEntry]

    /// The content with that hash.
    func content(_ hash: String) async throws -> [UInt8]?

    /// Stores a change set as a new revision, if `parent` is still the head; else answers `.outdated`. What equals the head in
    /// all entries makes no revision: `.unchanged`.
    func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome
}

package struct Revision: Sendable, Hashable {
    package var number: Int
    package var parent: Int?
    package var author: String
    package var message: String
    package var at: Timestamp
    package init(number: Int, parent: Int?, author: String, message: String, at: Timestamp) {
        self.number = number
        self.parent = parent
        self.author = author
        self.message = message
        self.at = at
    }
}

/// One artifact in one revision. `kind` is `task`, `workflow`, `decision` (contracts), `bpmn` or `dmn`.
package struct ArtifactEntry: Sendable, Hashable {
    package var kind: String
    package var name: String
    /// `major.minor` of a contract; of BPMN, its workflow contract's.
    package var version: String
    /// SHA-256 of the content, hexadecimal.
    package var hash: String
    package init(kind: String, name: String, version: String, hash: String) {
        self.kind = kind
        self.name = name
        self.version = version
        self.hash = hash
    }
}

package struct NewRevision: Sendable {
    package var parent: Int?
    package var author: String
    package var message: String
    /// All entries of the new revision.
    package var entries: [ArtifactEntry]
    /// Contents by hash; those the store already has may be left out.
    package var contents: [(hash: String, content: [UInt8])]
    package init(
        parent: Int?, author: String, message: String, entries: [ArtifactEntry],
        contents: [(hash: String, content: [UInt8])]
    ) {
        self.parent = parent
        self.author = author
        self.message = message
        self.entries = entries
        self.contents = contents
    }
}

package enum PushOutcome: Sendable, Hashable {
    case stored(Revision)
    case unchanged(Revision)
    /// Somebody pushed in between; the head now.
    case outdated(Revision)
}
