import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
package import Services
import Values

/// The Camunda 7 REST dialect under `/engine-rest`: workers, clients and modelers made for Camunda 7 speak it unchanged.
/// `contracts/engine-rest.md` lists what there is.
///
/// One tenant: tenant ids of requests are accepted and mean nothing, `tenantId` is always null.
package struct EngineREST: Sendable {
    static let path = "/engine-rest"
    /// The version of Camunda 7 whose dialect this is.
    static let version = "7.24.0"

    let engine: EngineService
    let starts: StartService
    let tasks: ExternalTaskService
    let queries: QueryService
    let registry: DefinitionRegistry
    let deployer: ModelDeployer
    let messages: any MessageCorrelation
    let decisions: DecisionService

    package init(
        engine: EngineService, starts: StartService, tasks: ExternalTaskService, queries: QueryService,
        registry: DefinitionRegistry, deployer: ModelDeployer, messages: any MessageCorrelation,
        decisions: DecisionService
    ) {
        self.engine = engine
        self.starts = starts
        self.tasks = tasks
        self.queries = queries
        self.registry = registry
        self.deployer = deployer
        self.messages = messages
        self.decisions = decisions
    }

    /// Everything twice: clients of several engines name the one they mean.
    func addRoutes(to routes: Routes) {
        for path in [Self.path, Self.path + "/engine/:engine"] {
            let group = routes.group(path)
            addWorkerRoutes(to: group)
            addExternalTaskRoutes(to: group)
            addDeploymentRoutes(to: group)
            addDefinitionRoutes(to: group)
            addDecisionRoutes(to: group)
            addInstanceRoutes(to: group)
            addVariableRoutes(to: group)
            addIncidentRoutes(to: group)
            group.post("message", .start(.found)) { request, context in try await correlate(request, context) }
            group.get("version", .connect) { _, _ in
                var writer = JSONWriter()
                writer.beginObject()
                writer.member("version", Self.version)
                writer.endObject()
                return Response(json: writer)
            }
            // There are no jobs to look at: timers and retries are the engine's own business.
            group.get("job", .read(.nothing)) { _, _ in Response(json: [], with: { _, _ in }) }
            group.get("job/count", .read(.nothing)) { _, _ in Response(count: 0) }
        }
        routes.get(Self.path + "/engine", .connect) { _, _ in
            Response(json: ["default"]) { writer, name in
                writer.beginObject()
                writer.member("name", name)
                writer.endObject()
            }
        }
    }

    /// Whether a request speaks this dialect, so that its errors must, too.
    static func speaks(_ request: Request) -> Bool {
        request.uri.path == path || request.uri.path.hasPrefix(path + "/")
    }

    /// Lists come from the index. Clients know no positions: they see what was written before they asked.
    func catchUp() async throws {
        guard await queries.catchesUp() else {
            throw CamundaError(
                status: .internalServerError, type: "ProcessEngineException",
                message: "the index is behind; try again")
        }
    }
}

extension CallContext {
    /// A part of the path, without its percent signs.
    func part(_ name: String) throws -> String {
        let raw = try parameters.require(name)
        return raw.removingPercentEncoding ?? raw
    }

    func task() throws -> TaskID {
        let text = try part("id")
        guard let task = TaskID(text) else {
            throw CamundaError.notFound("External task with id \(text) does not exist")
        }
        return task
    }
}

extension Request {
    /// The JSON object in the body. Nothing and `null`, which clients send for nothing, are empty objects.
    func camundaBody() async throws -> JSON {
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: RESTAPI.bodyLimit)
        } catch {
            throw CamundaError(
                status: .contentTooLarge, type: "RestException",
                message: "a request body may have at most \(RESTAPI.bodyLimit) bytes")
        }
        guard buffer.readableBytes > 0 else { return .emptyObject }
        let json: JSON
        do {
            json = try JSON(validating: buffer.readableBytesView)
        } catch {
            throw CamundaError.invalid("Cannot parse request body: line \(error.line): \(error.message)")
        }
        if json.isNull { return .emptyObject }
        guard json.isObject else { throw CamundaError.invalid("the request body must be a JSON object") }
        return json
    }

    /// Where clients find this engine, as they see it.
    var engineRoot: String {
        "http://\(head.authority ?? "localhost")" + EngineREST.path
    }
}

extension Response {
    static let noContent = Response(status: .noContent)

    /// A list.
    init<Element>(json elements: [Element], with write: (inout JSONWriter, Element) -> Void) {
        var writer = JSONWriter()
        writer.beginArray()
        for element in elements { write(&writer, element) }
        writer.endArray()
        self.init(json: writer)
    }

    init(count: Int) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("count")
        writer.int(count)
        writer.endObject()
        self.init(json: writer)
    }
}

extension JSONWriter {
    /// Members that Waybill never has, and clients look for.
    mutating func nulls(_ names: String...) {
        for name in names { member(name, nil as String?) }
    }

    mutating func time(_ name: String, _ time: Timestamp?) {
        member(name, time.map(CamundaTime.text))
    }

    /// `links` with the one to the thing itself.
    mutating func selfLink(_ href: String) {
        key("links")
        beginArray()
        beginObject()
        member("method", "GET")
        member("href", href)
        member("rel", "self")
        endObject()
        endArray()
    }
}
