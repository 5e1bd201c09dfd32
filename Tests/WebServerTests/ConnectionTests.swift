import Logging
import Synchronization
import Testing
import Values
import WebServerTesting

/// Connections whose clients do not do their part, and requests that no route answers.
@Suite struct ConnectionTests {
    @Test(arguments: [
        ("DELETE", "/v1/instances", "GET"), ("POST", "/v1/settings/x", "DELETE, PUT"),
        ("PUT", "/v1/settings/rotate", "POST"), ("PATCH", "/v1/settings/rotate/", "POST"),
        ("HEAD", "/health/ready", "GET"), ("POST", "/", "GET"),
    ])
    func `a method that a path does not know is told those that it does`(
        method: String, path: String, allowed: String
    ) async throws {
        try await TestServer.run { server in
            let answer = try await TestClient(server).send(method, path, [], nil)
            #expect(answer.status == 405 && answer.allow == allowed, "\(answer.status) \(answer.allow ?? "")")
            #expect(answer.contentType == "application/problem+json")
            if method != "HEAD" {
                #expect(answer.json["status"]?.intValue == 405)
                #expect(answer.json["detail"]?.stringValue?.contains("there is no \(method) \(path)") == true)
            }
        }
    }

    @Test func `clients of the dialect are told so in its words, and what is no path is not found`() async throws {
        try await TestServer.run { server in
            let client = TestClient(server)
            let answer = try await client.send("PATCH", "/engine-rest/external-task", [], nil)
            #expect(answer.status == 405 && answer.allow == "GET, POST", "\(answer.allow ?? "")")
            #expect(answer.json["type"]?.stringValue == "RestException")
            for path in ["/v1/nix", "/v1/instances/a/b/c/d", "/engine-rest/nix"] {
                let unknown = try await client.delete(path)
                #expect(unknown.status == 404 && unknown.allow == nil, "\(path)")
            }
        }
    }

    /// Whoever ends a server that could not begin its work looks for the reason in the log.
    @Test func `a server that is ended says no more than why`() async throws {
        let log = KeptLog()
        try await TestServer.run(log: Logger(label: "test") { _ in log }) { _ in }
        #expect(log.lines.isEmpty, "\(log.lines)")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a connection ends when the rest of a request does not come`() async throws {
        try await TestServer.run(idleTimeout: .milliseconds(50)) { server in
            #expect(await TestClient(server).stall("/engine-rest/external-task/fetchAndLock") == .ended)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `of more connections than there may be, the next waits until one has ended`() async throws {
        try await TestServer.run(maxConnections: 1) { server async throws in
            // It keeps its connection after the answer.
            let (first, second) = (TestClient(alone: server), TestClient(alone: server))
            let answered = try? await first.get("/health/live").status
            let kept = await second.end(of: "/health/live", within: .milliseconds(300))
            try await first.shutdown()
            let next = try? await second.get("/health/live").status
            try await second.shutdown()
            #expect(answered == 200)
            #expect(kept == .timedOut)
            #expect(next == 200)
        }
    }
}

/// A log that keeps what it is given.
private struct KeptLog: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private let kept = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    var lines: [String] { kept.all.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kept.all.withLock { $0.append("\(event.level): \(event.message)") }
    }
}
