import CRabbitMQ

/// Why something on a connection failed, with the library's or the bus's own code and text.
enum AMQPFailure: Error, CustomStringConvertible {
    /// librabbitmq's status; the connection's state is unknown afterwards.
    case library(code: Int32, doing: String)
    /// The bus closed one channel; it must be opened again.
    case channelClosed(code: Int, text: String)
    /// The bus closed the connection.
    case connectionClosed(code: Int, text: String)
    /// The bus sent what the protocol does not allow.
    case protocolViolation(String)

    var description: String {
        switch self {
        case .library(let code, let doing): "\(doing): \(String(cString: amqp_error_string2(code))) (\(code))"
        case .channelClosed(let code, let text): "the bus closed the channel: \(text) (\(code))"
        case .connectionClosed(let code, let text): "the bus closed the connection: \(text) (\(code))"
        case .protocolViolation(let text): "the bus broke the protocol: \(text)"
        }
    }

    /// Throws unless a librabbitmq call succeeded.
    static func check(_ status: Int32, doing: @autoclosure () -> String) throws(AMQPFailure) {
        if status != AMQP_STATUS_OK.rawValue { throw .library(code: status, doing: doing()) }
    }
}
