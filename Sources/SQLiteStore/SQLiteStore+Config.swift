import Foundation
import GRDB
package import Services
package import Values

extension SQLiteStore: ConfigStore {
    package func head() async throws -> Revision? {
        try await read(Self.head)
    }

    package func revisions(before: Int?, limit: Int) async throws -> [Revision] {
        try await read { database in
            try database.all(
                """
                SELECT number, parent, author, message, at, origin FROM revision WHERE number < ?
                ORDER BY number DESC LIMIT ?
                """, [before ?? Int.max, max(limit, 0)], Self.revision)
        }
    }

    package func artifacts(at revision: Int?) async throws -> [ArtifactEntry] {
        try await read { database in
            guard let number = try revision ?? Self.head(database)?.number else { return [] }
            return try Self.entries(of: number, in: database)
        }
    }

    package func content(_ hash: String) async throws -> [UInt8]? {
        try await read { database in
            try database.first("SELECT content FROM artifact_content WHERE hash = ?", [hash]) { $0[0] as [UInt8] }
        }
    }

    package func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome {
        try await write { database in
            let head = try Self.head(database)
            if change.parent != head?.number {
                guard let head else {
                    throw StoreError(
                        .misuse, "this store has no revision yet, so \(change.parent ?? 0) cannot be a parent")
                }
                return .outdated(head)
            }
            if let head, change.origin == nil,
                Set(try Self.entries(of: head.number, in: database)) == Set(change.entries)
            {
                return .unchanged(head)
            }
            let revision = Revision(
                number: (head?.number ?? 0) + 1, parent: head?.number, author: change.author, message: change.message,
                at: now, origin: change.origin)
            try Self.store(revision, change, in: database)
            return .stored(revision)
        }
    }

    private static func store(_ revision: Revision, _ change: NewRevision, in database: Database) throws {
        for (hash, content) in change.contents {
            try database.run(
                "INSERT OR IGNORE INTO artifact_content (hash, content) VALUES (?, ?)", [hash, content])
        }
        try database.run(
            "INSERT INTO revision (number, parent, author, message, at, origin) VALUES (?, ?, ?, ?, ?, ?)",
            [
                revision.number, revision.parent, revision.author, revision.message, revision.at.stored,
                revision.origin?.json.text,
            ])
        var seen: Set<ArtifactEntry.Key> = []
        for entry in change.entries {
            let name = "\(entry.kind) \(entry.name) \(entry.version)"
            guard seen.insert(entry.key).inserted else {
                throw StoreError(.misuse, "\(name) is twice in the change set")
            }
            let known = try database.first("SELECT 1 FROM artifact_content WHERE hash = ?", [entry.hash]) { _ in true }
            guard known != nil else { throw StoreError(.misuse, "the content of \(name) (\(entry.hash)) is missing") }
            try database.run(
                "INSERT INTO revision_entry (revision, kind, name, version, hash) VALUES (?, ?, ?, ?, ?)",
                [revision.number, entry.kind, entry.name, entry.version, entry.hash])
        }
    }

    private static func head(_ database: Database) throws -> Revision? {
        try database.first(
            "SELECT number, parent, author, message, at, origin FROM revision ORDER BY number DESC LIMIT 1", [],
            revision)
    }

    private static func entries(of revision: Int, in database: Database) throws -> [ArtifactEntry] {
        try database.all(
            """
            SELECT kind, name, version, hash FROM revision_entry WHERE revision = ?
            ORDER BY kind, name, \(versionOrder)
            """, [revision]
        ) { ArtifactEntry(kind: $0[0], name: $0[1], version: $0[2], hash: $0[3]) }
    }

    private static func revision(_ row: StoredRow) throws -> Revision {
        Revision(
            number: row[0], parent: row[1], author: row[2], message: row[3], at: row.timestamp(4),
            origin: try (row[5] as String?).map { try RevisionOrigin(stored: $0) })
    }

    package func takeLease(_ lease: StagingLease, at now: Timestamp) async throws -> StagingLease? {
        try await write { database in
            let other = try database.first("SELECT id, holder, until FROM staging_lease") { row in
                StagingLease(id: row[0], holder: row[1], until: row.timestamp(2))
            }
            if let other, other.id != lease.id, other.until > now { return other }
            try database.run("DELETE FROM staging_lease", [])
            try database.run(
                "INSERT INTO staging_lease (id, holder, until) VALUES (?, ?, ?)",
                [lease.id, lease.holder, lease.until.stored])
            return nil
        }
    }

    package func releaseLease(_ id: String) async throws {
        try await write { try $0.run("DELETE FROM staging_lease WHERE id = ?", [id]) }
    }
}

extension ArtifactEntry {
    /// What an entry is found by within one revision.
    fileprivate struct Key: Hashable {
        var kind: String
        var name: String
        var version: String
    }

    fileprivate var key: Key { Key(kind: kind, name: name, version: version) }
}
