import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// User tasks: those of all instances, and what people do with one.
extension RESTAPI {
    func addUserTaskRoutes(to routes: Routes) {
        routes.get("/v1/user-tasks", .read(.found)) { request, context in try await listUserTasks(request, context) }
        routes.post("/v1/instances/:id/user-tasks/:number/claim", .operate(.instance)) { request, context in
            let body = try await request.body(["assignee"], of: "a claim")
            guard let assignee = try body.string("assignee"), !assignee.isEmpty else {
                throw Problem.badRequest("assignee says who claims the task; unclaim gives it back")
            }
            return try await changed(
                engine.command(.claimUserTask(number: context.number, assignee: assignee), of: context.instance))
        }
        routes.post("/v1/instances/:id/user-tasks/:number/unclaim", .operate(.instance)) { request, context in
            _ = try await request.body([], of: "an unclaim")
            return try await changed(
                engine.command(.claimUserTask(number: context.number, assignee: nil), of: context.instance))
        }
        routes.post("/v1/instances/:id/user-tasks/:number/complete", .operate(.instance)) { request, context in
            let body = try await request.body(["variables"], of: "a completion")
            return try await changed(
                engine.command(
                    .completeUserTask(number: context.number, variables: body.variables("variables")),
                    of: context.instance))
        }
        routes.post("/v1/instances/:id/user-tasks/:number/error", .operate(.instance)) { request, context in
            let body = try await request.body(["code", "message", "variables"], of: "an error")
            guard let code = try body.string("code"), !code.isEmpty else {
                throw Problem.badRequest("an error needs a code")
            }
            let error = try BPMNError(
                code: code, message: body.string("message"), variables: body.variables("variables"))
            return try await changed(
                engine.command(.throwUserTaskError(number: context.number, error), of: context.instance))
        }
    }

    private func listUserTasks(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery([
            "assignee", "unassigned", "candidateUser", "candidateGroup", "instance", "workflow", "businessKey",
            "dueBefore", "dueAfter", "followUpBefore", "minPriority", "limit", "after", "position",
        ])
        try await waitForPosition(request)
        let query = try userTaskQuery(request)
        let page = try await queries.userTasks(query)
        let rows = try await visible(page.rows, of: query.instance, context, instance: \.instance)
        var writer = JSONWriter()
        writer.beginObject()
        writer.list("userTasks", rows) { $0.userTask($1) }
        writer.member("next", page.next)
        writer.endObject()
        return Response(json: writer)
    }

    private func userTaskQuery(_ request: Request) throws -> UserTaskQuery {
        var query = UserTaskQuery()
        if let name = try request.filter("assignee") { query.assignee = .somebody(name) }
        if let text = request.query("unassigned") {
            guard text == "true" || text == "false" else {
                throw Problem.badRequest("unassigned is true or false, not '\(text)'")
            }
            guard query.assignee == nil || text == "false" else {
                throw Problem.badRequest("give assignee or unassigned, not both")
            }
            if text == "true" { query.assignee = .nobody }
        }
        query.candidateUser = try request.filter("candidateUser")
        query.candidateGroups = try request.filter("candidateGroup")?.split(separator: ",").map { String($0) } ?? []
        query.instance = try request.filter("instance").map { InstanceID($0) }
        query.workflow = try request.workflowFilter()
        query.businessKey = try request.filter("businessKey")
        query.dueBefore = try request.queryTime("dueBefore")
        query.dueAfter = try request.queryTime("dueAfter")
        query.followUpBefore = try request.queryTime("followUpBefore")
        query.minPriority = try request.queryNumber("minPriority")
        query.page = try request.page()
        return query
    }
}

extension CallContext {
    fileprivate var number: Int {
        get throws {
            let text = try text("number")
            guard let number = Int(text) else { throw Problem.notFound("there is no user task '\(text)'") }
            return number
        }
    }
}
