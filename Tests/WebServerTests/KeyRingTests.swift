import Contracts
import Foundation
import Logging
import Services
import Synchronization
import Testing
import Values
import WebServer
import WebServerTesting
import YAMLReader

@Suite struct KeyRingTests {
    private static let hash = String(repeating: "ab", count: 32)

    private static func read(_ text: String, _ file: String = "keys.yaml") throws -> KeyRing {
        try KeyRing(YAMLReader.read(Array(text.utf8), file: file))
    }

    @Test func `a file of keys is read as YAML and as JSON`() throws {
        let yaml = try Self.read(
            """
            - name: ci
              roles: [deployer, viewer]
              sha256: "\(Self.hash.uppercased())"
              expires: "2027-01-31T12:00:00Z"
              workflows: ["media-*", order]
            - {name: ops, role: operator, sha256: \(String(repeating: "cd", count: 32))}
            """)
        #expect(yaml.keys.map(\.name) == ["ci", "ops"])
        #expect(yaml.keys[0].roles == [.deployer, .viewer] && yaml.keys[0].sha256 == Self.hash)
        #expect(yaml.keys[0].expires == Timestamp(iso8601: "2027-01-31T12:00:00Z"))
        #expect(yaml.keys[0].workflows?.map(\.text) == ["media-*", "order"])
        #expect(yaml.keys[1].workflows == nil && yaml.keys[1].expires == nil)
        let json = try Self.read(#"[{"name": "ci", "role": "admin", "sha256": "\#(Self.hash)"}]"#, "keys.json")
        #expect(json.keys.map(\.roles) == [[.admin]])
        #expect(try Self.read(yaml.keys.map(\.yaml).joined()) == yaml, "what is printed can be read")
        #expect(try Self.read("[]").keys == [])
    }

    @Test(arguments: [
        ("roles: [admin]", "1.name", "name is"), ("name: a b\n  roles: [admin]", "1.name", "name is"),
        ("name: token\n  roles: [admin]", "1.name", "not token"), ("name: b", "1.roles", "roles is a list"),
        ("name: b\n  roles: []", "1.roles", "roles is a list"),
        ("name: b\n  roles: [root]", "1.roles.0", "no role 'root'"),
        ("name: b\n  role: operater", "1.role", "no role 'operater'"),
        ("name: b\n  role: admin\n  roles: [admin]", "1.role", "not both"),
        ("name: b\n  role: admin\n  sha256: wb_secretsecret", "1.sha256", "never the key itself"),
        ("name: wb_secretsecret\n  role: admin", "1.name", "not a key"),
        ("name: b\n  role: wb_secretsecret", "1.role", "no role 'wb_…'"),
        ("name: b\n  role: admin\n  wb_secretsecret: x", "1.wb_…", "unknown field 'wb_…'"),
        ("name: b\n  role: admin\n  workflow: x", "1.workflow", "unknown field 'workflow'"),
        ("name: b\n  role: admin\n  workflows: []", "1.workflows", "workflows is a list"),
        ("name: b\n  role: admin\n  workflows: media-*", "1.workflows", "workflows is a list"),
        ("name: b\n  role: admin\n  expires: tomorrow", "1.expires", "expires is a date-time"),
        ("name: a\n  role: admin", "1.name", "another key with the name"),
        ("name: b\n  role: admin\n  sha256: \(hash)", "1.sha256", "are the same"),
    ])
    func `a mistake is told with its line and its field`(entry: String, field: String, message: String) throws {
        let own = entry.contains("sha256") ? "" : "\n  sha256: \(String(repeating: "ef", count: 32))"
        let text = "- name: a\n  role: admin\n  sha256: \(Self.hash)\n- \(entry)\(own)\n"
        let error = #expect(throws: Diagnostics.self) { try Self.read(text) }
        let first = try #require(error?.all.first)
        #expect(first.file == "keys.yaml" && first.position.line >= 4 && first.element == field, "\(first)")
        #expect(first.message.contains(message), "\(first)")
        #expect(!"\(first)".contains("wb_secret"))
    }

    @Test func `a text that is no list of keys is refused`() {
        for text in ["", "keys: 1", "- 1", "{", "- name: [a]"] {
            #expect(throws: Diagnostics.self, "\(text)") { try Self.read(text) }
        }
    }

    @Test(arguments: [
        ("media-*", "media-ingest", true), ("media-*", "media-", true), ("media-*", "media", false),
        ("media-*", "xmedia-a", false), ("*", "", true), ("*-eu", "a-eu", true), ("*-eu", "a-eu-b", false),
        ("a*b*c", "aXbYbZc", true), ("a*b*c", "acb", false), ("order", "order", true), ("order", "Order", false),
        ("a**b", "ab", true), ("*a", "aab", false),
    ])
    func `patterns fit whole names`(pattern: String, name: String, fits: Bool) throws {
        #expect(try #require(NamePattern(pattern)).admits(name) == fits)
    }

    @Test func `a pattern of many stars takes no long time`() throws {
        let pattern = try #require(NamePattern(String(repeating: "*a", count: 60) + "b"))
        #expect(!pattern.admits(String(repeating: "a", count: 5000)))
    }

    @Test func `every key is compared, in constant time, wherever the right one stands`() {
        let keys = [Keys.key("a", .admin), Keys.key("b", .viewer), Keys.key("c", .worker)]
        let now = Timestamp(millisecondsSinceEpoch: 0)
        for shown in ["a", "b", "c", "none"] {
            var compared: [String] = []
            let hash = TestServer.digest(Array("wb_\(shown)".utf8))
            let found = KeyRing(keys).find(sha256: hash, at: now) { own, given in
                compared.append(own)
                return ConstantTime.equal(own, given)
            }
            #expect(compared == keys.map(\.sha256))
            #expect(found?.name == (shown == "none" ? nil : shown))
        }
        #expect(ConstantTime.equal("abc", "abc") && ConstantTime.equal("", ""))
        for other in ["abd", "bbc", "ab", "abcd", ""] { #expect(!ConstantTime.equal("abc", other)) }
    }

    @Test func `a key opens nothing from the moment on that it expires`() throws {
        let end = try #require(Timestamp(iso8601: "2027-01-01T00:00:00Z"))
        let ring = KeyRing([Keys.key("a", .admin, expires: end)])
        let hash = ring.keys[0].sha256
        #expect(ring.find(sha256: hash, at: Timestamp(millisecondsSinceEpoch: end.millisecondsSinceEpoch - 1)) != nil)
        #expect(ring.find(sha256: hash, at: end) == nil)
    }

    @Test func `an expired key is as good as none`() async throws {
        let past = Timestamp(millisecondsSinceEpoch: 1)
        try await Keys.run([Keys.key("old", .admin, expires: past), Keys.key("new", .admin)]) { server async throws in
            #expect(try await Keys.client(server, "old").get("/v1/workflows").status == 401)
            #expect(try await Keys.client(server, "new").get("/v1/workflows").status == 200)
        }
    }

    @Test func `the dialect takes a key as the password of its own name`() async throws {
        try await Keys.run([Keys.key("modeler", .deployer), Keys.key("other", .viewer)]) { server async throws in
            func status(_ pair: String, _ path: String) async throws -> Int {
                let header = "Basic " + Data(pair.utf8).base64EncodedString()
                return try await TestClient(server, headers: [("Authorization", header)]).get(path).status
            }
            #expect(try await status("modeler:wb_modeler", "/engine-rest/deployment") == 200)
            #expect(try await status("other:wb_modeler", "/engine-rest/deployment") == 401)
            #expect(try await status("modeler:wb_modele", "/engine-rest/deployment") == 401)
            #expect(try await status("modeler:wb_modeler", "/v1/workflows") == 401)
        }
    }

    // MARK: - The file

    /// Log lines of a test.
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])

