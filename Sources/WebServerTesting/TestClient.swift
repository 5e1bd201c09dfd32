import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Values

/// Speaks HTTP to a `TestServer`, with every header and byte as the test says.
package struct TestClient: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var contentType: String?
        /// The methods that the path knows, where it does not know that of the request.
        package var allow: String?
        package var body: [UInt8]
        /// Null for what is no JSON.
        package var json: JSON { (try? JSON(validating: body)) ?? .null }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let base: String
    private let headers: [(String, String)]
    private let http: HTTPClient

    package init(_ server: TestServer, headers: [(String, String)] = []) {
        base = "http://127.0.0.1:\(server.port)"
        self.headers = headers
        http = .shared
    }

    /// With connections that no other client uses. To be shut down, which closes them.
    package init(alone server: TestServer) {
        base = "http://127.0.0.1:\(server.port)"
        headers = []
        http = HTTPClient(eventLoopGroupProvider: .singleton)
    }

    package func shutdown() async throws { try await http.shutdown() }

    package func get(_ path: String) async throws -> Answer {
        try await send("GET", path, [], nil)
    }

    package func delete(_ path: String) async throws -> Answer {
        try await send("DELETE", path, [], nil)
    }

    package func put(_ path: String, _ body: String) async throws -> Answer {
        try await send("PUT", path, [("Content-Type", "application/json")], body)
    }

    package func post(_ path: String, _ body: String = "{}") async throws -> Answer {
        try await send("POST", path, [("Content-Type", "application/json")], body)
    }

    /// What becomes of a connection.
    package enum End: Sendable, Equatable { case answered(Int), ended, timedOut }

    /// What becomes of a request that nobody waits for longer than that.
    package func end(of path: String, within limit: Duration) async -> End {
        do {
            let answer = try await http.execute(
                HTTPClientRequest(url: base + path), timeout: TimeAmount(limit))
            return .answered(Int(answer.status.code))
        } catch {
            return error as? HTTPClientError == .deadlineExceeded ? .timedOut : .ended
        }
    }

    /// Sends a request's beginning and never the rest.
    package func stall(_ path: String) async -> End {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.headers.add(name: "Content-Type", value: "application/json")
        let (body, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        continuation.yield(ByteBuffer(string: "{"))
        request.body = .stream(body, length: .known(Int64(10)))
        defer { continuation.finish() }
        do {
            let answer = try await http.execute(request, timeout: .seconds(30))
            return .answered(Int(answer.status.code))
        } catch {
            return error as? HTTPClientError == .deadlineExceeded ? .timedOut : .ended
        }
    }

    package func send(
        _ method: String, _ path: String, _ more: [(String, String)], _ body: String?
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers + more { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await http.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
            allow: response.headers.first(name: "allow"),
            body: Array(bytes.readableBytesView))
    }
}
