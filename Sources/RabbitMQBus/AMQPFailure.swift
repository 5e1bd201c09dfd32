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
        case .library(let code, let doing):
            "\(doing): \(String(cString: amqp_error_string2(code))) (\(code))\(Self.hint(code).map { ": \($0)" } ?? "")"
        case .channelClosed(let code, let text): "the bus closed the channel: \(text) (\(code))"
        case .connectionClosed(let code, let text): "the bus closed the connection: \(text) (\(code))"
        case .protocolViolation(let text): "the bus broke the protocol: \(text)"
        }
    }

    /// What to look at, where the library's own words do not tell.
    private static func hint(_ code: Int32) -> String? {
        switch code {
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue:
            "the certificate is for another name; an address like 127.0.0.1 is compared with nothing, so write the name"
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue:
            "cacertfile must have the authority that signed its certificate"
        case AMQP_STATUS_SSL_ERROR.rawValue:
            "it may want a certificate of this side (certfile and keyfile), or another one"
        default: nil
        }
    }

    /// Throws unless a librabbitmq call succeeded.
    static func check(_ status: Int32, doing: @autoclosure () -> String) throws(AMQPFailure) {
        if status != AMQP_STATUS_OK.rawValue { throw .library(code: status, doing: doing()) }
    }
}
