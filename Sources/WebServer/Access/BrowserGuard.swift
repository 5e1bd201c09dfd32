import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Keeps web pages of other origins from using a browser on this machine.
///
/// A `Host` that is not this machine is DNS rebinding, a body that is not JSON is a form of another site. The Camunda 7 dialect knows
/// bodies of other kinds; there the browser's own word, `Origin`, tells.
enum BrowserGuard {
    static func check(_ request: Request) throws {
        if request.method == .post || request.method == .put { try checkBody(of: request) }
    }

    /// Of a server that needs no key.
    static func checkHost(of request: Request) throws {
        guard let host = request.head.authority, !WebServer.isLoopback(hostName(host)) else { return }
        throw Problem(
            status: .misdirectedRequest, title: "Wrong host",
            detail: "this server answers to localhost, not to \(host)")
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
}
