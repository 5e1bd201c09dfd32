import ProcessEngine
import Services
import Values

/// A change of the index in two round trips: what it is about is locked and read, decided, and written.
struct IndexWrites {
    let connection: Connection

    /// One transaction. Whoever changes the index locks the row of the position first: so there is one at a time.
    func apply(_ changes: [IndexChange], from: Int64, to: Int64) throws -> Bool {
        let instances = Set(changes.map(\.instance)).map(\.text)
        let tasks = Array(Set(changes.compactMap(\.task)))
        let renamed = changes.compactMap(\.renamesTasksOf).map(\.text)
        let answers = try connection.run([
            Connection.Statement(sql: "BEGIN"),
            Connection.Statement(sql: "SELECT position FROM index_position FOR UPDATE"),
            Connection.Statement(
                sql: "SELECT \(IndexColumns.instance) FROM index_instance WHERE id = ANY($1::text[])",
                values: [.texts(instances)]),
            Connection.Statement(
                sql: """
                    SELECT \(IndexColumns.task) FROM unnest($1::text[], $2::bigint[]) AS k(instance, number)
                    JOIN index_task ON index_task.instance = k.instance COLLATE "C" AND index_task.number = k.number
                    """, values: [.texts(tasks.map(\.instance.text)), .ints(tasks.map(\.number))]),
            Connection.Statement(
                sql: """
                    SELECT \(IndexColumns.task) FROM index_task
                    WHERE index_task.instance = ANY($1::text[]) AND index_task.ended_at IS NULL
                    """, values: [.texts(renamed)]),
        ])
        guard answers[1].first({ $0.int(0) }) == from else {
            try connection.run("ROLLBACK")
            return false
        }
        var update = IndexUpdate(
            instances: try answers[2].map(IndexColumns.instance),
            tasks: try answers[3].map(IndexColumns.task) + answers[4].map(IndexColumns.task))
        for change in changes { update.apply(change) }
        var statements = Self.write(update)
        statements.append(
            Connection.Statement(sql: "UPDATE index_position SET position = $1", values: [.int(to)]))
        statements.append(Connection.Statement(sql: "COMMIT"))
        try connection.run(statements)
        return true
    }

    private static func write(_ update: IndexUpdate) -> [Connection.Statement] {
        var statements: [Connection.Statement] = []
        let instances = update.writtenInstances()
        let new = instances.filter(update.isNew)
        if !new.isEmpty { statements.append(insert(new)) }
        let changed = instances.filter { !update.isNew($0) }
        if !changed.isEmpty { statements.append(change(changed)) }
        let pairs = new.flatMap { instance in instance.labels.metadata.map { (instance, $0) } }
        if !pairs.isEmpty {
            statements.append(
                Connection.Statement(
                    sql: """
                        INSERT INTO index_metadata (pair, started_at, instance)
                        SELECT sha256(convert_to(pair, 'UTF8')), started_at, instance
                        FROM unnest($1::text[], $2::bigint[], $3::text[]) AS m(pair, started_at, instance)
                        ON CONFLICT DO NOTHING
                        """,
                    values: [
                        .texts(pairs.map { IndexColumns.pairText($0.1) }), .ints(pairs.map(\.0.startedAt.stored)),
                        .texts(pairs.map(\.0.id.text)),
                    ]))
        }
        let tasks = update.writtenTasks()
        let newTasks = tasks.filter(update.isNew)
        if !newTasks.isEmpty { statements.append(insert(newTasks)) }
        let changedTasks = tasks.filter { !update.isNew($0) }
        if !changedTasks.isEmpty { statements.append(change(changedTasks)) }
        statements += writeUserTasks(update)
        let counts = update.countChanges(instances).sorted { $0.key.rawValue < $1.key.rawValue }
        if !counts.isEmpty {
            statements.append(
                Connection.Statement(
                    sql: """
                        INSERT INTO index_count (state, instances) SELECT * FROM unnest($1::text[], $2::bigint[])
                        ON CONFLICT (state) DO UPDATE SET instances = index_count.instances + excluded.instances
                        """, values: [.texts(counts.map(\.key.rawValue)), .ints(counts.map(\.value))]))
        }
        return statements
    }

