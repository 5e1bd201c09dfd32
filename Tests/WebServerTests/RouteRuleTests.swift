import Services
import Testing
import Values
import WebServer
import WebServerTesting

/// Every route of both APIs, and who may call it.
@Suite struct RouteRuleTests {
    /// A request of a route, about things that are not there.
    private static func call(_ client: TestClient, _ route: DeclaredRoute) async throws -> TestClient.Answer {
        var path = ""
        for part in route.path.split(separator: "/") {
            let isName = part.hasPrefix(":") || part.hasPrefix("{")
            path += "/" + (isName ? "none.1" : String(part))
        }
        if path.isEmpty { path = "/" }
        switch route.method {
        case "POST": return try await client.post(path)
        case "PUT": return try await client.put(path, "{}")
        case "DELETE": return try await client.delete(path)
        case let method:
            try #require(method == "GET")
            return try await client.get(path)
        }
    }

    @Test func `every route says what it asks of its caller, and three ask for no key`() async throws {
        let routes = try await TestServer.run { $0.routes }
        #expect(routes.count > 150)
        #expect(routes.filter { $0.rule == nil } == [], "added past the gate")
        let open = routes.filter { $0.rule == .open || $0.rule == .attempt }.map(\.path).sorted()
        #expect(open.count == 3 && open.prefix(2) == ["/health/live", "/health/ready"])
        #expect(open.last?.hasPrefix("/v1/tasks/") == true)
        #expect(routes.contains { $0.path == "/v1/config/push" })
        #expect(routes.contains { $0.path.hasPrefix("/engine-rest/engine/") && $0.path.hasSuffix("/message") })
    }

    @Test func `without a key no route answers but those that ask for none`() async throws {
        try await Keys.run(Keys.ofRoles) { server in
            for client in [TestClient(server), Keys.client(server, "stranger")] {
                for route in server.routes where route.rule != .open {
                    let answer = try await Self.call(client, route)
                    #expect(answer.status == 401, "\(route.method) \(route.path)")
                }
                for route in server.routes where route.rule == .open {
                    #expect(try await Self.call(client, route).status == 200, "\(route.path)")
                }
            }
        }
    }

    @Test(arguments: KeyRole.allCases)
    func `a role opens the routes of its rights, and is told of the right that the others need`(role: KeyRole)
        async throws
    {
        try await Keys.run(Keys.ofRoles) { server in
            let client = Keys.client(server, role.rawValue)
            for route in server.routes {
                guard case .right(let right, _) = route.rule else { continue }
                let answer = try await Self.call(client, route)
                let name = "\(role) \(route.method) \(route.path)"
                if role.rights.contains(right) {
                    #expect(answer.status != 401 && answer.status != 403, "\(name): \(answer.text)")
                    continue
                }
                #expect(answer.status == 403, "\(name)")
                if route.path.hasPrefix("/engine-rest") {
                    #expect(answer.json["type"]?.stringValue == "AuthorizationException", "\(name)")
                    let missing = answer.json["missingAuthorizations"]?.elements()?.first
                    #expect(missing?["permissionName"]?.stringValue == right.rawValue, "\(name)")
                } else {
                    #expect(answer.contentType == "application/problem+json", "\(name)")
                    #expect(answer.json["right"]?.stringValue == right.rawValue, "\(name)")
                }
            }
        }
    }

    @Test func `what a role may do is what the README says`() {
        let table: [KeyRole: Set<Right>] = [
            .viewer: [.connect, .read], .starter: [.connect, .read, .start], .operator: [.connect, .read, .operate],
            .deployer: [.connect, .read, .deploy], .worker: [.connect, .work],
            .admin: [.connect, .read, .start, .operate, .deploy, .work],
        ]
        for role in KeyRole.allCases { #expect(role.rights == table[role]) }
    }

    @Test(
        arguments: [
            ("POST", "/v1/workflows/:name/start", Right.start), ("POST", "/v1/messages", .start),
            ("POST", "/v1/signals", .start), ("POST", "/v1/instances/:id/cancel", .operate),
            ("POST", "/v1/instances/:id/suspend", .operate), ("PUT", "/v1/instances/:id/variables", .operate),
            ("POST", "/v1/config/push", .deploy), ("POST", "/v1/config/staging/apply", .deploy),
            ("GET", "/v1/settings", .deploy),
            ("GET", "/v1/instances", .read), ("GET", "/metrics", .read),
            ("POST", "/engine-rest/external-task/fetchAndLock", .work),
            ("POST", "/engine-rest/deployment/create", .deploy),
            ("DELETE", "/engine-rest/process-instance/:id", .operate),
        ] as [(String, String, Right)])
    func `routes ask for the right that they are about`(method: String, path: String, right: Right) async throws {
        let routes = try await TestServer.run { $0.routes }
        let words = path.split(separator: "/").map { $0.hasPrefix(":") ? "*" : String($0) }
        let route = routes.first { route in
            let own = route.path.split(separator: "/").map { $0.hasPrefix(":") || $0.hasPrefix("{") ? "*" : String($0) }
            return route.method == method && own == words
        }
        guard case .right(let asked, _) = route?.rule else {
            Issue.record("\(path) has no rule")
            return
        }
        #expect(asked == right)
    }
}
