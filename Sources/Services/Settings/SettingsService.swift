import Contracts
package import Delivery
package import Logging
import ProcessEngine
import Synchronization
package import Values

/// The settings of an installation: hosts, credentials and the like, which differ from stage to stage and are no part of what is
/// staged. Agents get those that their contract names with each task, as they are at that moment.
///
/// A secret is encrypted before it reaches the store, and is decrypted for a task alone: nobody can read it here.
package final class SettingsService: Sendable {
    private let store: any SettingsStore
    private let box: SecretBox
    private let time: any TimeSource
    private let log: Logger
    /// The stage of this installation; its settings win over the common ones. Empty: there are only those.
    package let stage: String
    private let known = Mutex(Known())

    private struct Known {
        var settings: DeliverySettings = [:]
        var until = Timestamp(millisecondsSinceEpoch: .min)
    }

    /// How long another process may not know of a change.
    private static let freshness: Duration = .seconds(5)

    package init(store: any SettingsStore, box: SecretBox, stage: String, time: any TimeSource, log: Logger) {
        self.store = store
        self.box = box
        self.stage = stage
        self.time = time
        self.log = log
    }

    // MARK: For people

    /// Every setting; of secrets nobody sees the value.
    package func settings() async throws -> [Setting] {
        try await store.settings().settings.map { try Setting($0) }
    }

    /// Whether this process has the key of a setting; of a plain one there is nothing to open.
    package func canOpen(_ setting: Setting) -> Bool {
        switch setting.content {
        case .plain: true
        case .secret: open(setting) != nil
        }
    }

    /// The names that this installation has values for.
    package func names() async throws -> Set<String> {
        Set(try await settings().filter { $0.id.stage.isEmpty || $0.id.stage == stage }.map(\.id.name))
    }

    /// Sets a setting of a stage, or the common one. What is secret in one stage is secret in all, and stays so until it is unset in
    /// all of them. Throws `Rejection(.invalid)`.
    package func set(
        _ id: SettingID, to value: JSON, kind: Setting.Kind?, secret: Bool, by author: String
    ) async throws {
        try check(id)
        try await change { current in
            let before = current.first { $0.id == id }
            let kind = kind ?? before?.kind ?? Self.kind(of: value)
            guard Setting.fits(value, kind) else {
                throw Rejection(.invalid, "the setting \(id.name) is a \(kind.rawValue), and the value is not")
            }
            let isSecret = secret || current.contains { $0.id.name == id.name && $0.isSecret }
            let content = isSecret ? try seal(value, id) : .plain(value)
            var changed = [Setting(id: id, kind: kind, content: content, changedBy: author, changedAt: time.now)]
            for var other in current where isSecret && other.id.name == id.name && other.id != id {
                guard case .plain(let value) = other.content else { continue }
                other.content = try seal(value, other.id)
                changed.append(other)
            }
            return (changed.map(\.stored), [])
        }
    }

    /// Takes a setting away. Throws `Rejection(.gone)` if it is not there.
    package func unset(_ id: SettingID) async throws {
        try await change { current in
            guard current.contains(where: { $0.id == id }) else {
                let names = current.filter { $0.id.stage == id.stage }.map(\.id.name)
                let hint = Spelling.suggestion(for: id.name, among: names).map { "; \($0)" } ?? ""
                throw Rejection(
                    .gone, "there is no setting \(id.name)\(id.stage.isEmpty ? "" : " of \(id.stage)")\(hint)")
            }
            return ([], [id])
        }
    }

    /// Encrypts all secrets with the current key, so that older keys can go. Answers how many there were with another.
    package func rotate() async throws -> Int {
        var count = 0
        try await change { current in
            guard let key = box.currentKey else { throw Self.noKey }
            var resealed: [StoredSetting] = []
            for var setting in current {
                guard case .secret(let old, _) = setting.content, old != key else { continue }
                guard let value = open(setting) else {
                    throw Rejection(
                        .conflict, "the key \(old) of the setting \(setting.id.name) is not known: nothing was rotated")
                }
                setting.content = try seal(value, setting.id)
                resealed.append(setting.stored)
            }
            count = resealed.count
            return (resealed, [])
        }
        return count
    }

    private func check(_ id: SettingID) throws {
        for name in [id.name] + (id.stage.isEmpty ? [] : [id.stage]) where !Setting.isName(name) {
            throw Rejection(
                .invalid, "'\(name.prefix(120))' is no name: letters, digits, dots, hyphens, underscores, at most 100")
        }
    }

    /// Changes settings as they are: looks again if somebody else has changed some meanwhile.
    private func change(
        _ body: ([Setting]) throws -> (putting: [StoredSetting], removing: [SettingID])
    ) async throws {
        for _ in 0..<10 {
            let (version, stored) = try await store.settings()
            let (putting, removing) = try body(try stored.map { try Setting($0) })
            guard !putting.isEmpty || !removing.isEmpty else { return }
            if try await store.changeSettings(putting: putting, removing: removing, since: version) {
                known.withLock { $0.until = Timestamp(millisecondsSinceEpoch: .min) }
                return
            }
        }
        throw Rejection(.conflict, "others change settings all the time; try again")
    }

    private static func kind(of value: JSON) -> Setting.Kind {
        if value.stringValue != nil { return .string }
        if value.boolValue != nil { return .boolean }
        return value.isNumber ? .number : .json
    }

    // MARK: Secrets

    private static let noKey = Rejection(
        .conflict, "this installation has no key to encrypt secrets with: start it with --settings-key-file")

    private func seal(_ value: JSON, _ id: SettingID) throws -> Setting.Content {
        guard let key = box.currentKey else { throw Self.noKey }
        return .secret(key: key, sealed: Hex.text(try box.seal(value.bytes, Self.place(id))))
    }

    private func open(_ setting: Setting) -> JSON? {
        guard case .secret(let key, let sealed) = setting.content, let bytes = Hex.bytes(sealed),
            let plain = box.open(bytes, key, Self.place(setting.id))
        else { return nil }
        return try? JSON(validating: plain)
    }

    /// What a secret is bound to: it cannot be given out as another setting.
    private static func place(_ id: SettingID) -> String { "\(id.stage)/\(id.name)" }

    // MARK: For tasks

    /// The value of each setting in this stage, now: at most a few seconds old. Where the store is away, as they were last known.
    @discardableResult
    package func values() async -> DeliverySettings {
        let (fresh, last) = known.withLock { ($0.until > time.now, $0.settings) }
        if fresh { return last }
        do {
            let settings = try await settings()
            var found: DeliverySettings = [:]
            // The common ones first: those of the stage win.
            for setting in settings.sorted(by: { $0.id < $1.id }) where ["", stage].contains(setting.id.stage) {
                switch setting.content {
                case .plain(let value): found.values[setting.id.name] = value
                case .secret(let key, _):
                    found.values[setting.id.name] = open(setting)
                    found.secrets.insert(setting.id.name)
                    found.unreadable[setting.id.name] = found.values[setting.id.name] == nil ? key : nil
                }
            }
            remember(found)
            return found
        } catch {
            log.warning("settings are as they were last known: \(error)")
            return last
        }
    }

    private func remember(_ found: DeliverySettings) {
        let isNews = known.withLock { known in
            defer { known.settings = found }
            known.until = time.now.advanced(by: Self.freshness)
            return !found.unreadable.allSatisfy { known.settings.unreadable[$0.key] == $0.value }
        }
        guard isNews else { return }
        let secrets = found.unreadable.sorted { $0.key < $1.key }.map { "\($0.key) (key \($0.value))" }
        log.error("secrets cannot be opened with the keys of this process: \(secrets.joined(separator: ", "))")
    }
}
