import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import ProcessEngine
import Services
import Values

/// What went wrong with a request, as RFC 9457 problem details.
struct Problem: Error {
    var status: HTTPResponse.Status
    var title: String
    var detail: String
    var diagnostics: [Diagnostic] = []

    static func badRequest(_ detail: String) -> Problem {
        Problem(status: .badRequest, title: "Bad request", detail: detail)
    }
    static func notFound(_ detail: String) -> Problem { Problem(status: .notFound, title: "Not found", detail: detail) }

    init(status: HTTPResponse.Status, title: String, detail: String, diagnostics: [Diagnostic] = []) {
        self.status = status
        self.title = title
        self.detail = detail
        self.diagnostics = diagnostics
    }

    /// The problem that an error of the services, or of the framework, is.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let rejection as Rejection:
            self.init(status: rejection.reason.status, title: rejection.reason.title, detail: rejection.message)
        case let diagnostics as Diagnostics:
            self.init(
                status: .unprocessableContent, title: "The files have errors",
                detail: diagnostics.all.first?.message ?? "", diagnostics: diagnostics.all)
        case let store as StoreError:
            switch store.kind {
            case .misuse: self.init(status: .badRequest, title: "Bad request", detail: store.message)
            case .unavailable, .full, .inUse:
                self.init(status: .serviceUnavailable, title: "The store is not available", detail: store.message)
            case .corrupt: self.init(status: .internalServerError, title: "The store is damaged", detail: store.message)
            }
        case let http as HTTPError:
            self.init(
                status: http.status, title: http.status.reasonPhrase, detail: http.body ?? http.status.reasonPhrase)
        default:
            self.init(status: .internalServerError, title: "Internal error", detail: "\(error)")
        }
    }

    var response: Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", "about:blank")
        writer.member("title", title)
        writer.key("status")
        writer.int(status.code)
        writer.member("detail", detail)
        if !diagnostics.isEmpty {
            writer.key("problems")
            writer.beginArray()
            for diagnostic in diagnostics { writer.diagnostic(diagnostic) }
            writer.endArray()
        }
        writer.endObject()
        return Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }
}

extension Rejection.Reason {
    var status: HTTPResponse.Status {
        switch self {
        case .gone: .notFound
        case .conflict: .conflict
        case .invalid, .stuck: .unprocessableContent
        }
    }

    var title: String {
        switch self {
        case .gone: "Not found"
        case .conflict: "Conflict"
        case .invalid: "The input is not valid"
        case .stuck: "The workflow cannot start"
        }
    }
}

/// Turns every error into a problem document; internal ones are logged.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext
    let log: Logger

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = Problem(error)
            if problem.status.code >= 500 { log.error("\(request.method) \(request.uri.path): \(problem.detail)") }
            return problem.response
        }
    }
}

/// Keeps strangers out: a bearer token where one is set; on loopback, requests that a web page of another origin made.
///
/// Without a token the server listens on loopback only, and there a browser is the danger: a `Host` that is not this machine
/// is DNS rebinding, a body that is not JSON is a form of another site.
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
            guard let given = request.headers[.authorization], Self.equal(given, "Bearer \(token)") else {
                throw Problem(
                    status: .unauthorized, title: "Unauthorized",
                    detail: "send the token of this server: Authorization: Bearer … (the command reads WAYBILL_TOKEN)")
            }
        } else if loopback, let host = request.head.authority, !WebServer.isLoopback(Self.hostName(host)) {
            throw Problem(
                status: .misdirectedRequest, title: "Wrong host",
                detail: "this server answers to localhost, not to \(host)")
        }
        if request.method == .post || request.method == .put {
            let type = request.headers[.contentType] ?? ""
            guard type.lowercased().hasPrefix("application/json") else {
                throw Problem(
                    status: .unsupportedMediaType, title: "Unsupported media type",
                    detail: "send Content-Type: application/json, not '\(type)'")
            }
        }
        return try await next(request, context)
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
