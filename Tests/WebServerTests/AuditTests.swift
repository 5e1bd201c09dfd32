import Foundation
import Services
import Testing
import Values
import WebServer
import WebServerTesting

/// What the audit log has of requests.
@Suite struct AuditTests {
    private static let keys = [
        Keys.key("ops", .operator, .starter), Keys.key("eye", .viewer), Keys.key("work", .worker),
        Keys.key("media", .admin, workflows: ["media-*"]),
    ]

    private static func run(_ body: @escaping @Sendable (TestServer, AuditMemory) async throws -> Void) async throws {
        let audit = AuditMemory()
        try await Keys.run(keys, audit: audit) { server in
            try await server.deploy(Model.sequence("scan"))
            try await body(server, audit)
        }
    }

    @Test func `a change is written down with who, what, where from, about what, and what came of it`() async throws {
        try await Self.run { server, audit in
            let client = TestClient(
                server, headers: [("Authorization", "Bearer wb_ops"), ("X-Forwarded-For", "10.1.2.3")])
            let started = try await client.post("/engine-rest/process-definition/key/p/start")
            let id = try #require(started.json.text("id"))
            #expect(try await client.post("/v1/instances/\(id)/cancel").status == 200)
            #expect(try await client.post("/v1/instances/\(id)/cancel").status == 404, "it has ended")
            let entries = audit.entries
            try #require(entries.count == 3)
            #expect(
                entries.map(\.who) == ["ops", "ops", "ops"] && entries.map(\.right) == [.start, .operate, .operate])
            #expect(entries.map(\.outcome) == [.done, .done, .failed] && entries.map(\.status) == [200, 200, 404])
            #expect(entries.allSatisfy { $0.from == "127.0.0.1" && $0.forwardedFor == "10.1.2.3" })
            #expect(entries.allSatisfy { $0.subject.instance == id && $0.subject.workflow == "p" })
            #expect(entries[1].route == "POST /v1/instances/{id}/cancel", "\(entries[1].route)")
        }
    }

    @Test func `reads and the work of workers are not written down`() async throws {
        try await Self.run { server, audit in
            for path in ["/v1/instances", "/v1/workflows", "/engine-rest/process-instance", "/metrics"] {
                #expect(try await Keys.client(server, "eye").get(path).status == 200)
            }
            let fetch = #"{"workerId":"w","maxTasks":1,"topics":[{"topicName":"scan","lockDuration":1000}]}"#
            let fetched = try await Keys.client(server, "work").post("/engine-rest/external-task/fetchAndLock", fetch)
            #expect(fetched.status == 200)
            #expect(audit.entries == [])
        }
    }

    @Test func `what is denied is written down, reads too`() async throws {
        try await Self.run { (server, audit) async throws in
            #expect(try await Keys.client(server, "work").get("/v1/instances").status == 403)
            #expect(try await Keys.client(server, "eye").post("/v1/signals", #"{"name":"s"}"#).status == 403)
            #expect(try await Keys.client(server, "media").post("/v1/workflows/billing/start").status == 403)
            #expect(try await TestClient(server).get("/v1/instances").status == 401)
            let entries = audit.entries
            #expect(entries.map(\.who) == ["work", "eye", "media", "unknown"])
            #expect(entries.allSatisfy { $0.outcome == .denied && $0.reason != nil })
            #expect(entries.map(\.status) == [403, 403, 403, 401])
            #expect(entries.map(\.right) == [.read, .start, .start, .read])
        }
    }

    @Test func `strangers do not fill the log`() {
        let limit = StrangerLines()
        #expect(limit.written(of: 1000, within: .milliseconds(900)) == [0])
        #expect(limit.written(of: 1, within: .zero, later: .seconds(2)) == [999])
    }

    @Test func `a dry run says so, and a push its revision`() async throws {
        let audit = AuditMemory()
        try await Keys.run([Keys.key("ci", .deployer)], audit: audit) { server in
            let files = [Push.work("1.0"), Push.order("1.0"), Push.model()]
            let client = Keys.client(server, "ci")
            for dryRun in [true, false] {
                _ = try await client.post("/v1/config/push", Push.body(files, ("dryRun", .bool(dryRun))))
            }
            #expect(audit.entries.map(\.subject.isDryRun) == [true, false])
            #expect(audit.entries.map(\.subject.revision) == [nil, 1])
        }
    }

    @Test func `nothing is done that cannot be written down`() async throws {
        try await Self.run { server, audit in
            let client = Keys.client(server, "ops")
            audit.fail(ready: true, append: true)
            let refused = try await client.post("/engine-rest/process-definition/key/p/start")
            #expect(refused.status == 503 && refused.text.contains("nothing was done"), "\(refused.text)")
            let own = try await client.post("/v1/signals", #"{"name":"s"}"#)
            #expect(own.status == 503 && own.contentType == "application/problem+json")
            #expect(try await client.get("/engine-rest/process-instance/count").json["count"]?.intValue == 0)
            #expect(try await client.get("/v1/instances").status == 200, "who only looks is served")
            #expect(try await Keys.client(server, "eye").post("/v1/signals", "{}").status == 403)

            audit.fail(ready: false, append: true)
            let done = try await client.post("/engine-rest/process-definition/key/p/start")
            #expect(done.status == 503 && done.text.contains("it was done"), "\(done.text)")
            audit.fail(ready: false, append: false)
            #expect(try await client.post("/engine-rest/process-definition/key/p/start").status == 200)
        }
    }
}

/// The limit for strangers on a clock of its own.
private final class StrangerLines {
    private let limit = StrangerLimit()
    private var now = Timestamp(millisecondsSinceEpoch: 1_000_000)

    func written(of count: Int, within span: Duration, later: Duration = .zero) -> [Int] {
        now = now.advanced(by: later)
        return (0..<count).compactMap { index in
            limit.line(at: now.advanced(by: span * index / count))
        }
    }
}
