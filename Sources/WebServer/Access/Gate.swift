import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import ProcessEngine
import Services
import Values

/// The one door to every handler: who asks, whether he may, and what the audit log says of it.
///
/// Nothing is let through by the look of its path: what needs no key says so in the rule of its route.
struct Gate: Sendable {
    let security: Security
    /// Only this machine reaches the server.
    let isLoopback: Bool
    /// Nil where no instances are served.
    let workflows: WorkflowLookup?
    let log: Logger
    private let strangers = StrangerLimit()

    init(security: Security, isLoopback: Bool, workflows: WorkflowLookup?, log: Logger) {
        self.security = security
        self.isLoopback = isLoopback
        self.workflows = workflows
        self.log = log
    }

    func pass(
        _ request: Request, _ context: CallContext, by route: DeclaredRoute, _ rule: RouteRule,
        to handler: Routes.Handler
    ) async throws -> Response {
        var context = context
        context.workflows = workflows
        switch rule {
        case .open: return try await handler(request, context)
        case .attempt:
            // Without the header it is a request like any other, and finds nothing.
            if request.headers[.waybillToken] == nil { _ = try await identify(request) }
            return try await handler(request, context)
        case .right(let right, let subject):
            let audit = security.audit.map { Audit(log: $0, route: route.name, right: right, request, context.remote) }
            do {
                context.access = try await identify(request)
                try BrowserGuard.check(request)
                try await admit(context, right, on: subject, audits: audit != nil)
            } catch {
                await deny(error, audit, context)
                throw error
            }
            guard let audit, audit.isChange else { return try await handler(request, context) }
            return try await audited(audit, context) { [context] in try await handler(request, context) }
        }
    }

    // MARK: - Who

    /// Throws `Problem` for who shows no key that is good now, or makes more requests than he may.
    private func identify(_ request: Request) async throws -> Access {
        let access = try await recognize(request)
        guard let wait = security.rateLimit?.wait(for: access.name, at: security.time.now) else { return access }
        throw Problem(tooManyFrom: access.name, retryAfter: wait)
    }

    private func recognize(_ request: Request) async throws -> Access {
        guard security.keys != nil || security.tokens != nil else {
            guard isLoopback else { throw Self.stranger }
            try BrowserGuard.checkHost(of: request)
            return .local
        }
        guard let shown = Credentials(of: request) else { throw Self.stranger }
        if let tokens = security.tokens, shown.isToken {
            return try await Self.access(for: shown.key, by: tokens, at: security.time.now)
        }
        guard
            let access = security.keys?().find(
                sha256: security.hash(Array(shown.key.utf8)), named: shown.name, at: security.time.now)
        else { throw Self.stranger }
        return access
    }

    private static func access(
        for token: String, by tokens: any TokenVerifier, at now: Timestamp
    ) async throws -> Access {
        do {
            return try await tokens.access(for: token, at: now)
        } catch let refusal as TokenRefusal {
            throw Problem(
                status: .unauthorized, title: "Unauthorized", detail: "the token is not taken: \(refusal.reason)")
        } catch is TokenKeysMissing {
            throw Problem(
                status: .serviceUnavailable, title: "Service Unavailable",
                detail: "the keys of the identity provider cannot be fetched, so no token can be verified: try later")
        }
    }

    private static let stranger = Problem(
        status: .unauthorized, title: "Unauthorized",
        detail:
            "send a key of this server that has not expired: Authorization: Bearer … (the command reads WAYBILL_TOKEN)")

    // MARK: - Whether

    private func admit(
        _ context: CallContext, _ right: Right, on subject: RouteRule.Subject, audits: Bool
    ) async throws {
        let access = context.access
        switch subject {
        case .installation: try access.require(right)
        case .found, .nothing: try access.requireAnywhere(right)
        case .instance, .task:
            try access.requireAnywhere(right)
            let raw = try context.parameters.require("id")
            let text = raw.removingPercentEncoding ?? raw
            let instance = subject == .instance ? InstanceID(text) : TaskID(text)?.instance
            context.record.note { $0.instance = (instance?.text ?? text).prefixed(200) }
            guard access.isScoped || audits else { return }
            guard let instance, let workflows, let definition = try await workflows.definition(of: instance) else {
                // The handler says so in its own words, but not to who may not know.
                if access.isScoped { throw Problem.notFound("there is no '\(text)'") }
                return
            }
            let workflow = try await workflows.workflows([definition])[definition]
            context.record.note { $0.workflow = workflow }
            try access.require(right, on: workflow)
        }
    }

