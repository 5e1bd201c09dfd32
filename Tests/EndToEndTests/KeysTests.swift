import Foundation
import Testing

/// Keys and the audit log with the real program: made, used, taken away, checked.
@Suite(.serialized) struct KeysTests {
    /// Makes a key, as `>> keys.yaml` does, and answers it.
    private static func key(_ name: String, _ role: String, in site: Installation) throws -> String {
        let shown = site.directory.appending(path: "\(name).key").path
        try Installation.run(
            "/bin/sh",
            [
                "-c", "\"$0\" key new --name \"$1\" --role \"$2\" >> \"$3\" 2> \"$4\"", Installation.program, name,
                role,
                site.directory.appending(path: "keys.yaml").path, shown,
            ])
        let text = try String(contentsOfFile: shown, encoding: .utf8)
        return String(try #require(text.firstMatch(of: /wb_[A-Za-z0-9_-]{43}/)).output)
    }

    private static func run(
        _ arguments: [String], _ key: String?, _ site: Installation
    ) throws -> (status: Int32, text: String) {
        try Installation.outcome(
            of: Installation.program, arguments,
            environment: ["WAYBILL_SERVER": "http://127.0.0.1:\(site.port)", "WAYBILL_TOKEN": key ?? ""])
    }

    @Test func `a key opens what its role says until it is taken away, and the audit log tells who did what`()
        async throws
    {
        let site = try Installation("keys")
        defer { site.tearDown() }
        let (ci, eye) = (try Self.key("ci", "admin", in: site), try Self.key("eye", "viewer", in: site))
        let (keys, audit) = (
            site.directory.appending(path: "keys.yaml"), site.directory.appending(path: "audit.jsonl").path
        )
        let table = try Installation.run(Installation.program, ["key", "check", keys.path])
        #expect(table.contains("ci") && table.contains("viewer"), "\(table)")
        try site.rabbitMQ("start")
        try site.startServer(["--keys-file", keys.path, "--audit-file", audit, "--log-level", "trace"])
        try await site.waitUntilReady()

        let push = [
            "push", Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/hostile").path, "-m", "first",
        ]
        #expect(try Self.run(push, nil, site).text.contains("wants a key"))
        let refused = try Self.run(push, eye, site)
        #expect(refused.status != 0 && refused.text.contains("the right 'deploy'"), "\(refused.text)")
        let pushed = try Self.run(push, ci, site)
        #expect(pushed.status == 0, "\(pushed.text)")
        let seen = try Self.run(["workflows"], eye, site)
        #expect(seen.status == 0 && seen.text.contains("hostile.flow"), "\(seen.text)")

        // Without the entry of `eye`, which is the last, its key opens nothing any more.
        let entries = try String(contentsOf: keys, encoding: .utf8)
        let cut = try #require(entries.range(of: "- name: \"eye\""))
        try entries[..<cut.lowerBound].write(to: keys, atomically: true, encoding: .utf8)
        #expect(try Self.run(["workflows"], eye, site).text.contains("does not know the key"))
        #expect(try Self.run(["workflows"], ci, site).status == 0)
        _ = try site.stopServer()

        let text = try String(contentsOfFile: audit, encoding: .utf8)
        let log = site.logTail("server", lines: 100_000)
        for key in [ci, eye] { #expect(!text.contains(key) && !log.contains(key), "a key is in no log") }
        let whole = try Installation.run(Installation.program, ["audit", "verify", audit])
        let last = String(try #require(whole.firstMatch(of: /\d+:[0-9a-f]{64}/)).output)
        let done = try #require(text.split(separator: "\n").first { $0.contains("\"done\"") })
        #expect(done.contains("\"ci\"") && done.contains("POST /v1/config/push"))

        func verify(_ text: String) throws -> (status: Int32, text: String) {
            try text.write(toFile: audit, atomically: true, encoding: .utf8)
            return try Installation.outcome(
                of: Installation.program, ["audit", "verify", audit, "--known", last])
        }
        #expect(try verify(text).status == 0)
        let forged = try verify(text.replacing("\"unknown\"", with: "\"somebody\"", maxReplacements: 1))
        #expect(forged.status == 1 && forged.text.contains("it does not follow line 1"), "\(forged.text)")
        let short = try verify(text.split(separator: "\n").dropLast().map { $0 + "\n" }.joined())
        #expect(short.status == 1 && short.text.contains("the end was cut off"), "\(short.text)")
    }
}
