package import ProcessEngine
package import Services
package import Values

extension PostgresStore: RetentionStore {
    package func ended(_ definition: DefinitionID, by time: Timestamp, limit: Int) async throws -> [InstanceID] {
        try await search.repeatable { connection in
            try connection.all(
                """
                SELECT id FROM index_instance WHERE definition = $1 AND ended_at <= $2 ORDER BY ended_at, id LIMIT $3
                """, [.text(definition.description), .int(time.stored), .int(max(limit, 0))]
            ) { InstanceID($0.text(0)) }
        }
    }

    package func remove(_ instances: [InstanceID], rows: Int) async throws -> Removal {
        guard !instances.isEmpty else { return Removal() }
        return try await projection.transaction { connection in
            try RetentionRemoval(connection: connection).run(instances, rows: rows)
        }
    }
}

/// `RetentionStore.remove`, inside its transaction.
private struct RetentionRemoval {
    let connection: Connection

    /// Like everybody who changes the index it locks the row of the position first.
    func run(_ instances: [InstanceID], rows limit: Int) throws -> Removal {
        let answers = try connection.run([
            Connection.Statement(sql: "SELECT position FROM index_position FOR UPDATE"),
            Connection.Statement(
                sql: """
                    SELECT \(IndexColumns.instance),
                        (SELECT count(*) FROM (SELECT 1 FROM journal WHERE instance = k.id LIMIT $2) AS j)
                        + (SELECT count(*) FROM (SELECT 1 FROM index_task WHERE instance = k.id LIMIT $2) AS t)
                    FROM unnest($1::text[]) WITH ORDINALITY AS k(id, place)
                    JOIN index_instance ON index_instance.id = k.id COLLATE "C"
                    WHERE ended_at IS NOT NULL ORDER BY k.place
                    """, values: [.texts(instances.map(\.text)), .int(limit + 1)]),
        ])
        let found = try answers[1].map { (instance: try IndexColumns.instance($0), rows: $0.number(16)) }
        let plan = RemovalPlan(found.map { ($0.instance.id, $0.rows) }, limit: limit)
        let whole = Set(plan.whole)
        var statements = remove(found.map(\.instance).filter { whole.contains($0.id) })
        if let part = plan.part { statements += remove(part.rows, of: part.instance) }
        if !statements.isEmpty { try connection.run(statements) }
        return Removal(instances: plan.whole.count, rows: plan.rows)
    }

    private func remove(_ instances: [IndexedInstance]) -> [Connection.Statement] {
        guard !instances.isEmpty else { return [] }
        let ids = PostgresValue.texts(instances.map(\.id.text))
        let tables = [
            "journal", "start_key", "task", "timer", "subscription", "index_task", "index_user_task", "index_candidate",
        ]
        var statements = tables.map { table in
            Connection.Statement(sql: "DELETE FROM \(table) WHERE instance = ANY($1::text[])", values: [ids])
        }
        let pairs = instances.flatMap { instance in instance.labels.metadata.map { (instance, $0) } }
        if !pairs.isEmpty {
            statements.append(
                Connection.Statement(
                    sql: """
                        DELETE FROM index_metadata
                        USING unnest($1::text[], $2::bigint[], $3::text[]) AS m(pair, started_at, instance)
                        WHERE index_metadata.pair = sha256(convert_to(m.pair, 'UTF8'))
                            AND index_metadata.started_at = m.started_at
                            AND index_metadata.instance = m.instance COLLATE "C"
                        """,
                    values: [
                        .texts(pairs.map { IndexColumns.pairText($0.1) }), .ints(pairs.map(\.0.startedAt.stored)),
                        .texts(pairs.map(\.0.id.text)),
                    ]))
        }
        let counts = Dictionary(grouping: instances, by: \.state).mapValues(\.count)
            .sorted { $0.key.rawValue < $1.key.rawValue }
        statements.append(
            Connection.Statement(
                sql: """
                    UPDATE index_count SET instances = index_count.instances - c.instances
                    FROM unnest($1::text[], $2::bigint[]) AS c(state, instances)
                    WHERE index_count.state = c.state COLLATE "C"
                    """, values: [.texts(counts.map(\.key.rawValue)), .ints(counts.map(\.value))]))
        statements.append(
            Connection.Statement(sql: "DELETE FROM index_instance WHERE id = ANY($1::text[])", values: [ids]))
        return statements
    }

    /// The journal first, from its beginning, then its tasks.
    private func remove(_ rows: Int, of instance: InstanceID) -> [Connection.Statement] {
        [
            Connection.Statement(
                sql: """
                    WITH gone AS (
                        DELETE FROM journal WHERE position IN (
                            SELECT position FROM journal WHERE instance = $1 ORDER BY seq LIMIT $2)
                        RETURNING 1)
                    DELETE FROM index_task WHERE instance = $1 AND number IN (
                        SELECT number FROM index_task WHERE instance = $1 ORDER BY number
                        LIMIT $2 - (SELECT count(*) FROM gone))
                    """, values: [.text(instance.text), .int(rows)])
        ]
    }
}
