import Logging

/// The three connections of a bus: what publishes must not hold up what consumes (an alarm stops reading from the
/// first).
enum LinkKind: String, Sendable, CaseIterable { case publish, consume, control }

/// What a link needs besides its role.
struct LinkEnvironment: Sendable {
    var kind: LinkKind
    var configuration: RabbitMQConfiguration
    var log: Logger
    var states: StateHub
    var writeGuard = WriteGuard()
    /// What is done with a fresh connection before the link is up; may block.
    var prepare: @Sendable (AMQPConnection) throws(AMQPFailure) -> Void = { _ in }

    /// Blocks until the connection is there and prepared. Each attempt tries the next host.
    func open(attempt: Int) throws -> AMQPConnection {
        let address = try configuration.address()
        let host = address.hosts[(attempt - 1) % address.hosts.count]
        let connection = try AMQPConnection.connect(
            to: host, of: address, name: "\(configuration.clientName) \(kind)", configuration: configuration)
        try prepare(connection)
        return connection
    }

    /// Grows with the failures in a row; half of it is random, so that many clients do not come back at once.
    func pause(afterFailures failures: Int) -> Duration {
        let whole = min(configuration.longestPause, configuration.shortestPause * (1 << min(max(failures - 1, 0), 10)))
        return whole / 2 + whole / 2 * Double.random(in: 0...1)
    }
}
