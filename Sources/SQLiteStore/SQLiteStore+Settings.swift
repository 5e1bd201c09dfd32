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
        try await write { database in
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
    }

    private static func settingsVersion(_ database: Database) throws -> Int64 {
        try database.first("SELECT version FROM setting_version") { $0[0] } ?? 0
    }
}
