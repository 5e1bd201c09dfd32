import Foundation
import Testing
import Values

/// Settings on their way to a program: start -> store -> end, where `store` needs a host and a password.
@Suite(.serialized) struct SettingsTests {
    private static let files = [
        "store.yaml": """
        kind: task
        name: media.store
        version: "1.0"
        input: {type: object}
        settings: [storage.host]
        secrets: [storage.password]
        """,
        "keep.yaml": """
        kind: workflow
        name: media.keep
        version: "1.0"
        process: keep
        input: {type: object}
        """,
        "keep.bpmn": """
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:waybill="https://waybill.dev/bpmn/1.0"
          targetNamespace="https://waybill.dev/tests"><process id="keep" isExecutable="true">
          <startEvent id="start"/><serviceTask id="store" waybill:contract="media.store@1"/><endEvent id="end"/>
          <sequenceFlow id="f" sourceRef="start" targetRef="store"/>
          <sequenceFlow id="g" sourceRef="store" targetRef="end"/>
        </process></definitions>
        """,
        // Leaves the settings of each task where only this test looks.
        "store": """
        #!/bin/sh
        read -r input
        echo "$WAYBILL_SETTINGS" >>"$1"
        echo '{}'
        """,
    ]

    @Test(.timeLimit(.minutes(5)))
    func `settings reach an agent with its task, as they are at that moment, and a secret is seen nowhere else`()
        async throws
    {
        let site = try Installation("settings")
        defer { site.tearDown() }
        let files = site.directory.appending(path: "files")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        for (name, text) in Self.files {
            try text.write(to: files.appending(path: name), atomically: true, encoding: .utf8)
        }
        let program = files.appending(path: "store").path
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let key = site.directory.appending(path: "settings.key").path
        try Installation.run(Installation.program, ["settings", "key", key])
        try site.rabbitMQ("start")
        try site.startServer(["--settings-key-file", key, "--stage", "prod", "--log-level", "debug"])
        try await site.waitUntilReady()
        try site.waybill("push", files.path, "-m", "storage")
        let seen = site.directory.appending(path: "seen.log").path
        try site.startAgent("a", contract: "media.store@1", exec: program, prefetch: 1, arguments: [seen])

        try await setPassword("xyzzy-one", at: site)
        try site.waybill("settings", "set", "storage.host", "nas-of-all")
        try site.waybill("settings", "set", "storage.host", "nas1", "--stage", "prod")
        try site.waybill("start", "media.keep", "--wait")
        try site.waybill("settings", "set", "storage.host", "nas2", "--stage", "prod")
        try await setPassword("xyzzy-two", at: site)
        try site.waybill("start", "media.keep", "--wait")

        let lines = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\n").map(String.init)
        let settings = try lines.map { try JSON(validating: $0) }
        #expect(settings.map { $0["storage.host"]?.stringValue } == ["nas1", "nas2"])
        #expect(settings.map { $0["storage.password"]?.stringValue } == ["xyzzy-one", "xyzzy-two"])
        let definitions = try await site.request("GET", "/v1/workflows").body["workflows"]?.elements()
        #expect(definitions?.map { $0["definition"]?.stringValue } == ["keep:1"], "nothing was deployed for it")
        try await expectNowhere("xyzzy", site)
    }

    private func setPassword(_ password: String, at site: Installation) async throws {
        let file = site.directory.appending(path: "password.txt")
        try password.write(to: file, atomically: true, encoding: .utf8)
        try site.waybill("settings", "set", "storage.password", "--secret", "--file", file.path)
        try FileManager.default.removeItem(at: file)
    }

    /// Not in pages, index and history, not in logs, and not in the store's files once it is closed.
    private func expectNowhere(_ secret: String, _ site: Installation) async throws {
        let http = HTTP(port: site.port)
        let list = try await http.request("GET", "/v1/instances?limit=10").body
        let ids = list["instances"]?.elements()?.compactMap { $0["id"]?.stringValue } ?? []
        #expect(ids.count == 2)
        var pages = ["/v1/instances?limit=10", "/v1/settings", "/v1/contracts", "/v1/config/snapshot", "/metrics"]
        for id in ids { pages += ["/v1/instances/\(id)", "/v1/instances/\(id)/history", "/v1/instances/\(id)/tasks"] }
        for page in pages {
            let text = try await http.text(page)
            #expect(!text.isEmpty && !text.contains(secret), "\(page)")
        }
        let found = try await http.request("GET", "/v1/instances?q=\(secret)-one").body
        #expect(found["instances"]?.elements()?.isEmpty != false)
        #expect(try site.stopServer() == 0)
        for name in ["server.log", "agent-a.log"] {
            let text = try String(contentsOf: site.directory.appending(path: name), encoding: .utf8)
            #expect(!text.isEmpty && !text.contains(secret), "\(name)")
        }
        let data = site.directory.appending(path: "data")
        let enumerator = FileManager.default.enumerator(at: data, includingPropertiesForKeys: nil)
        var count = 0
        while let file = enumerator?.nextObject() as? URL {
            guard let bytes = try? Data(contentsOf: file) else { continue }
            count += 1
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file.lastPathComponent)")
        }
        #expect(count > 0)
    }
}
