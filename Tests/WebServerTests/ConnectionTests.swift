import Glibc
import Testing
import WebServerTesting

/// Connections whose clients do not do their part.
@Suite struct ConnectionTests {
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
