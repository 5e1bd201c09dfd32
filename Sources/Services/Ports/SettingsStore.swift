package import Values

/// The settings of an installation, as the service wrote them: the store does not know what they mean, and sees secrets only sealed.
package protocol SettingsStore: Sendable {
    /// Every setting, ordered by stage and name, and a number that grows with each change.
    func settings() async throws -> (version: Int64, settings: [StoredSetting])

    /// Puts settings and takes others away, in one transaction, if nobody has changed any since `version`; answers false if somebody
    /// has.
    func changeSettings(
        putting: [StoredSetting], removing: [SettingID], since version: Int64
    ) async throws -> Bool
}

package struct SettingID: Sendable, Hashable, Comparable {
    /// Empty: of every stage.
    package var stage: String
    package var name: String
    package init(stage: String, name: String) {
        self.stage = stage
        self.name = name
    }
    package static func < (left: SettingID, right: SettingID) -> Bool {
        (left.stage, left.name) < (right.stage, right.name)
    }
}

package struct StoredSetting: Sendable, Hashable {
    package var id: SettingID
    /// Type, value or sealed value, who changed it and when.
    package var body: JSON
    package init(id: SettingID, body: JSON) {
        self.id = id
        self.body = body
    }
}
