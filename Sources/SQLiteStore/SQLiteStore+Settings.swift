import GRDB
package import Services
import Values

extension SQLiteStore: SettingsStore {
    package func settings() async throws -> (version: Int64, settings: [StoredSetting]) {
        try await read { database in
            let settings = try database.all("SELECT stage, name, body FROM setting ORDER BY stage, name") { row in
                StoredSetting(
                    id: SettingID(stage: row[0], name: row[1]), body: try row.parsed(2) { try? JSON(validating: $0) })
            }
            return (try Self.settingsVersion(database), settings)
        }
    }

    package func changeSettings(
        putting: [StoredSetting], removing: [SettingID], since version: Int64
    ) async throws -> Bool {
        let isChanged = try await write { database in
            // What a setting was may have become a secret: it is overwritten where it stood.
            let before = try Int.fetchOne(database, sql: "PRAGMA secure_delete") ?? 0
            _ = try Int.fetchOne(database, sql: "PRAGMA secure_delete = ON")
            defer {
                _ = try? Int.fetchOne(database, sql: "PRAGMA secure_delete = \(before == 2 ? "FAST" : "\(before)")")
            }
            guard try Self.settingsVersion(database) == version else { return false }
            for id in removing {
                try database.run("DELETE FROM setting WHERE stage = ? AND name = ?", [id.stage, id.name])
            }
            for setting in putting {
                try database.run(
                    "INSERT OR REPLACE INTO setting (stage, name, body) VALUES (?, ?, ?)",
                    [setting.id.stage, setting.id.name, setting.body.text])
            }
            try database.run("UPDATE setting_version SET version = version + 1", [])
            return true
        }
        // And the log, which has it as it was written, is emptied. If that fails, the change is made all the same, and the next one
        // empties it.
        if isChanged { try? await emptyLog() }
        return isChanged
    }

    private static func settingsVersion(_ database: Database) throws -> Int64 {
        try database.first("SELECT version FROM setting_version") { $0[0] } ?? 0
    }
}
