import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Where routes are added: each with its rule, and behind the gate.
struct Routes {
    typealias Handler = @Sendable (Request, CallContext) async throws -> Response

    /// All that were added, to whatever group.
    private final class Table {
        var rules: [String: RouteRule] = [:]
    }

    private let router: Router<CallContext>
    private let gate: Gate
    private let prefix: String
    private let table: Table

    init(router: Router<CallContext>, gate: Gate) {
        self.init(router: router, gate: gate, prefix: "", table: Table())
    }

    private init(router: Router<CallContext>, gate: Gate, prefix: String, table: Table) {
        self.router = router
        self.gate = gate
        self.prefix = prefix
        self.table = table
    }

    /// The same under a path.
    func group(_ path: String) -> Routes {
        Routes(router: router, gate: gate, prefix: prefix + path + "/", table: table)
    }

    func get(_ path: String, _ rule: RouteRule, _ handler: @escaping Handler) { add(.get, path, rule, handler) }
    func post(_ path: String, _ rule: RouteRule, _ handler: @escaping Handler) { add(.post, path, rule, handler) }
    func put(_ path: String, _ rule: RouteRule, _ handler: @escaping Handler) { add(.put, path, rule, handler) }
    func delete(_ path: String, _ rule: RouteRule, _ handler: @escaping Handler) { add(.delete, path, rule, handler) }

    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ rule: RouteRule, _ handler: @escaping Handler
    ) {
        let path = RouterPath(prefix + path)
        let route = DeclaredRoute(method: method.rawValue, path: path.description, rule: rule)
        table.rules[route.name] = rule
        let gate = gate
        router.on(path, method: method) { request, context in
            try await gate.pass(request, context, by: route, rule, to: handler)
        }
    }

    /// Every route of the router with its rule, in order.
    var declared: [DeclaredRoute] {
        router.routes.map { registered in
            var route = DeclaredRoute(
                method: registered.method.rawValue, path: registered.path.description, rule: nil)
            route.rule = table.rules[route.name]
            return route
        }.sorted { $0.name < $1.name }
    }
}
