package import Services
import Values

/// What every store of settings must do, as named cases.
package enum SettingsStoreConformance {
    package typealias Case = StoreConformanceCase<any SettingsStore>

    private static func setting(_ stage: String, _ name: String, _ body: JSON = .emptyObject) -> StoredSetting {
        StoredSetting(id: SettingID(stage: stage, name: name), body: body)
    }

    private static func names(_ store: any SettingsStore) async throws -> [String] {
        try await store.settings().settings.map { "\($0.id.stage)/\($0.id.name)" }
    }

    package static let cases: [Case] = [
        Case("is empty at first") { store in
            try requireAnswer(try await names(store), [])
        },
        Case("keeps settings as they were, by stage and name, and counts up with every change") { store in
            let start = try await store.settings().version
            let body = try JSON(validating: "{\"value\":\"ü\\n\",\"n\":[1,2.50]}")
            let all = [setting("prod", "b"), setting("", "b", body), setting("", "a"), setting("prod", "B")]
            try requireAnswer(try await store.changeSettings(putting: all, removing: [], since: start), true)
            let stored = try await store.settings()
            try requireAnswer(stored.settings, all.sorted { $0.id < $1.id })
            try requireOfStore(stored.version > start, "the version must grow")
        },
        Case("replaces and removes in one change") { store in
            let start = try await store.settings().version
            _ = try await store.changeSettings(
                putting: [setting("", "a"), setting("", "b"), setting("s", "a")], removing: [], since: start)
            let version = try await store.settings().version
            let changed = try await store.changeSettings(
                putting: [setting("", "b", .number(1))],
                removing: [SettingID(stage: "", name: "a"), SettingID(stage: "", name: "unknown")], since: version)
            try requireAnswer(changed, true)
            try requireAnswer(try await store.settings().settings, [setting("", "b", .number(1)), setting("s", "a")])
        },
        Case("changes nothing for who has not seen the last change") { store in
            let start = try await store.settings().version
            _ = try await store.changeSettings(putting: [setting("", "a")], removing: [], since: start)
            let late = try await store.changeSettings(
                putting: [setting("", "b")], removing: [SettingID(stage: "", name: "a")], since: start)
            try requireAnswer(late, false)
            try requireAnswer(try await names(store), ["/a"])
        },
        Case("lets one of many that change at once win") { store in
            let start = try await store.settings().version
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await store.changeSettings(
                            putting: [setting("", "a", .number(number))], removing: [], since: start)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireAnswer(wins, 1)
        },
    ]
}
