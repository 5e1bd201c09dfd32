import ProcessEngine
package import Services
import Values

/// Reads a database, in one snapshot; servers may go on using it.
package struct PostgresInspection: StoreInspection {
    private let configuration: PostgresConfiguration

    package init(configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    package func inspect<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreSnapshot) throws -> Answer
    ) async throws(StoreError) -> Answer {
        try configuration.check()
        let lane = Lane("inspection", .searches, Connector(configuration: configuration))
        let schema = configuration.schema
        let result: Result<Answer, StoreError>
        do {
            let answer = try await lane.run { lane in
                try lane.attempt { connection in
                    try Schema(name: schema, connection: connection).checkIsNewest()
                    return try Self.read(connection, body)
                }
            }
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        await lane.close()
        return try result.get()
    }

    private static func read<Answer>(
        _ connection: Connection, _ body: (any StoreSnapshot) throws -> Answer
    ) throws -> Answer {
        try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        defer { connection.rollBack() }
        // It reads all there is, and what is read is checked here, between two statements.
        try connection.run("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        return try connection.withoutTimeLimit { try body(PostgresSnapshot(connection: connection)) }
    }
}

private struct PostgresSnapshot: StoreSnapshot {
    let connection: Connection

    /// PostgreSQL has no check of a whole database; its checksums are compared with each page that is read.
    func damage() throws -> [String] { [] }

    func summary() throws -> StoreSummary {
        var summary = StoreSummary()
        summary.journalPosition =
            try connection.first("SELECT coalesce(max(position), 0)::bigint FROM journal") { $0.int(0) } ?? 0
        summary.indexPosition = try connection.first("SELECT position FROM index_position") { $0.int(0) } ?? 0
        let counts = try connection.all("SELECT state, instances FROM index_count") { row in
            (try row.parsed(0, InstanceState.init(rawValue:)), row.number(1))
        }
        summary.instanceCounts = Dictionary(uniqueKeysWithValues: counts)
        summary.definitions = Set(
            try connection.all("SELECT process, version FROM definition") {
                DefinitionID(process: $0.text(0), version: $0.number(1))
            })
        summary.revisions = try connection.all("SELECT number, parent FROM revision ORDER BY number") {
            (number: $0.number(0), parent: $0.optional(1, $0.number))
        }
        summary.missingContents = try connection.all(
            """
            SELECT revision, kind, name, version FROM revision_entry WHERE NOT EXISTS (
                SELECT 1 FROM artifact_content WHERE artifact_content.hash = revision_entry.hash)
            ORDER BY revision, kind, name, version
            """
        ) { "\($0.text(1)) \($0.text(2)) \($0.text(3)) of revision \($0.number(0))" }
        return summary
    }

    func instances(after: InstanceID?, limit: Int) throws -> [StoredInstance] {
        let tables = StoredInstance.tables.map { table, column in
            "(SELECT DISTINCT \(column) AS id FROM \(table) WHERE \(column) > $1 ORDER BY 1 LIMIT $2)"
        }
        let ids = try connection.all(
            tables.joined(separator: " UNION ") + " ORDER BY 1 LIMIT $2", [.text(after?.text ?? ""), .int(limit)]
        ) { $0.text(0) }
        return ids.isEmpty ? [] : try Batch(ids, connection).instances
    }

    func hasInstance(startedWith key: String) throws -> Bool {
        try connection.first(
            "SELECT 1 FROM start_key WHERE hash = sha256(convert_to($1::text, 'UTF8'))", [.text(key)]
        ) { _ in true } ?? false
    }

    func inbox(after: Int64, limit: Int) throws -> [InboxEntry] {
        try connection.all(
            "SELECT \(PostgresStore.inboxColumns) FROM inbox WHERE id > $1 ORDER BY id LIMIT $2",
            [.int(after), .int(limit)], PostgresStore.inboxEntry)
    }

    func outboxCount() throws -> Int { try connection.first("SELECT count(*) FROM outbox") { $0.number(0) } ?? 0 }

    func contents(_ body: (StoredContent) throws -> Void) throws {
        for (kind, table, name, content) in [
            ("artifact", "artifact_content", "hash", "content"),
            ("definition", "definition", "process || ':' || version", "source"),
            ("decision", "decision", "decision || ':' || version", "source"),
        ] {
            // One at a time: a content may be large.
            let keys = try connection.all("SELECT ctid::text, \(name), hash FROM \(table) ORDER BY 2") {
                (place: $0.text(0), name: $0.text(1), hash: $0.text(2))
            }
            for key in keys {
                let bytes = try connection.first(
                    "SELECT \(content) FROM \(table) WHERE ctid = $1::text::tid", [.text(key.place)]
                ) { $0.bytes(0) }
                try body(StoredContent(name: "\(kind) \(key.name)", hash: key.hash, bytes: bytes ?? []))
            }
        }
    }
}

/// What is kept of some instances, each kind of row in one statement.
private struct Batch {
    private let connection: Connection
    private let ids: [String]
    private var places: [String: Int] = [:]
    private(set) var instances: [StoredInstance] = []

    init(_ ids: [String], _ connection: Connection) throws {
        self.connection = connection
        self.ids = ids
        for id in ids {
            places[id] = instances.count
            instances.append(StoredInstance(id: InstanceID(id)))
        }
        try readEngine()
        try readIndex()
    }

    /// Rows begin with the instance. Those that cannot be read back are told, and do not keep the others from being read.
    private mutating func read(
        _ columns: String, of table: String, by column: String = "instance", order: String,
        _ store: (inout StoredInstance, ResultRow) throws -> Void
    ) throws {
        let rows = try connection.run(
            "SELECT \(columns) FROM \(table) WHERE \(column) = ANY($1::text[]) ORDER BY \(column), \(order)",
            [.texts(ids)])
        rows.forEach { row in
            guard let place = places[row.text(0)] else { return }
            do {
                try store(&instances[place], row)
            } catch {
                instances[place].unreadable.append("\(error)")
            }
        }
    }

    private mutating func readEngine() throws {
        try read("instance, seq, position, at, events", of: "journal", order: "seq") { instance, row in
            instance.journal.append(
                JournalRow(
                    instance: instance.id, seq: row.number(1), position: row.int(2), at: row.timestamp(3),
                    events: row.bytes(4)))
        }
        try read(
            "\(PostgresStore.taskColumns), definition, business_key, input_position, input_offset, input_length",
            of: "task",
            order: "number"
        ) { instance, row in
            instance.tasks.append(
                StoredTask(
                    row: try TaskRow(stored: row, from: 0), definition: try row.definitionID(17),
                    businessKey: row.optional(18, row.text), inputPosition: row.int(19), inputOffset: row.number(20),
                    inputLength: row.number(21), ownInput: nil))
        }
        try read("instance, number, due_at", of: "timer", order: "number") { instance, row in
            instance.timers.append(
                DueTimer(instance: instance.id, number: row.number(1), dueAt: row.timestamp(2)))
        }
        try read(
            "instance, number, kind, name, key, business_key, definition, element", of: "subscription", order: "number"
        ) { instance, row in
            instance.subscriptions.append(
                SubscriptionRow(
                    instance: instance.id,
                    subscription: NewSubscription(
                        number: row.number(1), kind: try row.parsed(2) { SubscriptionKind(rawValue: $0) },
                        name: row.text(3), key: row.optional(4, row.text), businessKey: row.optional(5, row.text),
                        definition: try row.definitionID(6), element: ElementID(row.text(7)))))
        }
        try read("instance, key", of: "start_key", order: "key") { $0.startKeys.append($1.text(1)) }
    }

    private mutating func readIndex() throws {
        try read(IndexColumns.instance, of: "index_instance", by: "id", order: "id") { instance, row in
            instance.index = try IndexColumns.instance(row)
        }
        try read(IndexColumns.task, of: "index_task", order: "number") { instance, row in
            instance.indexedTasks.append(try IndexColumns.task(row))
        }
        try read("instance, number, element, assignee", of: "index_user_task", order: "number") { instance, row in
            instance.userTasks.append(
                StoredUserTask(
                    number: row.number(1), element: ElementID(row.text(2)), assignee: row.optional(3, row.text)))
        }
    }
}
