import Services
import Testing
import Values

@Suite struct TokenRulesTests {
    private static let rules = TokenRules(
        issuer: "https://login/", audience: "waybill", rolesClaim: ["realm_access", "roles"], nameClaim: "email")
    private static let now = Timestamp(millisecondsSinceEpoch: 1_800_000_000_000)

    private static func claims(_ changes: [String: String?] = [:]) throws -> JSON {
        var claims: [String: String?] = [
            "iss": "\"https://login/\"", "aud": "\"waybill\"", "exp": "1800000300", "email": "\"ann@example.org\"",
            "realm_access": #"{"roles": ["waybill:viewer", "waybill:worker"]}"#,
        ]
        claims.merge(changes) { $1 }
        let members = claims.compactMap { name, value in value.map { "\"\(name)\": \($0)" } }.sorted()
        return try JSON(validating: Array("{\(members.joined(separator: ", "))}".utf8))
    }

    private static func refusal(_ changes: [String: String?]) throws -> String? {
        let claims = try claims(changes)
        do throws(TokenRefusal) {
            _ = try rules.access(for: claims, at: now)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func `roles are found where the rules say, in a list or a text`() throws {
        let access = try Self.rules.access(for: Self.claims(), at: Self.now)
        #expect(access == Access(name: "jwt:ann@example.org", rights: [.connect, .read, .work]))
        let scope = TokenRules(issuer: "https://login/", audience: "waybill", rolesClaim: ["scope"], nameClaim: "email")
        let claims = try Self.claims(["scope": "\"openid waybill:starter profile\""])
        #expect(
            try scope.access(for: claims, at: Self.now)
                == Access(name: "jwt:ann@example.org", rights: [.connect, .read, .start]))
    }

    @Test(arguments: [
        "null", "7", "{}", "[]", "\"\"", #"["viewer", "admin", "waybill:", "Waybill:admin", "waybill:Admin"]"#,
    ])
    func `whatever else the claim has gives no right`(roles: String) throws {
        let access = try Self.rules.access(for: Self.claims(["realm_access": "{\"roles\": \(roles)}"]), at: Self.now)
        #expect(access == Access(name: "jwt:ann@example.org", rights: []))
        #expect(try Self.rules.access(for: Self.claims(["realm_access": nil]), at: Self.now).name == access.name)
    }

    @Test(arguments: [
        ("iss", "\"https://login\"", "another issuer"), ("iss", nil, "another issuer"),
        ("aud", "\"shop\"", "another audience"),
        ("aud", nil, "another audience"), ("aud", #"["shop", "desk"]"#, "another audience"),
        ("exp", nil, "does not say when"), ("exp", "\"1800000300\"", "does not say when"),
        ("exp", "1e300", "does not say when"),
        ("exp", "1799999940", "it has expired"), ("nbf", "1800000061", "not good before"), ("nbf", "\"x\"", "no time"),
        ("email", nil, "no claim 'email'"), ("email", "\"\"", "no claim 'email'"), ("email", "7", "no claim 'email'"),
        ("waybill_workflows", "\"media-*\"", "no list"), ("waybill_workflows", "[7]", "no list"),
    ])
    func `what a token must say`(claim: String, value: String?, reason: String) throws {
        #expect(try Self.refusal([claim: value])?.contains(reason) == true)
    }

    @Test(arguments: [
        ("aud", #"["shop", "waybill"]"#), ("exp", "1799999941"), ("exp", "1800000000.5"), ("nbf", "1800000060"),
        ("nbf", "null"),
        ("waybill_workflows", "null"),
    ])
    func `what it may say`(claim: String, value: String) throws {
        #expect(try Self.refusal([claim: value]) == nil)
    }

    @Test func `a token may be for some workflows`() throws {
        let access = try Self.rules.access(for: Self.claims(["waybill_workflows": #"["media-*"]"#]), at: Self.now)
        #expect(access.admits("media-ingest") && !access.admits("order") && access.isScoped)
        let none = try Self.rules.access(for: Self.claims(["waybill_workflows": "[]"]), at: Self.now)
        #expect(!none.admits("order"))
    }

    @Test func `names are plain and short`() throws {
        let claims = try Self.claims(["email": #""a\nb\u202e\#(String(repeating: "x", count: 200))""#])
        let name = try Self.rules.access(for: claims, at: Self.now).name
        #expect(name == "jwt:a?b?" + String(repeating: "x", count: 124))
    }
}
