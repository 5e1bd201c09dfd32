import Foundation
import Testing
import Values
import WebServer
import WebServerTesting

@Suite struct GuardTests {
    private static let paths = ["/v1/workflows", "/engine-rest/version", "/engine-rest/external-task", "/metrics"]

    @Test(arguments: paths)
    func `a server with a token answers nobody without it`(path: String) async throws {
        try await TestServer.run(token: "secret") { server in
            let none = try await TestClient(server).get(path)
            #expect(none.status == 401)
            for wrong in ["Bearer secre", "Bearer secret2", "secret", "Basic c2VjcmV0", "Basic !", ""] {
                let answer = try await TestClient(server, headers: [("Authorization", wrong)]).get(path)
                #expect(answer.status == 401, "Authorization: \(wrong)")
            }
            let right = try await TestClient(server, headers: [("Authorization", "Bearer secret")]).get(path)
            #expect(right.status == 200)
        }
    }

    @Test func `the dialect takes the token as the password of Basic authentication, too`() async throws {
        try await TestServer.run(token: "se:cret") { server in
            let basic = "Basic " + Data("demo:se:cret".utf8).base64EncodedString()
            let client = TestClient(server, headers: [("Authorization", basic)])
            #expect(try await client.get("/engine-rest/version").status == 200)
            #expect(try await client.get("/v1/workflows").status == 401)
            let wrong = "Basic " + Data("demo:cret".utf8).base64EncodedString()
            let refused = try await TestClient(server, headers: [("Authorization", wrong)]).get("/engine-rest/version")
            #expect(refused.status == 401)
        }
    }

    @Test func `a refusal speaks the dialect of the path`() async throws {
        try await TestServer.run(token: "secret") { server in
            let camunda = try await TestClient(server).get("/engine-rest/version")
            #expect(camunda.contentType == "application/json")
            #expect(camunda.json["type"]?.stringValue == "RestException")
            #expect(camunda.json["message"]?.stringValue?.isEmpty == false)
            let own = try await TestClient(server).get("/v1/workflows")
            #expect(own.contentType == "application/problem+json")
            #expect(own.json["status"]?.intValue == 401)
        }
    }

    @Test func `health needs no token`() async throws {
        try await TestServer.run(token: "secret") { server in
            for path in ["/health/live", "/health/ready"] {
                let answer = try await TestClient(server).get(path)
                #expect(answer.status == 200)
            }
        }
    }

    @Test(arguments: [
        ("localhost", 200), ("127.0.0.1:9", 200), ("[::1]:80", 200), ("evil.example", 421), ("127.evil.example", 421),
        ("localhost.evil.example", 421), ("127.0.0.1.evil.example", 421),
    ])
    func `without a token only this machine's names are answered`(host: String, status: Int) async throws {
        try await TestServer.run { server in
            for path in ["/v1/workflows", "/engine-rest/version"] {
                let answer = try await TestClient(server, headers: [("Host", host)]).get(path)
                #expect(answer.status == status, "\(path) of \(host)")
            }
        }
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    func `what a form of another site could send is refused`(type: String) async throws {
        try await TestServer.run { server in
            for path in ["/v1/config/push", "/engine-rest/message", "/engine-rest/process-definition/key/p/start"] {
                let answer = try await TestClient(server).send("POST", path, [("Content-Type", type)], "{}")
                #expect(answer.status == 415, "\(path)")
            }
        }
    }

    @Test(arguments: [
        ("http://evil.example", 403), ("null", 403), ("http://localhost:3000", 400), ("http://127.0.0.1", 400),
    ])
    func `a page of another site may neither deploy nor unlock`(origin: String, otherwise: Int) async throws {
        try await TestServer.run { server in
            let upload = try await TestClient(server).send(
                "POST", "/engine-rest/deployment/create",
                [("Content-Type", "multipart/form-data; boundary=x"), ("Origin", origin)], "")
            #expect(upload.status == otherwise)
            let unlock = try await TestClient(server).send(
                "POST", "/engine-rest/external-task/none.1/unlock", [("Origin", origin)], nil)
            #expect(unlock.status == (otherwise == 403 ? 403 : 404))
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.3", true), ("localhost", true), ("::1", true), ("127.evil", false),
        ("127.0.0.256", false), ("10.0.0.1", false), ("", false),
    ])
    func `knows the addresses that only this machine reaches`(host: String, isLoopback: Bool) {
        #expect(WebServer.isLoopback(host) == isLoopback)
    }
}
