package import Services
import Values

extension PostgresStore: SettingsStore {
    package func settings() async throws -> (version: Int64, settings: [StoredSetting]) {
        try await search.repeatable { connection in
            // One statement: both are of one moment.
            let rows = try connection.all(
                """
                SELECT version, stage, name, body FROM setting_version LEFT JOIN setting ON true ORDER BY stage, name
                """
            ) { row in
                (
                    version: row.int(0),
                    setting: try row.optional(1, row.text).map { (stage: String) throws in
                        StoredSetting(
                            id: SettingID(stage: stage, name: row.text(2)),
                            body: try row.parsed(3) { try? JSON(validating: $0) })
                    }
                )
            }
            return (rows.first?.version ?? 0, rows.compactMap(\.setting))
        }
    }

    package func changeSettings(
        putting: [StoredSetting], removing: [SettingID], since version: Int64
    ) async throws -> Bool {
        try await search.transaction { connection in
            let current = try connection.first("SELECT version FROM setting_version FOR UPDATE") { $0.int(0) }
            guard current == version else { return false }
            try connection.run(
                """
                DELETE FROM setting USING unnest($1::text[], $2::text[]) AS gone (stage, name)
                WHERE setting.stage = gone.stage AND setting.name = gone.name
                """, [.texts(removing.map(\.stage)), .texts(removing.map(\.name))])
            try connection.run(
                """
                INSERT INTO setting (stage, name, body) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
                ON CONFLICT (stage, name) DO UPDATE SET body = excluded.body
                """,
                [
                    .texts(putting.map(\.id.stage)), .texts(putting.map(\.id.name)),
                    .texts(putting.map(\.body.text)),
                ])
            try connection.run("UPDATE setting_version SET version = version + 1")
            return true
        }
    }
}
