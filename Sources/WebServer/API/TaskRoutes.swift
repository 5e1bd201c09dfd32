import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

extension RESTAPI {
    func addTaskRoutes(to routes: Routes) {
        routes.get("/v1/tasks", .read(.found)) { request, context in try await listTasks(request, context) }
        routes.get("/v1/tasks/:id/input/:name", .attempt) { request, context in
            try await claimCheck(context.parameters.require("id"), context.parameters.require("name"), request)
        }
    }

    private func listTasks(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery(
            [
                "state", "instance", "workflow", "contract", "businessKey", "objectId", "createdAfter",
                "createdBefore", "limit", "after", "position",
            ], prefixes: ["metadata."])
        try await waitForPosition(request)
        var query = TaskQuery()
        query.states = try request.queryStates("state", of: IndexedTaskState.self)
        query.instance = try request.filter("instance").map { InstanceID($0) }
        query.workflow = try request.workflowFilter()
        query.contract = try request.contractFilter()
        query.businessKey = try request.filter("businessKey")
        query.objectID = try request.filter("objectId")
        query.createdAfter = try request.queryTime("createdAfter")
        query.createdBefore = try request.queryTime("createdBefore")
        query.metadata = request.queryMetadata
        query.page = try request.page()
        let page = try await queries.tasks(query)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("tasks")
        writer.beginArray()
        for row in try await visible(page.rows, of: query.instance, context, instance: \.id.instance) {
            writer.task(row)
        }
        writer.endArray()
        writer.member("next", page.next)
        writer.endObject()
        return Response(json: writer)
    }

    /// An input too large for the bus, fetched by the attempt that holds the task: its token is the key.
    private func claimCheck(_ id: String, _ name: String, _ request: Request) async throws -> Response {
        guard let id = id.removingPercentEncoding, let name = name.removingPercentEncoding, let task = TaskID(id),
            let token = request.headers[.waybillToken], let input = try await inputs.input(of: task, heldBy: token)
        else { throw Problem.notFound("there is no such task, or the token is not that of its attempt") }
        guard let value = input[name] else { throw Problem.notFound("task \(id) has no input \(name)") }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes)))
    }
}

extension HTTPField.Name {
    static let waybillToken = HTTPField.Name("waybill-token")!
}
