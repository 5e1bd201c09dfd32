import ProcessEngine
import Services
import ServicesTesting
import Staging
import Testing
import Values
import WebServerTesting

@Suite struct StagingRouteTests {
    private static let lease = "a lease of at least sixteen bytes"

    /// A bundle of another installation, and an installation to stage it into.
    private func withBundle(
        signedBy key: String? = nil, site: TestServer.Site = TestServer.Site(),
        _ body: @escaping @Sendable (TestServer, TestClient, _ bundle: String) async throws -> Void
    ) async throws {
        var dev = TestServer.Site()
        dev.id = "dev"
        let archive = try await TestServer.run(site: dev) { server in
            try await Push.first(to: server)
            let answer = try await TestClient(server).get("/v1/config/bundle")
            #expect(answer.status == 200 && answer.contentType == "application/x-tar")
            return answer.body
        }
        var bundle = try StagingBundle(archive, hash: TestServer.hash)
        bundle.signature = key.map { StagingBundle.Signature(publicKey: $0, signature: "\($0) signed") }
        let text = String(decoding: bundle.archive(hash: TestServer.hash), as: UTF8.self)
        try await TestServer.run(site: site) { server in try await body(server, TestClient(server), text) }
    }

    private static func post(
        _ client: TestClient, _ path: String, _ bundle: String
    ) async throws -> TestClient.Answer {
        try await client.send(
            "POST", "/v1/config/staging/" + path, [("Content-Type", "application/x-tar")], bundle)
    }

    private static func plan(_ client: TestClient, _ bundle: String) async throws -> String {
        let answer = try await post(client, "plan", bundle)
        return try #require(answer.json["plan"]?.stringValue, "\(answer.text)")
    }

    @Test func `a plan changes nothing, its apply makes both equal, and once more is no other revision`() async throws {
        try await withBundle { server, client, bundle in
            let report = try await Self.post(client, "plan", bundle)
            #expect(report.status == 200 && report.json["canApply"]?.boolValue == true)
            #expect(report.json["items"]?.elements()?.map { $0["action"]?.stringValue } == ["added", "added"])
            #expect(report.json["source"]?["store"]?.stringValue == "dev")
            #expect(try await server.config.head() == nil)
            let plan = try #require(report.json["plan"]?.stringValue)
            let path = "apply?plan=\(plan)&author=ben&message=release&lease=0123456789abcdef"
            let applied = try await Self.post(client, path, bundle)
            #expect(applied.status == 201 && applied.json["status"]?.stringValue == "applied", "\(applied.text)")
            #expect(applied.json["revision"]?["author"]?.stringValue == "ben")
            let again = try await Self.post(client, path, bundle)
            #expect(again.status == 200 && again.json["status"]?.stringValue == "alreadyApplied")
            #expect(try await server.config.head()?.number == 1)
            #expect(try await server.deployments.definitions().map(\.id.description) == ["p:1"])
        }
    }

    @Test func `a plan that is out of date is refused`() async throws {
        try await withBundle { server, client, bundle in
            let plan = try await Self.plan(client, bundle)
            _ = try await client.post(
                "/v1/config/push", Push.body([("b.yaml", "kind: task\nname: b\nversion: \"1.0\"\n")]))
            let late = try await Self.post(client, "apply?plan=\(plan)&lease=0123456789abcdef", bundle)
            #expect(late.status == 409 && late.contentType == "application/problem+json")
            #expect(late.json["detail"]?.stringValue?.hasPrefix("the plan is out of date") == true)
            #expect(try await server.config.head()?.number == 1)
        }
    }

