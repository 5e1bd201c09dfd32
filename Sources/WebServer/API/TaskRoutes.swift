import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

extension RESTAPI {
    func addTaskRoutes(to router: Router<BasicRequestContext>) {
        router.get("/v1/tasks") { request, _ in try await listTasks(request) }
        router.get("/v1/tasks/:id/input/:name") { request, context in
            try await claimCheck(context.parameters.require("id"), context.parameters.require("name"), request)
        }
    }

    private func listTasks(_ request: Request) async throws -> Response {
        try request.allowQuery([
            "state", "instance", "contract", "createdAfter", "createdBefore", "limit", "after", "position",
        ])
        try await waitForPosition(request)
        var query = TaskQuery()
        query.states = try request.queryStates("state", of: IndexedTaskState.self)
        query.instance = request.query("instance").map { InstanceID($0) }
        query.contract = request.query("contract")
        query.createdAfter = try request.queryTime("createdAfter")
        query.createdBefore = try request.queryTime("createdBefore")
        query.page = try request.page()
        let page = try await queries.tasks(query)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("tasks")
        writer.beginArray()
        for row in page.rows { writer.task(row) }
        writer.endArray()
        writer.member("next", page.next)
        writer.endObject()
        return Response(json: writer)
    }

    /// A variable too large for the bus, fetched by the attempt that holds the task: its token is the key.
    private func claimCheck(_ id: String, _ name: String, _ request: Request) async throws -> Response {
        guard let task = TaskID(id), let row = try await tasks.tasks([task]).first, let token = row.token,
            let given = request.headers[.waybillToken], given == token
        else { throw Problem.notFound("there is no such task, or the token is not that of its attempt") }
        for (_, events) in try await queries.history(task.instance) {
            for case .taskCreated(let created) in events where created.task == task.number {
                guard let value = created.input[name] else { throw Problem.notFound("task \(id) has no input \(name)") }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes)))
            }
        }
        throw Problem.notFound("task \(id) has no input \(name)")
    }
}

extension HTTPField.Name {
    static let waybillToken = HTTPField.Name("waybill-token")!
}
