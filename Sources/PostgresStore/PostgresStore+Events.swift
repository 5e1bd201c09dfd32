import ProcessEngine
package import Services
package import Values

/// `EventStore`.
extension PostgresStore {
    package func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        var conditions = ["kind = $1", "left(name, 200) = left($2, 200)", "name = $2"]
        var values: [PostgresValue] = [.text(query.kind.rawValue), .text(query.name.withoutNull)]
        func add(_ condition: String, _ value: String) {
            values.append(.text(value.withoutNull))
            conditions.append(condition.replacing("?", with: "$\(values.count)"))
        }
        switch query.key {
        case .any: break
        case .matching(nil): conditions.append("key IS NULL")
        case .matching(let key?): add("(key IS NULL OR key = ?)", key)
        }
        if let businessKey = query.businessKey { add("business_key = ?", businessKey) }
        if let instance = query.instance { add("instance = ?", instance.text) }
        values.append(.int(max(query.limit, 0)))
        let sql = """
            SELECT instance, number, kind, name, key, business_key, definition, element FROM subscription
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY instance, number LIMIT $\(values.count)
            """
        let parameters = values
        return try await lookups.repeatable { connection in
            try connection.all(sql, parameters) { row in
                SubscriptionRow(
                    instance: InstanceID(row.text(0)),
                    subscription: NewSubscription(
                        number: row.number(1), kind: try row.parsed(2) { SubscriptionKind(rawValue: $0) },
                        name: row.text(3), key: row.optional(4, row.text), businessKey: row.optional(5, row.text),
                        definition: try row.definitionID(6), element: ElementID(row.text(7))))
            }
        }
    }

    package func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        try await lookups.repeatable { connection in
            try connection.all(
                "SELECT \(Self.inboxColumns) FROM inbox WHERE due_at <= $1 ORDER BY id LIMIT $2",
                [.int(now.stored), .int(max(limit, 0))], Self.inboxEntry)
        }
    }

    package func awaitedEntries(limit: Int) async throws -> [InboxEntry] {
        try await lookups.repeatable { connection in
            try connection.all(
                """
                SELECT \(Self.inboxColumns) FROM inbox WHERE awaits IS NOT NULL AND EXISTS (
                    SELECT 1 FROM subscription
                    WHERE kind = 'message' AND left(name, 200) = left(inbox.awaits, 200) AND name = inbox.awaits
                        AND (subscription.key IS NULL OR subscription.key = inbox.awaits_key)
                        AND (inbox.awaits_business_key IS NULL
                            OR subscription.business_key = inbox.awaits_business_key))
                ORDER BY id LIMIT $1
                """, [.int(max(limit, 0))], Self.inboxEntry)
        }
    }

    package func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        let posted = try await commits.run { lane in
            try lane.attempt { connection in
                try connection.transaction {
                    if let key {
                        let isNew = try connection.first(
                            """
                            INSERT INTO message_key (hash, at) VALUES (sha256(convert_to($1, 'UTF8')), $2)
                            ON CONFLICT DO NOTHING RETURNING 1
                            """, [.text(key.withoutNull), .int(0)]
                        ) { _ in true }
                        guard isNew ?? false else { return false }
                    }
                    try connection.run([Self.adding(entries.map(\.storable))])
                    return true
                }
            }
        }
        if posted { hinting.send(on: lookups) }
        return posted
    }

    package func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        let redirected = try await commits.run { lane in
            try lane.attempt { connection in
                try connection.transaction {
                    let gone = try connection.first("DELETE FROM inbox WHERE id = $1 RETURNING 1", [.int(entry)]) { _ in
                        true
                    }
                    guard gone ?? false else { return false }
                    if !entries.isEmpty { try connection.run([Self.adding(entries.map(\.storable))]) }
                    return true
                }
            }
        }
        if redirected { hinting.send(on: lookups) }
        return redirected
    }

    /// Ids grow in the order of the entries.
    static func adding(_ entries: [InboxEntry.Content]) -> Connection.Statement {
        Connection.Statement(
            sql: """
                INSERT INTO inbox (due_at, awaits, awaits_key, awaits_business_key, body)
                SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[])
                """,
            values: [
                .ints(entries.map(\.dueAt.stored)), .texts(entries.map(\.awaits?.name)),
                .texts(entries.map(\.awaits?.key)), .texts(entries.map(\.awaits?.businessKey)),
                .blobs(entries.map(\.body)),
            ])
    }

    static let inboxColumns = "id, due_at, awaits, awaits_key, awaits_business_key, body"

    static func inboxEntry(_ row: ResultRow) -> InboxEntry {
        let awaited = row.optional(2, row.text).map {
            InboxEntry.Awaited(name: $0, key: row.optional(3, row.text), businessKey: row.optional(4, row.text))
        }
        return InboxEntry(
            id: row.int(0),
            content: InboxEntry.Content(dueAt: row.timestamp(1), awaits: awaited, body: row.bytes(5)))
    }
}

// A text of PostgreSQL cannot hold a NUL.
extension String {
    var withoutNull: String { utf8.contains(0) ? replacing("\u{0}", with: "\u{FFFD}") : self }
}

extension SubscriptionChange {
    var storable: SubscriptionChange {
        guard case .open(var new) = self else { return self }
        new.name = new.name.withoutNull
        new.key = new.key?.withoutNull
        new.businessKey = new.businessKey?.withoutNull
        return .open(new)
    }
}

extension InboxEntry.Content {
    var storable: InboxEntry.Content {
        var copy = self
        copy.awaits = awaits.map {
            InboxEntry.Awaited(
                name: $0.name.withoutNull, key: $0.key?.withoutNull, businessKey: $0.businessKey?.withoutNull)
        }
        return copy
    }
}
