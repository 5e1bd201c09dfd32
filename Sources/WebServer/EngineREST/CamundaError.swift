import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// What went wrong, as Camunda 7 says it: `{"type", "message", "code"}`. Clients tell errors apart by status and type, and the
/// modeler recognizes bad BPMN by the beginning of the message.
struct CamundaError: Error {
    var status: HTTPResponse.Status
    var type: String
    var message: String
    /// Of files that cannot be read.
    var diagnostics: [Diagnostic] = []
    /// That the caller lacks.
    var denial: AccessDenial?
    /// The methods that the path knows.
    var allowed: [String] = []

    /// The caller's mistake.
    static func invalid(_ message: String) -> CamundaError {
        CamundaError(status: .badRequest, type: "InvalidRequestException", message: message)
    }
    static func notFound(_ message: String) -> CamundaError {
        CamundaError(status: .notFound, type: "InvalidRequestException", message: message)
    }

    init(status: HTTPResponse.Status, type: String, message: String) {
        self.status = status
        self.type = type
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let error as CamundaError: self = error
        case let refusal as WorkerRefusal: self.init(refusal, verb: "changed")
        case let rejection as Rejection:
            switch rejection.reason {
            case .gone: self = .notFound(rejection.message)
            case .conflict, .invalid: self = .invalid(rejection.message)
            case .stuck:
                self.init(status: .internalServerError, type: "ProcessEngineException", message: rejection.message)
            }
        case let diagnostics as Diagnostics: self.init(parsing: diagnostics)
        case let denial as AccessDenial:
            self.init(status: .forbidden, type: "AuthorizationException", message: denial.message)
            self.denial = denial
        case let audit as AuditUnavailable:
            self.init(status: .serviceUnavailable, type: "ProcessEngineException", message: audit.message)
        default:
            // Clients know 400, 404 and 500; everything else that is not the caller's is 500 to them.
            let problem = Problem(error)
            let isOurs = problem.status.code >= 500
            self.init(
                status: isOurs ? .internalServerError : problem.status,
                type: isOurs ? "ProcessEngineException" : "RestException", message: problem.detail)
            allowed = problem.allowed
        }
    }

    init(_ refusal: WorkerRefusal, verb: String, worker: String = "") {
        switch refusal {
        case .unknown(let task): self = .notFound("External task with id \(task) does not exist")
        case .heldByOther(let task, let holder):
            self = .invalid(
                "External Task \(task) cannot be \(verb) by worker '\(worker)'. It is locked by worker '\(holder ?? "null")'."
            )
        case .lockExpired: self = .invalid("Cannot extend a lock that expired")
        case .refused(let reason): self = .invalid(reason)
        case .tooManyPolls:
            self.init(
                status: .internalServerError, type: "RestException",
                message:
                    "At the moment the server has to handle too many requests at the same time. Please try again later."
            )
        }
    }

    private init(parsing diagnostics: Diagnostics) {
        let lines = diagnostics.all.map { finding in
            "* \(finding.text) | \(finding.file) | line \(finding.position.line) | column \(finding.position.column)"
        }
        self.init(
            status: .badRequest, type: "ParseException",
            message: "ENGINE-09005 Could not parse BPMN process. Errors: \n" + lines.joined(separator: "\n"))
        self.diagnostics = diagnostics.all
    }

    var response: Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", type)
        writer.member("message", message)
        writer.key("code")
        writer.int(0)
        if !diagnostics.isEmpty { writeDetails(to: &writer) }
        if let denial { Self.write(denial, to: &writer) }
        writer.endObject()
        var response = Response(status: status, json: writer)
        if !allowed.isEmpty { response.headers[.allow] = allowed.joined(separator: ", ") }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Basic realm=\"waybill\", Bearer" }
        return response
    }

    /// The members by which clients tell what is missing.
    private static func write(_ denial: AccessDenial, to writer: inout JSONWriter) {
        writer.member("userId", denial.name)
        writer.key("missingAuthorizations")
        writer.beginArray()
        writer.beginObject()
        writer.member("permissionName", denial.right.rawValue)
        switch denial.reason {
        case .missing, .installation:
            writer.member("resourceName", "installation")
            writer.member("resourceId", "*")
        case .workflow(let workflow, _):
            writer.member("resourceName", "workflow")
            writer.member("resourceId", workflow)
        }
        writer.endObject()
        writer.endArray()
    }

    /// The findings of each file.
    private func writeDetails(to writer: inout JSONWriter) {
        writer.key("details")
        writer.beginObject()
        var files: [String] = []
        for finding in diagnostics where !files.contains(finding.file) { files.append(finding.file) }
        for file in files {
            writer.key(file)
            writer.beginObject()
            for (name, severity) in [("errors", Diagnostic.Severity.error), ("warnings", .warning)] {
                writer.key(name)
                writer.beginArray()
                for finding in diagnostics where finding.file == file && finding.severity == severity {
                    writer.beginObject()
                    writer.member("message", finding.text)
                    writer.key("line")
                    writer.int(finding.position.line)
                    writer.key("column")
                    writer.int(finding.position.column)
                    writer.member("mainBpmnElementId", finding.element)
                    writer.key("bpmnElementIds")
                    writer.beginArray()
                    if let element = finding.element { writer.string(element) }
                    writer.endArray()
                    writer.endObject()
                }
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endObject()
    }
}

extension Diagnostic {
    /// What is wrong and what to do, without the place.
    fileprivate var text: String { suggestion.map { "\(message); \($0)" } ?? message }
}