    private static func insert(_ instances: [IndexedInstance]) -> Connection.Statement {
        Connection.Statement(
            sql: """
                INSERT INTO index_instance (
                    id, definition, process, workflow, workflow_version, object_id, started_by, metadata, business_key,
                    state, started_at, ended_at, message, open_incidents, tasks_created, tasks_done, restarted_from)
                SELECT * FROM unnest(
                    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::bigint[],
                    $16::bigint[], $17::text[])
                """,
            values: [
                .texts(instances.map(\.id.text)), .texts(instances.map(\.definition.description)),
                .texts(instances.map(\.definition.process)), .texts(instances.map(\.labels.workflow)),
                .texts(instances.map(\.labels.workflowVersion)), .texts(instances.map(\.labels.objectID)),
                .texts(instances.map(\.labels.startedBy)),
                .texts(instances.map { IndexColumns.text(of: $0.labels.metadata) }),
                .texts(instances.map(\.businessKey)), .texts(instances.map(\.state.rawValue)),
                .ints(instances.map(\.startedAt.stored)), .ints(instances.map(\.endedAt?.stored)),
                .texts(instances.map(\.message)), .ints(instances.map(\.openIncidents)),
                .ints(instances.map(\.tasksCreated)), .ints(instances.map(\.tasksDone)),
                .texts(instances.map(\.labels.restartedFrom?.text)),
            ])
    }

    private static func change(_ instances: [IndexedInstance]) -> Connection.Statement {
        Connection.Statement(
            sql: """
                UPDATE index_instance SET definition = c.definition, process = c.process, workflow = c.workflow,
                    workflow_version = c.workflow_version, state = c.state, ended_at = c.ended_at, message = c.message,
                    open_incidents = c.open_incidents, tasks_created = c.tasks_created, tasks_done = c.tasks_done
                FROM unnest(
                    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                    $9::bigint[], $10::bigint[], $11::bigint[]
                ) AS c(
                    id, definition, process, workflow, workflow_version, state, ended_at, message, open_incidents,
                    tasks_created, tasks_done)
                WHERE index_instance.id = c.id COLLATE "C"
                """,
            values: [
                .texts(instances.map(\.id.text)), .texts(instances.map(\.definition.description)),
                .texts(instances.map(\.definition.process)), .texts(instances.map(\.labels.workflow)),
                .texts(instances.map(\.labels.workflowVersion)), .texts(instances.map(\.state.rawValue)),
                .ints(instances.map(\.endedAt?.stored)), .texts(instances.map(\.message)),
                .ints(instances.map(\.openIncidents)), .ints(instances.map(\.tasksCreated)),
                .ints(instances.map(\.tasksDone)),
            ])
    }

    private static func insert(_ tasks: [IndexedTask]) -> Connection.Statement {
        Connection.Statement(
            sql: """
                INSERT INTO index_task (
                    instance, number, element, contract, major, state, created_at, ended_at, message)
                SELECT * FROM unnest(
                    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                    $8::bigint[], $9::text[])
                """,
            values: [
                .texts(tasks.map(\.id.instance.text)), .ints(tasks.map(\.id.number)), .texts(tasks.map(\.element.text)),
                .texts(tasks.map(\.contract.name)), .ints(tasks.map(\.contract.major)),
                .texts(tasks.map(\.state.rawValue)), .ints(tasks.map(\.createdAt.stored)),
                .ints(tasks.map(\.endedAt?.stored)), .texts(tasks.map(\.message)),
            ])
    }

    private static func change(_ tasks: [IndexedTask]) -> Connection.Statement {
        Connection.Statement(
            sql: """
                UPDATE index_task SET element = c.element, state = c.state, ended_at = c.ended_at, message = c.message
                FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[])
                    AS c(instance, number, element, state, ended_at, message)
                WHERE index_task.instance = c.instance COLLATE "C" AND index_task.number = c.number
                """,
            values: [
                .texts(tasks.map(\.id.instance.text)), .ints(tasks.map(\.id.number)), .texts(tasks.map(\.element.text)),
                .texts(tasks.map(\.state.rawValue)), .ints(tasks.map(\.endedAt?.stored)), .texts(tasks.map(\.message)),
            ])
    }
}
