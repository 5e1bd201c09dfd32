import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Keeps strangers out: a token where one is set; on loopback, requests that a web page of another origin made.
///
/// Without a token the server listens on loopback only, and there a browser is the danger: a `Host` that is not this machine
/// is DNS rebinding, a body that is not JSON is a form of another site. The Camunda 7 dialect knows bodies of other kinds; there
/// the browser's own word, `Origin`, tells.
///
/// An agent that fetches a claimed input knows neither the server's token nor needs to: its attempt's token is a secret that
/// only the bus tells, and the route checks it.
struct GuardMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext
    let token: String?
    let loopback: Bool

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if request.uri.path.hasPrefix("/health/") || request.isClaim { return try await next(request, context) }
        if let token {
            guard Self.shows(token, request) else {
                throw Problem(
                    status: .unauthorized, title: "Unauthorized",
                    detail: "send the token of this server: Authorization: Bearer … (the command reads WAYBILL_TOKEN)")
            }
        } else if loopback, let host = request.head.authority, !WebServer.isLoopback(Self.hostName(host)) {
            throw Problem(
                status: .misdirectedRequest, title: "Wrong host",
                detail: "this server answers to localhost, not to \(host)")
        }
        if request.method == .post || request.method == .put { try Self.checkBody(of: request) }
        return try await next(request, context)
    }

    /// Clients made for Camunda 7 know Basic authentication best: any name, with the token as the password.
    private static func shows(_ token: String, _ request: Request) -> Bool {
        guard let given = request.headers[.authorization] else { return false }
        if equal(given, "Bearer \(token)") { return true }
        guard EngineREST.speaks(request), given.hasPrefix("Basic "),
            let decoded = Data(base64Encoded: String(given.dropFirst("Basic ".count)))
        else { return false }
        let pair = String(decoding: decoded, as: UTF8.self)
        guard let colon = pair.firstIndex(of: ":") else { return false }
        return equal(String(pair[pair.index(after: colon)...]), token)
    }

    private static func checkBody(of request: Request) throws {
        let type = (request.headers[.contentType] ?? "").lowercased()
        if type.hasPrefix("application/json") { return }
        // No page can send this kind of body to another site without being asked first.
        if type == "application/x-tar", request.uri.path.hasPrefix("/v1/config/staging/") { return }
        let isEmpty = type.isEmpty && (request.headers[.contentLength] ?? "0") == "0"
        let isUpload = type.hasPrefix("multipart/form-data") && request.uri.path.hasSuffix("/deployment/create")
        guard EngineREST.speaks(request), isEmpty || isUpload else {
            throw Problem(
                status: .unsupportedMediaType, title: "Unsupported media type",
                detail: "send Content-Type: application/json, not '\(type)'")
        }
        guard let origin = request.headers[.origin] else { return }
        let host = origin.range(of: "://").map { hostName(String(origin[$0.upperBound...])) } ?? origin
        guard WebServer.isLoopback(host) else {
            throw Problem(status: .forbidden, title: "Forbidden", detail: "a page of \(origin) may not send this")
        }
    }

    private static func hostName(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[authority.index(after: authority.startIndex)..<end])
        }
        return String(authority.prefix { $0 != ":" })
    }

    /// Compares in constant time.
    private static func equal(_ left: String, _ right: String) -> Bool {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        var difference = UInt8(a.count == b.count ? 0 : 1)
        for index in b.indices { difference |= b[index] ^ (index < a.count ? a[index] : 0) }
        return difference == 0
    }
}
