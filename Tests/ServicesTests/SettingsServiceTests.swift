import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// A box that seals by turning bytes around and writing the key and the name before them: good enough to tell who sealed what.
private func box(current: String?, knows: Set<String>) -> SecretBox {
    SecretBox(
        currentKey: current,
        seal: { plain, name in Array("\(current ?? "")|\(name)|".utf8) + plain.reversed() },
        open: { sealed, key, name in
            let prefix = Array("\(key)|\(name)|".utf8)
            guard knows.contains(key), sealed.starts(with: prefix) else { return nil }
            return sealed.dropFirst(prefix.count).reversed()
        })
}

@Suite struct SettingsServiceTests {
    private struct World: Sendable {
        let store = InMemorySettingsStore()
        let simulation: Simulation

        func service(stage: String = "prod", current: String? = "k1", knows: Set<String> = ["k1", "k2"])
            -> SettingsService
        {
            SettingsService(
                store: store, box: box(current: current, knows: knows), stage: stage, time: simulation.clock,
                log: .silent)
        }

        func set(_ name: String, _ value: JSON, stage: String = "", secret: Bool = false) async throws {
            try await service().set(
                SettingID(stage: stage, name: name), to: value, kind: nil, secret: secret, by: "anna")
        }
    }

    private func run(_ body: @escaping @Sendable (World) async throws -> Void) throws {
        try Simulation.run { simulation in try await body(World(simulation: simulation)) }
    }

    private func refusal(_ body: () async throws -> Void) async -> Rejection? {
        do {
            try await body()
            return nil
        } catch {
            return error as? Rejection
        }
    }

    @Test func `a setting of the stage wins over the common one, and those of other stages do not count`() throws {
        try run { world in
            try await world.set("host", .string("nas"))
            try await world.set("host", .string("nas-prod"), stage: "prod")
            try await world.set("host", .string("nas-dev"), stage: "dev")
            try await world.set("port", .number(22), stage: "dev")
            #expect(await world.service().values() == ["host": .string("nas-prod")])
            #expect(await world.service(stage: "").values() == ["host": .string("nas")])
            #expect(try await world.service(stage: "dev").names() == ["host", "port"])
        }
    }

    @Test func `a secret reaches the store sealed, is shown to nobody, and is opened for tasks`() throws {
        try run { world in
            try await world.set("password", .string("hunter2"), secret: true)
            let stored = try await world.store.settings().settings.map(\.body.text).joined()
            #expect(!stored.contains("hunter2") && stored.contains("\"key\":\"k1\""))
            let setting = try #require(try await world.service().settings().first)
            #expect(setting.isSecret && setting.kind == .string && setting.changedBy == "anna")
            let found = await world.service().values()
            #expect(found.values == ["password": .string("hunter2")] && found.secrets == ["password"])
            let blind = await world.service(current: nil, knows: []).values()
            #expect(blind.values.isEmpty && blind.unreadable == ["password": "k1"])
        }
    }

    @Test func `a secret stays secret when it is set again, and cannot be set without a key`() throws {
        try run { world in
            try await world.set("password", .string("one"), secret: true)
            try await world.set("password", .string("two"))
            #expect(try await world.service().settings().first?.isSecret == true)
            let refusal = await refusal {
                try await world.service(current: nil).set(
                    SettingID(stage: "", name: "password"), to: .string("x"), kind: nil, secret: false, by: "b")
            }
            #expect(refusal?.reason == .conflict && refusal?.message.contains("--settings-key-file") == true)
            #expect(await world.service().values().values == ["password": .string("two")])
        }
    }

    @Test func `what is secret in one stage is secret in all, whatever was there first`() throws {
        try run { world in
            try await world.set("password", .string("common"))
            try await world.set("password", .string("hunter2"), stage: "prod", secret: true)
            try await world.set("password", .string("hunter3"), stage: "dev")
            let stored = try await world.store.settings().settings.map(\.body.text).joined()
            for value in ["common", "hunter2", "hunter3"] { #expect(!stored.contains(value)) }
            #expect(await world.service(stage: "").values().values == ["password": .string("common")])
            #expect(await world.service(stage: "dev").values().values == ["password": .string("hunter3")])
        }
    }

    @Test func `a sealed value is worth nothing under another name`() throws {
        try run { world in
            try await world.set("password", .string("hunter2"), secret: true)
            let (version, stored) = try await world.store.settings()
            let moved = StoredSetting(id: SettingID(stage: "", name: "greeting"), body: try #require(stored.first).body)
            _ = try await world.store.changeSettings(putting: [moved], removing: [], since: version)
            let found = await world.service().values()
            #expect(found.values == ["password": .string("hunter2")] && found.unreadable == ["greeting": "k1"])
        }
    }

    @Test func `rotation seals all secrets with the newest key, so that the old one can go`() throws {
        try run { world in
            try await world.set("a", .string("one"), secret: true)
            try await world.set("b", .string("two"), stage: "prod", secret: true)
            try await world.set("c", .string("three"))
            #expect(try await world.service(current: "k2").rotate() == 2)
            #expect(try await world.service(current: "k2").rotate() == 0)
            let values = await world.service(current: "k2", knows: ["k2"]).values()
            #expect(values.values == ["a": .string("one"), "b": .string("two"), "c": .string("three")])
            #expect(values.secrets == ["a", "b"])
        }
    }

    @Test func `rotation without the old key changes nothing`() throws {
        try run { world in
            try await world.set("a", .string("one"), secret: true)
            let before = try await world.store.settings().settings
            let refusal = await refusal { _ = try await world.service(current: "k2", knows: ["k2"]).rotate() }
            #expect(refusal?.message.contains("k1") == true)
            #expect(try await world.store.settings().settings == before)
        }
    }

    @Test func `a change is seen at once here, and within seconds elsewhere`() throws {
        try run { world in
            let (here, there) = (world.service(), world.service())
            let id = SettingID(stage: "", name: "host")
            #expect(await there.values() == [:])
            try await here.set(id, to: .string("a"), kind: nil, secret: false, by: "b")
            #expect(await here.values() == ["host": .string("a")])
            #expect(await there.values() == [:])
            world.simulation.clock.advance(by: .seconds(6))
            #expect(await there.values() == ["host": .string("a")])
            try await here.unset(id)
            #expect(await here.values() == [:])
        }
    }

    @Test func `kinds are kept and checked, and names too`() throws {
        try run { world in
            try await world.set("port", .number(22))
            let wrong = await refusal { try await world.set("port", .string("many")) }
            #expect(wrong?.message == "the setting port is a number, and the value is not")
            for name in ["", "1a", "a b", "a/b", "ä", String(repeating: "a", count: 101)] {
                let refusal = await refusal { try await world.set(name, .number(1)) }
                #expect(refusal?.reason == .invalid)
            }
            let gone = await refusal { try await world.service().unset(SettingID(stage: "", name: "prot")) }
            #expect(gone?.message == "there is no setting prot; did you mean \"port\"?")
        }
    }
}
