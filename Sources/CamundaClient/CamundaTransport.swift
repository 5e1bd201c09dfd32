import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
package import Values

/// Carries one request to an engine. Throws when nothing is known about what became of it, `ClosedConnection` if that is because the
/// connection ended: one that was kept may have been over when the request was written to it, and the next request gets another.
package protocol CamundaTransport: Sendable {
    func send(_ request: CamundaRequest) async throws -> CamundaReply
}

package struct ClosedConnection: Error, CustomStringConvertible {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
    package var description: String { "the connection ended before the answer: \(reason)" }
}

package struct CamundaRequest: Sendable, Hashable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// A part of a multipart form: a field, or a file.
    package struct Part: Sendable, Hashable {
        package var name: String
        package var filename: String? = nil
        package var content: [UInt8]
    }

    package var path: String
    package var query: [String: String] = [:]
    package var body: JSON?
    /// Instead of a body.
    package var parts: [Part] = []
    /// Nil: `GET` without a body, else `POST`.
    package var method: Method?
    /// For all of it, to the last byte of the answer.
    package var timeout: Duration = .seconds(30)
}

package struct CamundaReply: Sendable, Hashable {
    package var status: Int
    /// Whether the engine says that it is a Waybill.
    package var isWaybill: Bool
    /// Null for what is no JSON.
    package var body: JSON

    package init(status: Int, isWaybill: Bool, body: JSON) {
        self.status = status
        self.isWaybill = isWaybill
        self.body = body
    }

    /// What Camunda says in an error.
    var message: String { body["message"]?.stringValue ?? "status \(status)" }
}

/// How an engine lets one in.
package enum CamundaCredentials: Sendable {
    case bearer(String)
    case basic(user: String, password: String)

    var header: String {
        switch self {
        case .bearer(let token): "Bearer \(token)"
        case .basic(let user, let password): "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        }
    }
}

/// Over HTTP. Every answer has an end in time and size.
package struct CamundaHTTP: CamundaTransport {
    /// A batch of tasks with large variables.
    private static let answerLimit = 256 << 20

    private let base: String
    private let credentials: CamundaCredentials?
    private let http: HTTPClient

    /// - Parameter url: where the dialect begins: `http://host:8080/engine-rest`.
    package init(url: String, credentials: CamundaCredentials? = nil) {
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.credentials = credentials
        http = Self.client
    }

    /// One for the process. Long polls keep a connection each, and results must not wait for one of them to end: the usual eight
    /// connections to a host are not enough.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 100
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package func send(_ request: CamundaRequest) async throws -> CamundaReply {
        var url = base + request.path
        if !request.query.isEmpty {
            url +=
                "?"
                + request.query.sorted { $0.key < $1.key }
                .map { "\($0.key)=\(Self.escaped($0.value))" }.joined(separator: "&")
        }
        var message = HTTPClientRequest(url: url)
        let method = request.method ?? (request.body == nil && request.parts.isEmpty ? .get : .post)
        message.method = HTTPMethod(rawValue: method.rawValue)
        if let body = request.body {
            message.headers.add(name: "Content-Type", value: "application/json")
            message.body = .bytes(ByteBuffer(bytes: body.bytes))
        } else if !request.parts.isEmpty {
            let form = MultipartForm(request.parts)
            message.headers.add(name: "Content-Type", value: "multipart/form-data; boundary=\(form.boundary)")
            message.body = .bytes(ByteBuffer(bytes: form.bytes))
        }
        message.headers.add(name: "Accept", value: "application/json")
        if let credentials { message.headers.add(name: "Authorization", value: credentials.header) }
        let deadline = NIODeadline.now() + .milliseconds(request.timeout.milliseconds)
        do {
            let answer = try await http.execute(message, deadline: deadline)
            let bytes = try await answer.body.collect(upTo: Self.answerLimit)
            return CamundaReply(
                status: Int(answer.status.code), isWaybill: answer.headers.first(name: "server") == "waybill",
                body: (try? JSON(validating: bytes.readableBytesView)) ?? .null)
        } catch let error where Self.isOfClosedConnection(error) {
            throw ClosedConnection("\(error)")
        }
    }

    private static func isOfClosedConnection(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as ChannelError: error == .ioOnClosedChannel || error == .alreadyClosed || error == .eof
        case let error as IOError: error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
        default: false
        }
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~")))
            ?? text
    }
}
