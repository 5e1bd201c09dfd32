import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
package import Services

/// The HTTP side of Waybill: the REST API, the Camunda 7 dialect, health and metrics.
package struct WebServer: Service {
    /// Every route that this server answers, with what it needs.
    package let declared: [DeclaredRoute]
    private let application: Application<RouterResponder<CallContext>>

    /// - Parameter api: nil: health and metrics are all there is.
    /// - Parameter dialect: the Camunda 7 dialect, where it is served.
    /// - Parameter idleTimeout: of a connection without a request, and of a request whose rest does not come. Answers may take longer.
    /// - Parameter maxConnections: at one time; others wait until one of them ends.
    /// - Parameter onListening: called once connections are accepted, with the port.
    package init(
        health: HealthService, api: RESTAPI?, dialect: EngineREST? = nil, host: String, port: Int, security: Security,
        log: Logger, idleTimeout: Duration = .seconds(60), maxConnections: Int = 2000,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        let router = Router(context: CallContext.self)
        let methods = MethodTable()
        router.add(middleware: ProblemMiddleware(log: log, methods: methods))
        let gate = Gate(
            security: security, isLoopback: Self.isLoopback(host),
            workflows: api.map { WorkflowLookup(engine: $0.engine, registry: $0.registry) }, log: log)
        let routes = Routes(router: router, gate: gate)
        HealthAPI(health: health).addRoutes(to: routes)
        api?.addRoutes(to: routes)
        dialect?.addRoutes(to: routes)
        declared = routes.declared
        for route in router.routes { methods.add(route.method.rawValue, route.path) }
        let quiet = ServerLog.logger(log)
        application = Application(
            router: router,
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: TimeAmount(idleTimeout))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "waybill",
                availableConnectionsDelegate: MaximumAvailableConnections(maxConnections, logger: quiet)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: quiet)
    }

    package func run() async throws {
        do {
            try await application.run()
        } catch is CancellationError {
            // The way it is told to end without waiting for its clients.
        }
    }

    /// Whether only this machine can reach the address.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        // A name like 127.example.org is somebody's domain.
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
