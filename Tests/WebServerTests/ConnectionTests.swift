import Glibc
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
            let first = try Self.answeredConnection(to: server.port)
            #expect(await TestClient(server).end(of: "/health/live", within: .milliseconds(300)) == .timedOut)
            close(first)
            #expect(try await TestClient(server).get("/health/live").status == 200)
        }
    }

    /// A connection that the server has taken: it has answered on it, and leaves it open.
    private static func answeredConnection(to port: Int) throws -> Int32 {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(connection >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let request = Array("GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        try #require(send(connection, request, request.count, 0) == request.count)
        var answer = [UInt8](repeating: 0, count: 4096)
        try #require(recv(connection, &answer, answer.count, 0) > 0)
        return connection
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