    @Test func `nobody stages while somebody else does`() async throws {
        try await withBundle { server, client, bundle in
            let lease = #"{"id":"\#(Self.lease)","holder":"anna","seconds":60}"#
            #expect(try await client.post("/v1/config/staging/lease", lease).status == 200)
            #expect(try await client.post("/v1/config/staging/lease", lease).status == 200)
            let other = try await client.post(
                "/v1/config/staging/lease", #"{"id":"another lease, long enough","holder":"ben"}"#)
            #expect(other.status == 409)
            #expect(other.json["detail"]?.stringValue?.hasPrefix("anna is staging into this installation") == true)
            let plan = try await Self.plan(client, bundle)
            let refused = try await Self.post(client, "apply?plan=\(plan)&lease=0123456789abcdef", bundle)
            #expect(refused.status == 409)
            #expect(try await server.config.head() == nil)
            #expect(try await client.delete("/v1/config/staging/lease/0123456789abcdef").status == 200)
            #expect(try await Self.post(client, "apply?plan=\(plan)&lease=0123456789abcdef", bundle).status == 409)
            let escaped = Self.lease.split(separator: " ").joined(separator: "%20")
            #expect(try await client.delete("/v1/config/staging/lease/\(escaped)").status == 200)
            #expect(try await Self.post(client, "apply?plan=\(plan)&lease=0123456789abcdef", bundle).status == 201)
        }
    }

    @Test(arguments: [nil, "stranger", "forger"] as [String?])
    func `where keys are known, a bundle without a good signature of one of them is refused`(key: String?) async throws
    {
        var site = TestServer.Site()
        site.trust = StagingService.Trust(keys: ["release", "forger"]) { signature, _ in
            signature.publicKey != "forger"
        }
        try await withBundle(signedBy: key, site: site) { _, client, bundle in
            for path in ["plan", "apply?plan=x&lease=0123456789abcdef"] {
                let answer = try await Self.post(client, path, bundle)
                #expect(
                    (400..<500).contains(answer.status) && answer.json["detail"]?.stringValue?.contains("sign") == true)
            }
        }
        try await withBundle(signedBy: "release", site: site) { _, client, bundle in
            let answer = try await Self.post(client, "plan", bundle)
            #expect(answer.status == 200 && answer.json["source"]?["signedBy"]?.stringValue == "release")
        }
    }

    @Test(arguments: [
        ("apply?lease=0123456789abcdef", 400), ("apply?plan=x", 400), ("plan?allowBreaking=maybe", 400),
        ("plan?olny=work", 400), ("plan?only=wrok", 422), ("plan?keep=work&overwrite=work", 422),
    ])
    func `a wrong choice is refused`(path: String, status: Int) async throws {
        try await withBundle { _, client, bundle in
            let answer = try await Self.post(client, path, bundle)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test func `what is no bundle, or a bundle of this installation itself, is refused`() async throws {
        var dev = TestServer.Site()
        dev.id = "dev"
        try await withBundle(site: dev) { _, client, bundle in
            let own = try await Self.post(client, "plan", bundle)
            #expect(own.status == 422 && own.json["detail"]?.stringValue?.contains("itself") == true)
            #expect(try await Self.post(client, "plan", "no bundle").status == 422)
            #expect(try await Self.post(client, "plan", String(bundle.prefix(700))).status == 422)
        }
    }

    @Test func `a rollback shows what it would do, restores, and is refused on an old look`() async throws {
        try await TestServer.run { server in
            try await Push.first(to: server)
            let client = TestClient(server)
            _ = try await client.post("/v1/config/push", Push.body([Push.work("1.1", more: "timeout: PT5S\n")]))
            func rollback(_ more: String) async throws -> TestClient.Answer {
                try await client.post(
                    "/v1/config/staging/rollback", #"{"author":"ben","lease":"\#(Self.lease)"\#(more)}"#)
            }
            let preview = try await rollback(#","dryRun":true"#)
            #expect(preview.status == 200 && preview.json["restored"]?["number"]?.intValue == 1)
            #expect(preview.json["parts"]?.elements()?.map { $0["name"]?.stringValue } == ["work"])
            #expect(try await rollback(#","head":1"#).status == 409)
            #expect(try await rollback(#","revision":7"#).status == 422)
            let done = try await rollback(#","revision":1,"head":2"#)
            #expect(done.status == 201 && done.json["revision"]?["number"]?.intValue == 3, "\(done.text)")
            let restored = try await server.config.artifacts(at: 1)
            #expect(try await server.config.artifacts(at: nil) == restored)
        }
    }
}
