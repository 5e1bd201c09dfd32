import Logging
import ServiceLifecycle

/// A part of the program as a lifecycle service: it ends when asked to, and its failure ends the program.
struct RoleService: Service {
    let name: String
    let log: Logger
    let body: @Sendable () async throws -> Void

    init(_ name: String, log: Logger, _ body: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.log = log
        self.body = body
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            // The way a service that waits is told to end.
        }
        log.debug("\(name) has stopped")
    }
}
