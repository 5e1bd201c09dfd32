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
}
