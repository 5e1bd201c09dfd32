import Foundation
import GRDB
import ProcessEngine
package import Services
package import Values

/// `EventStore`.
extension SQLiteStore {
    package func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        try await read { database in
            var sql = """
                SELECT instance, number, kind, name, key, business_key, definition, element FROM subscription
                WHERE kind = ? AND name = ?
                """
            var arguments: [(any StatementValue)?] = [query.kind.rawValue, query.name]
            if case .matching(let key) = query.key {
                sql += " AND (key IS NULL OR key = ?)"
                arguments += [key]
            }
            if let businessKey = query.businessKey {
                sql += " AND business_key = ?"
                arguments += [businessKey]
            }
            if let instance = query.instance {
                sql += " AND instance = ?"
                arguments += [instance.text]
            }
            arguments += [max(query.limit, 0)]
            return try database.all(sql + " ORDER BY instance, number LIMIT ?", arguments) { row in
                SubscriptionRow(
                    instance: InstanceID(row[0]),
                    subscription: NewSubscription(
                        number: row[1], kind: try row.parsed(2) { SubscriptionKind(rawValue: $0) }, name: row[3],
                        key: row[4], businessKey: row[5], definition: try row.definitionID(6),
                        element: ElementID(row[7])))
            }
        }
    }

    package func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        try await read { database in
            try database.all(
                """
                SELECT \(Self.inboxColumns) FROM inbox WHERE due_at <= ? ORDER BY id LIMIT ?
                """, [now.stored, max(limit, 0)], Self.inboxEntry)
        }
    }

    package func awaitedEntries(limit: Int) async throws -> [InboxEntry] {
        try await read { database in
            try database.all(
                """
                SELECT \(Self.inboxColumns) FROM inbox
                WHERE awaits IS NOT NULL AND EXISTS (
                    SELECT 1 FROM subscription
                    WHERE kind = 'message' AND name = inbox.awaits
                        AND (subscription.key IS NULL OR subscription.key = inbox.awaits_key)
                        AND (inbox.awaits_business_key IS NULL
                            OR subscription.business_key = inbox.awaits_business_key))
                ORDER BY id LIMIT ?
                """, [max(limit, 0)], Self.inboxEntry)
        }
    }

    package func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        try await write { database in
            if let key {
                let isNew = try database.changes(
                    "INSERT INTO message_key (key, at) VALUES (?, unixepoch()) ON CONFLICT DO NOTHING", [key])
                guard isNew else { return false }
            }
            for entry in entries { try database.add(entry) }
            return true
        }
    }

    package func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        try await write { database in
            guard try database.changes("DELETE FROM inbox WHERE id = ?", [entry]) else { return false }
            for entry in entries { try database.add(entry) }
            return true
        }
    }

    static let inboxColumns = "id, due_at, awaits, awaits_key, awaits_business_key, body"

    static func inboxEntry(_ row: StoredRow) throws -> InboxEntry {
        let awaited = (row[2] as String?).map { InboxEntry.Awaited(name: $0, key: row[3], businessKey: row[4]) }
        return InboxEntry(
            id: row[0], content: InboxEntry.Content(dueAt: row.timestamp(1), awaits: awaited, body: row[5]))
    }
}

extension Database {
    func add(_ entry: InboxEntry.Content) throws {
        try run(
            "INSERT INTO inbox (due_at, awaits, awaits_key, awaits_business_key, body) VALUES (?, ?, ?, ?, ?)",
            [
                entry.dueAt.stored, entry.awaits?.name, entry.awaits?.key, entry.awaits?.businessKey, entry.body,
            ])
    }
}
