import AsyncHTTPClient
import Delivery
import Foundation
import NIOCore
import NIOHTTP1
import Values

/// What a command needs of a server: JSON in, JSON out, and errors a person understands.
struct RESTClient {
    /// Where a command got its server from, for what it says of it.
    struct Origin {
        /// The option with the address.
        var option: String
        /// The variable of the environment with the token.
        var tokenVariable: String

        static let server = Origin(option: "--server", tokenVariable: "WAYBILL_TOKEN")
        static let stagingSource = Origin(option: "--from", tokenVariable: "WAYBILL_FROM_TOKEN")
        static let stagingTarget = Origin(option: "--to", tokenVariable: "WAYBILL_TOKEN")
    }

    let server: String
    let token: String?
    let http: HTTPClient
    var origin = Origin.server

    /// Speaks HTTP for as long as `body` runs.
    static func with<Result>(
        _ options: ServerOptions, _ body: (RESTClient) async throws -> Result
    ) async throws -> Result {
        try await with(address: options.server, .server, body)
    }

    /// The same with an address that another option gave.
    static func with<Result>(
        address: String, _ origin: Origin, _ body: (RESTClient) async throws -> Result
    ) async throws -> Result {
        try Settings.check()
        let server = address.hasSuffix("/") ? String(address.dropLast()) : address
        guard try ServerAddress.read(server, of: origin.option).credentials == nil else {
            throw CommandError(
                "\(origin.option) '\(HTTPAddress.withoutCredentials(address))' has a name and a password: "
                    + "servers know tokens, which \(origin.tokenVariable) holds")
        }
        var configuration = HTTPClient.Configuration()
        // A server that is not there is told at once, not after a minute of trying.
        configuration.connectionPool.retryConnectionEstablishment = false
        let token = try ServerAddress.token(origin.tokenVariable)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(RESTClient(server: server, token: token, http: http, origin: origin)))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }

    /// - Parameter member: one that every answer of a Waybill has here; others answer with JSON too, and must not be taken for
    ///   one. Nil: it has none.
    func get(_ path: String, query: [(String, String?)] = [], with member: String) async throws -> JSON {
        try json(await send(.GET, Self.path(path, query)), path, member)
    }

    func post(_ path: String, _ body: JSON, with member: String?) async throws -> JSON {
        try json(await send(.POST, path, body: body.bytes), path, member)
    }

    func put(_ path: String, query: [(String, String?)], _ body: JSON) async throws {
        _ = try await send(.PUT, Self.path(path, query), body: body.bytes)
    }

    /// Sends a file of another kind than JSON.
    func post(
        _ path: String, query: [(String, String?)], _ bytes: [UInt8], type: String, with member: String
    ) async throws -> JSON {
        try json(await send(.POST, Self.path(path, query), body: bytes, type: type), path, member)
    }

    func delete(_ path: String) async throws {
        _ = try await send(.DELETE, path)
    }

    /// An answer of another kind than JSON.
    func bytes(_ path: String, query: [(String, String?)]) async throws -> [UInt8] {
        try await Array(send(.GET, Self.path(path, query)).readableBytesView)
    }

    private static func path(_ path: String, _ query: [(String, String?)]) -> String {
        let pairs = query.compactMap { name, value in value.map { "\(escape(name))=\(escape($0))" } }
        return path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    private func json(_ answer: ByteBuffer, _ path: String, _ member: String?) throws -> JSON {
        guard let json = try? JSON(validating: answer.readableBytesView), member.map({ json[$0] != nil }) ?? true else {
            throw CommandError("\(server)\(path) did not answer as a Waybill server does: is it one?")
        }
        return json
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, type: String = "application/json"
    ) async throws -> ByteBuffer {
        var request = HTTPClientRequest(url: server + path)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: .seconds(60))
        } catch {
            let another = origin.option == "--server" ? "--server or WAYBILL_SERVER" : origin.option
            throw CommandError(
                noAnswer: "no answer from \(server): \(NetworkFailure.words(for: error))\n"
                    + "Is it running? Start one with `waybill dev`, or name another with \(another).")
        }
        let bytes: ByteBuffer
        do {
            bytes = try await response.body.collect(upTo: 256 << 20)
        } catch {
            throw CommandError(noAnswer: "the answer of \(server) broke off: \(NetworkFailure.words(for: error))")
        }
        if response.status == .unauthorized {
            guard token != nil else {
                throw CommandError("\(server) wants a key: put it into \(origin.tokenVariable)")
            }
            // Of a token, it says more: that it has expired, most of all.
            let detail = (try? JSON(validating: bytes.readableBytesView))?["detail"]?.stringValue
            let reason = detail.flatMap { $0.hasPrefix("the token") ? ": \($0)" : nil } ?? ""
            throw CommandError("\(server) does not know the key in \(origin.tokenVariable)\(reason)")
        }
        guard (200..<300).contains(response.status.code) else {
            throw CommandError(
                status: response.status.code, problem: try? JSON(validating: bytes.readableBytesView),
                at: server + path.prefix { $0 != "?" })
        }
        return bytes
    }

    /// Percent-encodes a part of a path or query.
    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~")))
            ?? text
    }
}
