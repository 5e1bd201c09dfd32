import Dispatch
import Foundation
import GRDB
import ProcessEngine
package import Services
import Values

/// Reads the file of a store that no server has open. It opens the file for reading only, and keeps servers out meanwhile.
package struct SQLiteInspection: StoreInspection {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package func inspect<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreSnapshot) throws -> Answer
    ) async throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "waybill.sqlite.inspect").async {
                continuation.resume(returning: Result.ofStore { try open(body) })
            }
        }
        return try result.get()
    }

    private func open<Answer>(_ body: @escaping (any StoreSnapshot) throws -> Answer) throws -> Answer {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(.unavailable, "there is no file \(path); name the directory that a server has as --data")
        }
        let lock = try FileLock(forStoreAt: path)
        defer { lock.release() }
        var configuration = Configuration()
        configuration.label = "waybill.sqlite.inspect"
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let database = try DatabaseQueue(path: path, configuration: configuration)
        let answer = try database.read { database in
            let version = try Schema.version(of: database, path: path)
            guard version == Schema.newest else {
                throw StoreError(
                    .misuse,
                    "\(path) has schema version \(version), this program reads \(Schema.newest): start its server on it once"
                )
            }
            return try body(SQLiteSnapshot(database: database))
        }
        try database.close()
        return answer
    }
}

private struct SQLiteSnapshot: StoreSnapshot {
    let database: Database

    func damage() throws -> [String] {
        let integrity = try database.all("PRAGMA integrity_check") { $0[0] as String }.filter { $0 != "ok" }
        let references = try database.all("PRAGMA foreign_key_check") { row in
            "row \(row[1] as Int64) of \(row[0] as String) refers to a row of \(row[2] as String) that is not there"
        }
        return integrity + references
    }

    func summary() throws -> StoreSummary {
        var summary = StoreSummary()
        summary.journalPosition = try database.first("SELECT coalesce(max(position), 0) FROM journal") { $0[0] } ?? 0
        summary.indexPosition = try database.first("SELECT position FROM index_position") { $0[0] } ?? 0
        let counts = try database.all("SELECT state, instances FROM index_count") { row in
            (try row.parsed(0, InstanceState.init(rawValue:)), row[1] as Int)
        }
        summary.instanceCounts = Dictionary(uniqueKeysWithValues: counts)
        summary.definitions = Set(
            try database.all("SELECT process, version FROM definition") { DefinitionID(process: $0[0], version: $0[1]) }
        )
        summary.revisions = try database.all("SELECT number, parent FROM revision ORDER BY number") {
            (number: $0[0], parent: $0[1])
        }
        summary.missingContents = try database.all(
            """
            SELECT revision, kind, name, version FROM revision_entry WHERE NOT EXISTS (
                SELECT 1 FROM artifact_content WHERE artifact_content.hash = revision_entry.hash)
            ORDER BY revision, kind, name, version
            """
        ) { "\($0[1] as String) \($0[2] as String) \($0[3] as String) of revision \($0[0] as Int)" }
        return summary
    }

    func instances(after: InstanceID?, limit: Int) throws -> [StoredInstance] {
        let tables = StoredInstance.tables.map { table, column in
            "SELECT * FROM (SELECT DISTINCT \(column) AS id FROM \(table) WHERE \(column) > ?1 ORDER BY 1 LIMIT ?2)"
        }
        return try database.all(
            tables.joined(separator: " UNION ") + " ORDER BY 1 LIMIT ?2", [after?.text ?? "", limit]
        ) { InstanceID($0[0]) }.map(instance)
    }

    private func instance(_ id: InstanceID) throws -> StoredInstance {
        var stored = StoredInstance(id: id)
        /// Rows that cannot be read back are told, and do not keep the others from being read.
        func rows<Row>(_ sql: String, _ read: (StoredRow) throws -> Row) throws -> [Row] {
            try database.all(sql, [id.text]) { row -> Row? in
                do {
                    return try read(row)
                } catch {
                    stored.unreadable.append("\(error)")
                    return nil
                }
            }.compactMap(\.self)
        }
        stored.journal = try rows(
            "SELECT seq, position, at, events FROM journal WHERE instance = ? ORDER BY seq"
        ) { JournalRow(instance: id, seq: $0[0], position: $0[1], at: $0.timestamp(2), events: $0[3]) }
        stored.tasks = try rows(
            """
            SELECT \(SQLiteStore.taskColumns), definition, business_key, input_position, input_offset, input_length, input
            FROM task WHERE instance = ? ORDER BY number
            """, task)
        stored.timers = try rows("SELECT number, due_at FROM timer WHERE instance = ? ORDER BY number") {
            DueTimer(instance: id, number: $0[0], dueAt: $0.timestamp(1))
        }
        stored.subscriptions = try rows(
            """
            SELECT number, kind, name, key, business_key, definition, element FROM subscription WHERE instance = ?
            ORDER BY number
            """
        ) { row in
            SubscriptionRow(
                instance: id,
                subscription: NewSubscription(
                    number: row[0], kind: try row.parsed(1) { SubscriptionKind(rawValue: $0) }, name: row[2],
                    key: row[3],
                    businessKey: row[4], definition: try row.definitionID(5), element: ElementID(row[6])))
        }
        stored.startKeys = try rows("SELECT key FROM start_key WHERE instance = ? ORDER BY key") { $0[0] as String }
        stored.index = try rows(
            "SELECT \(IndexColumns.instance) FROM index_instance WHERE id = ?", IndexColumns.instance
        ).first
        stored.indexedTasks = try rows(
            """
            SELECT number, element, contract, major, state, created_at, ended_at, message FROM index_task
            WHERE instance = ? ORDER BY number
            """
        ) { row in
            IndexedTask(
                id: TaskID(instance: id, number: row[0]), element: ElementID(row[1]),
                contract: ContractKey(name: row[2], major: row[3]),
                state: try row.parsed(4, IndexedTaskState.init(rawValue:)), createdAt: row.timestamp(5),
                endedAt: row.optionalTimestamp(6), message: row[7])
        }
        stored.userTasks = try rows(
            "SELECT number, element, assignee FROM index_user_task WHERE instance = ? ORDER BY number"
        ) { StoredUserTask(number: $0[0], element: ElementID($0[1]), assignee: $0[2]) }
        return stored
    }

    private func task(_ row: StoredRow) throws -> StoredTask {
        StoredTask(
            row: try SQLiteStore.taskRow(row, from: 0), definition: try row.definitionID(17), businessKey: row[18],
            inputPosition: row[19], inputOffset: row[20], inputLength: row[21], ownInput: row[22])
    }

    func hasInstance(startedWith key: String) throws -> Bool { try database.instance(startedWith: key) != nil }

    func inbox(after: Int64, limit: Int) throws -> [InboxEntry] {
        try database.all(
            "SELECT \(SQLiteStore.inboxColumns) FROM inbox WHERE id > ? ORDER BY id LIMIT ?", [after, limit],
            SQLiteStore.inboxEntry)
    }

    func outboxCount() throws -> Int { try database.first("SELECT count(*) FROM outbox") { $0[0] } ?? 0 }

    func contents(_ body: (StoredContent) throws -> Void) throws {
        let rows = """
            SELECT 'artifact ' || hash, hash, content FROM artifact_content
            UNION ALL SELECT 'definition ' || process || ':' || version, hash, source FROM definition
            UNION ALL SELECT 'decision ' || decision || ':' || version, hash, source FROM decision
            """
        _ = try database.all(rows) { try body(StoredContent(name: $0[0], hash: $0[1], bytes: $0[2])) }
    }
}
