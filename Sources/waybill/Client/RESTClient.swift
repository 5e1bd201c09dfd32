import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Values

/// What a command needs of a server: JSON in, JSON out, and errors a person understands.
struct RESTClient {
    let server: String
    let token: String?
    let http: HTTPClient

    /// Speaks HTTP for as long as `body` runs.
    static func with<Result>(
        _ options: ServerOptions, _ body: (RESTClient) async throws -> Result
    ) async throws -> Result {
        try await with(address: options.server, option: "--server", tokenVariable: "WAYBILL_TOKEN", body)
    }

    /// The same with an address that another option gave.
    static func with<Result>(
        address: String, option: String, tokenVariable: String, _ body: (RESTClient) async throws -> Result
    ) async throws -> Result {
        try Settings.check()
        let server = address.hasSuffix("/") ? String(address.dropLast()) : address
        guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
            throw CommandError("\(option) must begin with http:// or https://, not '\(address)'")
        }
        var configuration = HTTPClient.Configuration()
        // A server that is not there is told at once, not after a minute of trying.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let token = ProcessInfo.processInfo.environment[tokenVariable]
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(RESTClient(server: server, token: token, http: http)))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }

    func get(_ path: String, query: [(String, String?)] = []) async throws -> JSON {
        try json(await send(.GET, Self.path(path, query)), path)
    }

    func post(_ path: String, _ body: JSON) async throws -> JSON {
        try json(await send(.POST, path, body: body.bytes), path)
    }

    func put(_ path: String, query: [(String, String?)], _ body: JSON) async throws -> JSON {
        try json(await send(.PUT, Self.path(path, query), body: body.bytes), path)
    }

    /// Sends a file of another kind than JSON.
    func post(_ path: String, query: [(String, String?)], _ bytes: [UInt8], type: String) async throws -> JSON {
        try json(await send(.POST, Self.path(path, query), body: bytes, type: type), path)
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

    private func json(_ answer: ByteBuffer, _ path: String) throws -> JSON {
        guard let json = try? JSON(validating: answer.readableBytesView) else {
            throw CommandError("\(server)\(path) did not answer with JSON; is it a Waybill server?")
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
            throw CommandError(
                noAnswer:
                    "no answer from \(server): \(error)\nIs it running? Start one with `waybill dev`, or name another with --server "
                    + "or WAYBILL_SERVER.")
        }
        let bytes: ByteBuffer
        do {
            bytes = try await response.body.collect(upTo: 256 << 20)
        } catch {
            throw CommandError(noAnswer: "the answer of \(server) broke off: \(error)")
        }
        guard (200..<300).contains(response.status.code) else {
            throw CommandError(
                status: response.status.code, problem: try? JSON(validating: bytes.readableBytesView))
        }
        return bytes
    }

    /// Percent-encodes a part of a path or query.
    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~")))
            ?? text
    }
}

/// An error for the person at the terminal.
package struct CommandError: Error, CustomStringConvertible {
    package let description: String
    /// The server did not answer, or is not ready: what was asked may be asked again.
    let isPassing: Bool

    init(_ text: String) {
        description = text
        isPassing = false
    }

    init(noAnswer text: String) {
        description = text
        isPassing = true
    }

    /// From problem details of the server.
    init(status: UInt, problem: JSON?) {
        guard let problem, let title = problem["title"]?.stringValue else {
            description = "the server answered \(status)"
            isPassing = status >= 500
            return
        }
        var lines = ["\(title): \(problem["detail"]?.stringValue ?? "")"]
        let diagnostics = problem["problems"]?.elements() ?? []
        if !diagnostics.isEmpty { lines = ["\(title):"] + diagnostics.map { "  " + Self.line(of: $0) } }
        description = lines.joined(separator: "\n")
        isPassing = status == 503
    }

    /// `file:line:column: severity: message [code]; suggestion`.
    static func line(of diagnostic: JSON) -> String {
        Diagnostic(
            severity: diagnostic["severity"]?.stringValue.flatMap { Diagnostic.Severity(rawValue: $0) } ?? .error,
            code: diagnostic["code"]?.stringValue ?? "", file: diagnostic["file"]?.stringValue ?? "",
            position: SourcePosition(
                line: diagnostic["line"]?.intValue ?? 0, column: diagnostic["column"]?.intValue ?? 0),
            element: diagnostic["element"]?.stringValue, elementName: diagnostic["elementName"]?.stringValue,
            message: diagnostic["message"]?.stringValue ?? "",
            suggestion: diagnostic["suggestion"]?.stringValue
        ).description
    }
}
