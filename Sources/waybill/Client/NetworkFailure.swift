import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Errors of the libraries below HTTP, in words for people.
enum NetworkFailure {
    static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError: return InputFile.Reason(errno: error.errnoCode).description
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .tlsHandshakeTimeout: return "the connection is not taken"
            case .readTimeout, .deadlineExceeded: return "there is none in time"
            case .remoteConnectionClosed: return "it closed the connection"
            default: return "\(error)"
            }
        case is HTTPParserError: return "what answers there does not speak HTTP; is it https://?"
        case is NIOTooManyBytesError: return "it is too long"
        default: return words(forType: error)
        }
    }

    /// Of modules that this one does not import for the sake of a text. What they print is for their own authors.
    private static func words(forType error: any Error) -> String {
        let type = String(reflecting: Swift.type(of: error))
        if type.hasPrefix("NIOSSL.") {
            return "no TLS connection: does it speak TLS (http:// if not), and is its certificate known here?"
        }
        if type.hasSuffix("NIOConnectionError") {
            let text = "\(error)"
            if text.contains("errno: 111") || text.contains("Connection refused") { return "Connection refused" }
            if text.contains("errno: 113") { return "No route to host" }
            return "its name is not known, or nobody takes the connection"
        }
        return "\(error)"
    }
}
