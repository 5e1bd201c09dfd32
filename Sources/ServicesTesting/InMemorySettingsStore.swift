package import Services
import Synchronization
import Values

/// The reference for every store of settings.
package final class InMemorySettingsStore: SettingsStore {
    private let state = Mutex<(version: Int64, settings: [SettingID: StoredSetting])>((0, [:]))

    package init() {}

    package func settings() async throws -> (version: Int64, settings: [StoredSetting]) {
        state.withLock { ($0.version, $0.settings.values.sorted { $0.id < $1.id }) }
    }

    package func changeSettings(
        putting: [StoredSetting], removing: [SettingID], since version: Int64
    ) async throws -> Bool {
        state.withLock { state in
            guard state.version == version else { return false }
            state.version += 1
            for id in removing { state.settings[id] = nil }
            for setting in putting { state.settings[setting.id] = setting }
            return true
        }
    }
}
