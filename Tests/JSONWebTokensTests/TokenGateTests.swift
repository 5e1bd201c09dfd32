import JSONWebTokens
import Services
import Testing
import Values
import WebServerTesting

/// Tokens at the door of the server, beside keys.
@Suite struct TokenGateTests {
    private let provider = Provider()

    private func run(
        keys: (@Sendable () -> KeyRing)? = nil, _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(keys: keys, tokens: provider.verifier(), body)
    }

    /// Of now, as the server's clock has it.
    private func token(_ change: (inout [String: String]) -> Void = { _ in }) async throws -> String {
        try await provider.token(
            Provider.claims { claims in
                claims["exp"] = "4000000000"
                change(&claims)
            })
    }

    private static func client(_ server: TestServer, _ token: String) -> TestClient {
        TestClient(server, headers: [("Authorization", "Bearer \(token)")])
    }

    @Test func `a token opens what its roles say, and nothing else is open`() async throws {
        let good = try await token()
        let expired = try await token { $0["exp"] = "1000000000" }
        let none = try await token { $0["roles"] = "[]" }
        try await run { server async throws in
            #expect(try await Self.client(server, good).get("/v1/workflows").status == 200)
            let denied = try await Self.client(server, good).post("/v1/messages", #"{"name": "m"}"#)
            #expect(denied.status == 403 && denied.text.contains("'jwt:ann'"), "\(denied.text)")
            let late = try await Self.client(server, expired).get("/v1/workflows")
            #expect(late.status == 401 && late.text.contains("it has expired at 2001-09-09T01:46:40"), "\(late.text)")
            #expect(try await Self.client(server, none).get("/v1/workflows").status == 403)
            #expect(try await TestClient(server).get("/v1/workflows").status == 401, "loopback alone opens nothing now")
            #expect(try await Self.client(server, "wb_x").get("/v1/workflows").status == 401)
        }
    }

    @Test func `keys and tokens open side by side`() async throws {
        let good = try await token()
        let key = AccessKey(name: "ops", roles: [.viewer], sha256: TestServer.digest(Array("wb_ops".utf8)))
        try await run(keys: { KeyRing([key]) }) { server async throws in
            #expect(try await Self.client(server, good).get("/v1/workflows").status == 200)
            #expect(try await Self.client(server, "wb_ops").get("/v1/workflows").status == 200)
            #expect(try await Self.client(server, good + "x").get("/v1/workflows").status == 401)
        }
    }

    @Test func `while the provider's keys are not there, the answer is to try later`() async throws {
        let good = try await token()
        provider.fail(true)
        try await run { server async throws in
            #expect(try await Self.client(server, good).get("/v1/workflows").status == 503)
        }
    }
}
