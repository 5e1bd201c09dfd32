package import Services
package import Values

extension PostgresStore: ConfigStore {
    package func head() async throws -> Revision? {
        try await search.repeatable(Self.head)
    }

    package func revisions(before: Int?, limit: Int) async throws -> [Revision] {
        try await search.repeatable { connection in
            try connection.all(
                """
                SELECT number, parent, author, message, at, origin FROM revision WHERE number < $1
                ORDER BY number DESC LIMIT $2
                """, [.int(before ?? Int.max), .int(max(limit, 0))], Self.revision)
        }
    }

    package func artifacts(at revision: Int?) async throws -> [ArtifactEntry] {
        try await search.repeatable { connection in
            guard let number = try revision ?? Self.head(connection)?.number else { return [] }
            return try Self.entries(of: number, connection)
        }
    }

    package func content(_ hash: String) async throws -> [UInt8]? {
        try await search.repeatable { connection in
            try connection.first("SELECT content FROM artifact_content WHERE hash = $1", [.text(hash)]) { $0.bytes(0) }
        }
    }

    package func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome {
        try await search.transaction { connection in
            // One push at a time; readers go on.
            try connection.run("LOCK TABLE revision IN SHARE ROW EXCLUSIVE MODE")
            let head = try Self.head(connection)
            if change.parent != head?.number {
                guard let head else {
                    throw StoreError(
                        .misuse, "this store has no revision yet, so \(change.parent ?? 0) cannot be a parent")
                }
                return .outdated(head)
            }
            if let head, change.origin == nil, Set(try Self.entries(of: head.number, connection)) == Set(change.entries)
            {
                return .unchanged(head)
            }
            let revision = Revision(
                number: (head?.number ?? 0) + 1, parent: head?.number, author: change.author, message: change.message,
                at: now, origin: change.origin)
            try Self.store(revision, change, connection)
            return .stored(revision)
        }
    }

    private static func store(_ revision: Revision, _ change: NewRevision, _ connection: Connection) throws {
        try connection.run(
            """
            INSERT INTO artifact_content (hash, content) SELECT * FROM unnest($1::text[], $2::bytea[])
            ON CONFLICT (hash) DO NOTHING
            """, [.texts(change.contents.map(\.hash)), .blobs(change.contents.map(\.content))])
        let entries = change.entries
        var seen: Set<[String]> = []
        for entry in entries where !seen.insert([entry.kind, entry.name, entry.version]).inserted {
            throw StoreError(.misuse, "\(entry.kind) \(entry.name) \(entry.version) is twice in the change set")
        }
        let known = Set(
            try connection.all(
                "SELECT hash FROM artifact_content WHERE hash = ANY($1::text[])", [.texts(entries.map(\.hash))]
            ) { $0.text(0) })
        if let entry = entries.first(where: { !known.contains($0.hash) }) {
            throw StoreError(
                .misuse, "the content of \(entry.kind) \(entry.name) \(entry.version) (\(entry.hash)) is missing")
        }
        try connection.run([
            Connection.Statement(
                sql:
                    "INSERT INTO revision (number, parent, author, message, at, origin) VALUES ($1, $2, $3, $4, $5, $6)",
                values: [
                    .int(revision.number), .optional(revision.parent), .text(revision.author), .text(revision.message),
                    .int(revision.at.stored), .text(revision.origin?.json.text),
                ]),
            Connection.Statement(
                sql: """
                    INSERT INTO revision_entry (revision, kind, name, version, hash)
                    SELECT $1, e.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS e
                    """,
                values: [
                    .int(revision.number), .texts(entries.map(\.kind)), .texts(entries.map(\.name)),
                    .texts(entries.map(\.version)), .texts(entries.map(\.hash)),
                ]),
        ])
    }

    private static func head(_ connection: Connection) throws -> Revision? {
        try connection.first(
            "SELECT number, parent, author, message, at, origin FROM revision ORDER BY number DESC LIMIT 1", [],
            revision)
    }

    private static func entries(of revision: Int, _ connection: Connection) throws -> [ArtifactEntry] {
        try connection.all(
            """
            SELECT kind, name, version, hash FROM revision_entry WHERE revision = $1
            ORDER BY kind, name, \(versionOrder)
            """, [.int(revision)]
        ) { ArtifactEntry(kind: $0.text(0), name: $0.text(1), version: $0.text(2), hash: $0.text(3)) }
    }

    private static func revision(_ row: ResultRow) throws -> Revision {
        Revision(
            number: row.number(0), parent: row.optional(1, row.number), author: row.text(2), message: row.text(3),
            at: row.timestamp(4), origin: try row.optional(5, row.text).map { try RevisionOrigin(stored: $0) })
    }

    package func takeLease(_ lease: StagingLease, at now: Timestamp) async throws -> StagingLease? {
        try await search.transaction { connection in
            // One at a time, also where there is no row to lock yet.
            try connection.run("LOCK TABLE staging_lease IN SHARE ROW EXCLUSIVE MODE")
            let other = try connection.first("SELECT id, holder, until FROM staging_lease") { row in
                StagingLease(id: row.text(0), holder: row.text(1), until: row.timestamp(2))
            }
            if let other, other.id != lease.id, other.until > now { return other }
            try connection.run("DELETE FROM staging_lease")
            try connection.run(
                "INSERT INTO staging_lease (id, holder, until) VALUES ($1, $2, $3)",
                [.text(lease.id), .text(lease.holder), .int(lease.until.stored)])
            return nil
        }
    }

    package func releaseLease(_ id: String) async throws {
        try await search.transaction { connection in
            _ = try connection.run("DELETE FROM staging_lease WHERE id = $1", [.text(id)])
        }
    }
}
