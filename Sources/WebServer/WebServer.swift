import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import ServiceLifecycle
package import Services

/// The HTTP side of Waybill: the REST API, the Camunda 7 dialect, health and metrics.
package struct WebServer: Service {
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// - Parameter api: nil: health and metrics are all there is.
    /// - Parameter dialect: the Camunda 7 dialect, where it is served.
    /// - Parameter onListening: called once connections are accepted, with the port.
    package init(
        health: HealthService, api: RESTAPI?, dialect: EngineREST? = nil, host: String, port: Int, token: String?,
        log: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware(log: log))
        router.add(middleware: GuardMiddleware(token: token, loopback: Self.isLoopback(host)))
        HealthAPI(health: health).addRoutes(to: router)
        api?.addRoutes(to: router)
        dialect?.addRoutes(to: router)
        var quiet = log
        quiet.logLevel = max(log.logLevel, .notice)
        application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "waybill"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: quiet)
    }

    package func run() async throws {
        try await application.run()
    }

    /// Whether only this machine can reach the address.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        // A name like 127.example.org is somebody's domain.
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