    // MARK: - What is written down

    /// What was refused is written down, too; that it cannot be is no reason to let it in.
    private func deny(_ error: any Error, _ audit: Audit?, _ context: CallContext) async {
        guard let audit else { return }
        let problem = Problem(error)
        guard problem.status == .unauthorized || problem.status == .forbidden else { return }
        var omitted = 0
        if problem.status == .unauthorized {
            guard let count = strangers.line(at: security.time.now) else { return }
            omitted = count
        }
        var entry = audit.entry(
            context, .denied, status: problem.status.code, at: security.time.now)
        if problem.status == .unauthorized { entry.who = "unknown" }
        entry.reason = problem.detail.prefixed(500)
        entry.omitted = omitted
        do {
            try await audit.log.append(entry)
        } catch {
            log.error("the audit log cannot be written: \(error)")
        }
    }

    /// Does what was allowed, and answers once it is written down. Nothing is begun that could not be.
    private func audited(
        _ audit: Audit, _ context: CallContext, _ handle: () async throws -> Response
    ) async throws -> Response {
        do {
            try await audit.log.ready()
        } catch {
            log.error("\(audit.route) is refused, since the audit log cannot be written: \(error)")
            throw AuditUnavailable(isDone: false)
        }
        let outcome: Result<Response, any Error>
        do {
            outcome = .success(try await handle())
        } catch {
            outcome = .failure(error)
        }
        var entry: AuditEntry
        switch outcome {
        case .success(let response):
            entry = audit.entry(context, .done, status: response.status.code, at: security.time.now)
        case .failure(let error):
            let denial = error as? AccessDenial
            let status = audit.speaksCamunda ? CamundaError(error).status : Problem(error).status
            entry = audit.entry(
                context, denial == nil ? .failed : .denied, status: status.code, at: security.time.now)
            entry.reason = denial?.message.prefixed(500)
        }
        do {
            try await audit.log.append(entry)
        } catch {
            log.error("the audit log cannot be written; \(entry.who) did \(entry.route): \(entry.outcome): \(error)")
            throw AuditUnavailable(isDone: entry.outcome == .done)
        }
        return try outcome.get()
    }
}

extension Problem {
    fileprivate init(tooManyFrom name: String, retryAfter: Duration) {
        self.init(
            status: .tooManyRequests, title: "Too Many Requests",
            detail: "'\(name)' makes more requests a second than this server's --rate-limit: try again in a moment")
        self.retryAfter = retryAfter
    }
}

/// What the audit log gets to know of a request.
private struct Audit {
    let log: any AuditLog
    let route: String
    let right: Right
    let speaksCamunda: Bool
    /// Reads and the work of workers are not logged unless they are denied.
    let isChange: Bool
    private let remote: String
    private let forwardedFor: String?

    init(log: any AuditLog, route: String, right: Right, _ request: Request, _ remote: String) {
        self.log = log
        self.route = route
        self.right = right
        self.remote = remote
        speaksCamunda = EngineREST.speaks(request)
        forwardedFor = request.headers[.forwardedFor]?.prefixed(200)
        switch right {
        case .connect, .read, .work: isChange = false
        case .start, .operate, .deploy: isChange = request.method != .get
        }
    }

    func entry(
        _ context: CallContext, _ outcome: AuditEntry.Outcome, status: Int, at now: Timestamp
    ) -> AuditEntry {
        AuditEntry(
            at: now, who: context.access.name, from: remote, forwardedFor: forwardedFor, right: right, route: route,
            subject: context.record.subject, outcome: outcome, status: status)
    }
}

/// The audit log is on and cannot be written.
struct AuditUnavailable: Error {
    /// Whether the request was carried out before that showed.
    let isDone: Bool

    var message: String {
        isDone
            ? "it was done, and could not be written into the audit log: it will be, before anything else is done"
            : "nothing was done: the audit log cannot be written"
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}

extension String {
    fileprivate func prefixed(_ length: Int) -> String { String(prefix(length)) }
}
