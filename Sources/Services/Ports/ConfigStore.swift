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
    /// all entries and has no origin makes no revision: `.unchanged`.
    func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome

    /// Gives the lease of staging to its holder, unless somebody else has it at `now`: then answers theirs. Who has it may take it
    /// again, for longer. Answers nil when it is given.
    func takeLease(_ lease: StagingLease, at now: Timestamp) async throws -> StagingLease?

    /// Gives the lease back; nothing happens if somebody else has it.
    func releaseLease(_ id: String) async throws
}

/// The right to stage into this store: of one person at a time, until it runs out.
package struct StagingLease: Sendable, Hashable {
    /// Random: only who took it knows it.
    package var id: String
    /// For people.
    package var holder: String
    package var until: Timestamp
    package init(id: String, holder: String, until: Timestamp) {
        self.id = id
        self.holder = holder
        self.until = until
    }
}

/// How a revision came to be, if not by a push.
package enum RevisionOrigin: Sendable, Hashable {
    /// From another installation.
    case staged(Staged)
    /// It restores what that revision of this store contained.
    case restored(Int)

    package struct Staged: Sendable, Hashable {
        /// The id of the source's store, and its revision.
        package var store: String
        package var revision: Int
        /// The fingerprint of the plan: who applies the same one again finds that it was applied.
        package var plan: String
        /// Where the base of the next plan is: what both stores have in common now, by the hash of its content.
        package var base: String
        package init(store: String, revision: Int, plan: String, base: String) {
            self.store = store
            self.revision = revision
            self.plan = plan
            self.base = base
        }
    }
}

package struct Revision: Sendable, Hashable {
    package var number: Int
    package var parent: Int?
    package var author: String
    package var message: String
    package var at: Timestamp
    /// Nil: it was pushed.
    package var origin: RevisionOrigin?
    package init(
        number: Int, parent: Int?, author: String, message: String, at: Timestamp, origin: RevisionOrigin? = nil
    ) {
        self.number = number
        self.parent = parent
        self.author = author
        self.message = message
        self.at = at
        self.origin = origin
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
    package var origin: RevisionOrigin?
    package init(
        parent: Int?, author: String, message: String, entries: [ArtifactEntry],
        contents: [(hash: String, content: [UInt8])], origin: RevisionOrigin? = nil
    ) {
        self.origin = origin
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
