import Contracts
import Crypto
import Delivery
import Logging
import ProcessEngine
import RabbitMQBus
import ServiceLifecycle
import Services
import UnixSignals
import Values
import WebServer
import XMLReader
import YAMLReader

/// The parts of Waybill that one process plays, wired together: `waybill dev` plays all of them, `waybill serve` those it is told.
struct Server {
    struct Configuration {
        var roles: Set<Role>
        var place: StorePlace
        /// Instead of an engine over the store.
        var engine: RemoteEngine? = nil
        /// That has to take models before they are stored.
        var checkEngine: RemoteEngine? = nil
        var serving: ServingOptions.Checked
        var bus: RabbitMQConfiguration
        var log: Logger
    }

    private let configuration: Configuration
    private let began = ContinuousClock.now

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Serves until it is told to stop. Throws `CommandError`, or what ended a part.
    func run() async throws {
        let opened = try await configuration.place.open()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await run(over: opened))
        } catch {
            outcome = .failure(Self.explained(error, configuration))
        }
        await opened.close()
        try outcome.get()
        configuration.log.notice("stopped")
    }

    private func run(over opened: OpenStore) async throws {
        let parts = try await Parts(configuration, opened)
        let roles = configuration.roles
        if roles.contains(.broker) { await parts.readSettings() }
        let log = configuration.log
        // In the order they need each other; they are stopped in the reverse order.
        var services: [any Service] = [RoleService("bus", log: log) { try await parts.bus.run() }]
        if let hints = opened.hints {
            services.append(RoleService("hints", log: log) { await parts.follow(hints) })
            services.append(RoleService("deployments", log: log) { await parts.followDeployments(hints) })
        }
        if let contracts = parts.remoteContracts {
            services.append(RoleService("contracts", log: log) { try await contracts.run() })
        } else {
            services.append(RoleService("engine", log: log) { try await parts.engine.run() })
        }
        if roles.contains(.broker), configuration.engine == nil {
            services.append(RoleService("relay", log: log) { try await parts.relay.run() })
        }
        if roles.contains(.indexer) {
            services.append(RoleService("projector", log: log) { try await parts.projector.run() })
            services.append(RoleService("retention", log: log) { try await parts.retention.run() })
        }
        if roles.contains(.deployer) {
            services.append(RoleService("deployer", log: log) { try await parts.deployer.run() })
            services.append(RoleService("config watch", log: log) { try await parts.configWatch.run() })
        }
        if let broker = parts.broker { services.append(RoleService("broker", log: log) { try await broker.run() }) }
        if let starts = parts.startQueue {
            services.append(RoleService("starts", log: log) { try await starts.run() })
        }
        services.append(try await web(parts, opened))
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        // A client that does not read its answer does not keep the others from ending.
        group.maximumGracefulShutdownDuration = .seconds(60)
        try await ServiceGroup(configuration: group).run()
    }

    private func web(_ parts: Parts, _ opened: OpenStore) async throws -> WebServer {
        let (serving, log, began, health) = (configuration.serving, configuration.log, began, parts.health)
        let address = "http://\(serving.host):"
        let names = Role.allCases.filter { configuration.roles.contains($0) }.map(\.rawValue).joined(separator: ", ")
        return WebServer(
            health: parts.health, api: configuration.roles.contains(.web) ? parts.api(over: opened.store) : nil,
            dialect: configuration.roles.contains(.web) ? parts.dialect(over: opened.store) : nil,
            host: serving.host, port: serving.port,
            security: try await serving.security(audits: configuration.roles.contains(.web), log: log), log: log,
            maxConnections: serving.maxConnections
        ) { port in
            let late = await health.parts().filter { !$0.ready }.map(\.name).joined(separator: " and ")
            log.notice(
                """
                \(late.isEmpty ? "ready" : "serving") in \(began.duration(to: .now).milliseconds) ms: \(address)\(port) \
                (\(names))\(late.isEmpty ? "" : "; not there yet: \(late)")
                """)
        }
    }

    private static func explained(_ error: any Error, _ configuration: Configuration) -> any Error {
        if let error = error as? BusOwnershipError { return CommandError("\(error)") }
        let text = "\(error)"
        guard text.contains("Address already in use") || text.contains("errno: 98") else { return error }
        let serving = configuration.serving
        return CommandError(
            "port \(serving.port) of \(serving.host) is taken; stop what listens there, or choose another with --listen"
        )
    }
}

/// The adapters as functions: what services need of files.
enum Readers {
    @Sendable static func contract(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> Contract {
        try Contract(YAMLReader.read(bytes, file: file))
    }

    @Sendable static func model(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> [ProcessDefinition] {
        try ProcessDefinition.read(XMLReader.read(bytes, file: file), file: file)
    }

    @Sendable static func tree(_ bytes: [UInt8], _ file: String) throws(Diagnostics) -> SourceNode {
        try XMLReader.read(bytes, file: file)
    }

    @Sendable static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
