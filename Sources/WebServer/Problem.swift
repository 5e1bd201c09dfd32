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
    /// That the caller lacks.
    var right: Right?
    /// After which the same may be asked again.
    var retryAfter: Duration?
    /// The methods that the path knows.
    var allowed: [String] = []

    static func badRequest(_ detail: String) -> Problem {
        Problem(status: .badRequest, title: "Bad request", detail: detail)
    }
    static func notFound(_ detail: String) -> Problem { Problem(status: .notFound, title: "Not found", detail: detail) }
    static func methodNotAllowed(_ request: Request, allowed: [String]) -> Problem {
        var problem = Problem(
            status: .methodNotAllowed, title: "Method not allowed",
            detail: "there is no \(request.method) \(request.uri.path), but \(allowed.joined(separator: ", "))")
        problem.allowed = allowed
        return problem
    }

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
        case let denial as AccessDenial:
            self.init(status: .forbidden, title: "Forbidden", detail: denial.message)
            right = denial.right
        case let audit as AuditUnavailable:
            self.init(status: .serviceUnavailable, title: "The audit log cannot be written", detail: audit.message)
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
        if let right { writer.member("right", right.rawValue) }
        if !diagnostics.isEmpty {
            writer.key("problems")
            writer.beginArray()
            for diagnostic in diagnostics { writer.diagnostic(diagnostic) }
            writer.endArray()
        }
        writer.endObject()
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if let retryAfter { headers[.retryAfter] = "\(retryAfter.components.seconds + 1)" }
        if !allowed.isEmpty { headers[.allow] = allowed.joined(separator: ", ") }
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes)))
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

/// Turns every error into a problem document, in the dialect that the request speaks; internal ones are logged.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = CallContext
    let log: Logger
    let methods: MethodTable

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let error = refusedMethod(request, error) ?? error
            if EngineREST.speaks(request) {
                let refusal = CamundaError(error)
                if refusal.status.code >= 500 { log.error("\(request.method) \(request.uri.path): \(refusal.message)") }
                return refusal.response
            }
            var problem = Problem(error)
            // The framework says no more than its status.
            if error is HTTPError, problem.detail == problem.title {
                problem.detail = "there is no \(request.method) \(request.uri.path)"
            }
            if problem.status.code >= 500 { log.error("\(request.method) \(request.uri.path): \(problem.detail)") }
            return problem.response
        }
    }

    /// The router's answer to a method that the path does not know is that to a path that is not there.
    private func refusedMethod(_ request: Request, _ error: any Error) -> Problem? {
        guard (error as? HTTPError)?.status == .notFound else { return nil }
        let allowed = methods.methods(of: request.uri.path)
        guard !allowed.isEmpty, !allowed.contains(request.method.rawValue) else { return nil }
        return .methodNotAllowed(request, allowed: allowed)
    }
}
