import Services
import Testing
import Values
import WebServerTesting

@Suite struct SettingsRouteTests {
    /// Seals by turning bytes around: good enough to see whether a secret shows.
    private static let box = SecretBox(
        currentKey: "k1", seal: { plain, _ in plain.reversed() }, open: { sealed, _, _ in sealed.reversed() })

    private func withSettings(
        box: SecretBox = box, _ body: @escaping @Sendable (TestClient) async throws -> Void
    ) async throws {
        var site = TestServer.Site()
        site.box = box
        site.stage = "prod"
        try await TestServer.run(site: site) { server in try await body(TestClient(server)) }
    }

    @Test func `settings are set for every stage or for one, and changed, and taken away`() async throws {
        try await withSettings { client in
            #expect(try await client.get("/v1/settings").text == #"{"stage":"prod","settings":[]}"#)
            #expect(try await client.put("/v1/settings/port", #"{"value":22,"author":"anna"}"#).status == 200)
            #expect(
                try await client.put("/v1/settings/port?stage=prod", #"{"value":2222,"author":"ben"}"#).status == 200)
            let rows = try await client.get("/v1/settings").json["settings"]?.elements() ?? []
            #expect(
                rows.map {
                    "\($0["stage"]?.stringValue ?? "") \($0["value"]?.text ?? "") \($0["changedBy"]?.text ?? "")"
                }
                    == [" 22 \"anna\"", "prod 2222 \"ben\""])
            #expect(rows.allSatisfy { $0["kind"]?.stringValue == "number" })
            #expect(try await client.delete("/v1/settings/port?stage=prod").status == 200)
            #expect(try await client.get("/v1/settings").json["settings"]?.elements()?.count == 1)
        }
    }

    @Test func `the value of a secret goes in and never comes out`() async throws {
        try await withSettings { client in
            let set = try await client.put("/v1/settings/password", #"{"value":"xyzzy-plugh","secret":true}"#)
            #expect(set.status == 200)
            let list = try await client.get("/v1/settings")
            #expect(list.json["settings"]?.elements()?.first?["key"]?.stringValue == "k1")
            #expect(list.json["settings"]?.elements()?.first?["canOpen"]?.boolValue == true)
            // Neither itself nor what the box made of it.
            #expect(!list.text.contains("xyzzy-plugh") && !list.text.contains("hgulp"))
            // It stays secret, whatever the next one says.
            #expect(try await client.put("/v1/settings/password", #"{"value":"plugh-xyzzy"}"#).status == 200)
            #expect(try await client.get("/v1/settings").json["settings"]?.elements()?.first?["value"] == nil)
            #expect(try await client.post("/v1/settings/rotate").json["rotated"]?.intValue == 0)
        }
    }

    @Test func `a secret that the server has no key for is marked`() async throws {
        let box = SecretBox(currentKey: "k1", seal: Self.box.seal, open: { _, _, _ in nil })
        try await withSettings(box: box) { client in
            #expect(try await client.put("/v1/settings/password", #"{"value":"x","secret":true}"#).status == 200)
            #expect(try await client.put("/v1/settings/host", #"{"value":"nas"}"#).status == 200)
            let rows = try await client.get("/v1/settings").json["settings"]?.elements() ?? []
            #expect(rows.map { $0["canOpen"]?.boolValue } == [nil, false])
        }
    }

    @Test func `without a key no secret can be kept`() async throws {
        try await withSettings(box: .none) { client in
            let answer = try await client.put("/v1/settings/password", #"{"value":"x","secret":true}"#)
            #expect(answer.status == 409 && answer.json["detail"]?.stringValue?.contains("key") == true)
        }
    }

    @Test(arguments: [
        ("a", #"{"kind":"number"}"#, 400), ("a", #"{"value":null}"#, 400),
        ("a", #"{"value":"x","kind":"number"}"#, 422), ("a", #"{"value":"x","kind":"text"}"#, 400),
        ("a%20b", #"{"value":"x"}"#, 422), ("a?stage=pro%20d", #"{"value":"x"}"#, 422),
        ("a?stgae=prod", #"{"value":"x"}"#, 400), ("a", #"{"vlaue":"x"}"#, 400),
    ])
    func `what is no setting is refused`(name: String, body: String, status: Int) async throws {
        try await withSettings { client in
            let answer = try await client.put("/v1/settings/\(name)", body)
            #expect(answer.status == status && answer.contentType == "application/problem+json", "\(answer.text)")
        }
    }

    @Test func `a setting that is not there cannot be taken away`() async throws {
        try await withSettings { client in
            _ = try await client.put("/v1/settings/storage.host", #"{"value":"nas"}"#)
            let answer = try await client.delete("/v1/settings/storage.hsot")
            #expect(answer.status == 404)
            #expect(answer.json["detail"]?.stringValue?.contains("storage.host") == true)
        }
    }
}
