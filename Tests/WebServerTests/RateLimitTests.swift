import Services
import Testing
import Values
import WebServer
import WebServerTesting

@Suite struct RateLimitTests {
    private static func time(_ milliseconds: Int64) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: 1_000_000 + milliseconds)
    }

    @Test func `so many at once, and then as many a second`() {
        let limit = RateLimit(rate: 4)
        for _ in 1...4 { #expect(limit.wait(for: "a", at: Self.time(0)) == nil) }
        #expect(limit.wait(for: "a", at: Self.time(0)) == .milliseconds(250))
        #expect(limit.wait(for: "a", at: Self.time(100)) == .milliseconds(150))
        #expect(limit.wait(for: "a", at: Self.time(250)) == nil)
        #expect(limit.wait(for: "a", at: Self.time(250)) == .milliseconds(250))
        #expect(limit.wait(for: "b", at: Self.time(250)) == nil, "each has his own")
        for _ in 1...4 { #expect(limit.wait(for: "a", at: Self.time(60_000)) == nil) }
        #expect(limit.wait(for: "a", at: Self.time(60_000)) != nil, "what was not used is not kept")
    }

    @Test func `a clock that goes back takes nothing away and gives nothing`() {
        let limit = RateLimit(rate: 1)
        #expect(limit.wait(for: "a", at: Self.time(5000)) == nil)
        #expect(limit.wait(for: "a", at: Self.time(0)) == .milliseconds(1000))
        #expect(limit.wait(for: "a", at: Self.time(1000)) == nil)
    }

    @Test func `many names take no more room than there is`() {
        let limit = RateLimit(rate: 1)
        for name in 0..<30_000 { #expect(limit.wait(for: "\(name)", at: Self.time(Int64(name))) == nil) }
        #expect(limit.wait(for: "29999", at: Self.time(29_999)) != nil, "who came just now is still known")
    }

    @Test func `who makes more requests than he may is told to come back, and nobody else is`() async throws {
        let keys = KeyRing(Keys.ofRoles)
        try await TestServer.run(keys: { keys }, rateLimit: RateLimit(rate: 1)) { server async throws in
            // Well within the second that it takes for the next.
            var statuses: Set<Int> = []
            for _ in 1...20 { statuses.insert(try await Keys.client(server, "viewer").get("/v1/workflows").status) }
            #expect(statuses == [200, 429])
            #expect(try await Keys.client(server, "admin").get("/v1/workflows").status == 200)
            #expect(try await Keys.client(server, "nobody").get("/v1/workflows").status == 401)
            #expect(try await TestClient(server).get("/health/live").status == 200)
        }
    }
}