        var logger: Logger {
            Logger(label: "test") { _ in Handler(lines: self) }
        }

        private struct Handler: LogHandler {
            let lines: Lines
            var logLevel = Logger.Level.info
            var metadata: Logger.Metadata = [:]
            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }
            func log(event: LogEvent) { lines.all.withLock { $0.append("\(event.message)") } }
        }
    }

    @Test func `a file that changes counts at once; one that is not sound changes nothing, and is told about once`()
        async throws
    {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("keys.yaml").path
            func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
            #expect(throws: KeysFileError.self) { try KeysFile(path, log: Lines().logger) { _, _ in KeyRing([]) } }
            let (a, b) = (Keys.key("a", .admin), Keys.key("b", .viewer))
            try write(a.yaml)
            let lines = Lines()
            let file = try KeysFile(path, log: lines.logger) { try KeyRing(YAMLReader.read($0, file: $1)) }
            #expect(file.ring.keys == [a])
            try write(a.yaml + b.yaml)
            #expect(file.ring.keys == [a, b])
            try write(b.yaml)
            #expect(file.ring.keys == [b])
            #expect(lines.all.withLock { $0.count } == 2)

            try write("- name: x\n  role: admin\n")
            #expect(file.ring.keys == [b] && file.ring.keys == [b])
            let told = lines.all.withLock { $0.dropFirst(2).joined() }
            #expect(
                told.contains("keys.yaml:1:") && told.contains("sha256") && told.contains("stay in force"), "\(told)")
            #expect(lines.all.withLock { $0.count } == 3)

            try FileManager.default.removeItem(atPath: path)
            #expect(file.ring.keys == [b] && file.ring.keys == [b])
            #expect(lines.all.withLock { $0.count } == 4)
            try write(a.yaml)
            #expect(file.ring.keys == [a])
        }
    }

    @Test func `a key that is taken out of the file opens nothing any more`() async throws {
        try await withDirectory { directory in
            let path = directory.appendingPathComponent("keys.yaml").path
            let (a, b) = (Keys.key("a", .admin), Keys.key("b", .viewer))
            try (a.yaml + b.yaml).write(toFile: path, atomically: true, encoding: .utf8)
            let file = try KeysFile(path, log: Lines().logger) { try KeyRing(YAMLReader.read($0, file: $1)) }
            let keys = Security.keys(token: "the one token of old", file: file, hash: TestServer.digest)
            try await TestServer.run(keys: keys) { server in
                #expect(try await Keys.client(server, "b").get("/v1/workflows").status == 200)
                try a.yaml.write(toFile: path, atomically: true, encoding: .utf8)
                #expect(try await Keys.client(server, "b").get("/v1/workflows").status == 401)
                #expect(try await Keys.client(server, "a").get("/v1/workflows").status == 200)
                let token = TestClient(server, headers: [("Authorization", "Bearer the one token of old")])
                #expect(try await token.post("/v1/signals", #"{"name": "s"}"#).status == 202)
            }
        }
    }
}
