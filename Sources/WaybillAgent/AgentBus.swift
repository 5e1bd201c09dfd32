import Logging
import RabbitMQBus
package import Services

/// The bus an agent works on.
public struct AgentBus: Sendable {
    let connect: @Sendable (_ clientName: String, Logger) throws -> any MessageBus

    /// A RabbitMQ node: `amqp://user:password@host:port/virtual-host`, or `amqps://` for TLS.
    public static func rabbitMQ(url: String) -> AgentBus {
        AgentBus { name, logger in
            do {
                return try RabbitMQBus(RabbitMQConfiguration(url: url, clientName: name), logger: logger)
            } catch {
                throw AgentError("the bus's address cannot be read: \(error)")
            }
        }
    }

    /// A RabbitMQ node whose URL is the content of a file, read at each connect: so credentials can be changed while it runs.
    public static func rabbitMQ(urlFile path: String) -> AgentBus {
        AgentBus { name, logger in
            do {
                return try RabbitMQBus(RabbitMQConfiguration(urlFile: path, clientName: name), logger: logger)
            } catch {
                throw AgentError("the bus's address cannot be read: \(error)")
            }
        }
    }

    /// A bus that is there already. The agent runs it.
    package static func using(_ bus: any MessageBus) -> AgentBus {
        AgentBus { _, _ in bus }
    }
}
