import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Looking at external tasks.
extension EngineREST {
    func addExternalTaskRoutes(to routes: Routes) {
        routes.get("external-task", .read(.found)) { request, context in
            try await listTasks(Filters(query: request), context)
        }
        routes.post("external-task", .read(.found)) { request, context in
            try await listTasks(Filters(body: await request.camundaBody()), context)
        }
        routes.get("external-task/count", .read(.found)) { request, context in
            Response(count: try await matching(Filters(query: request), context).count)
        }
        routes.post("external-task/count", .read(.found)) { request, context in
            Response(count: try await matching(Filters(body: await request.camundaBody()), context).count)
        }
        routes.get("external-task/topic-names", .read(.found)) { request, context in
            let tasks = try await matching(Filters(query: request), context)
            return Response(json: Set(tasks.map(\.contract.topic)).sorted()) { $0.string($1) }
        }
        routes.get("external-task/:id", .read(.task)) { _, context in
            let task = try await look(context.task())
            var writer = JSONWriter()
            writer.beginObject()
            writer.externalTaskMembers(task)
            writer.endObject()
            return Response(json: writer)
        }
        routes.get("external-task/:id/errorDetails", .read(.task)) { _, context in
            let details = try await look(context.task()).errorDetails ?? ""
            return Response(
                status: .ok, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: details)))
        }
        routes.put("external-task/:id/retries", .operate(.task)) { request, context in
            let task = try context.task()
            guard let retries = try await request.camundaBody()["retries"]?.intValue, retries >= 0 else {
                throw CamundaError.invalid("The number of retries cannot be null or negative")
            }
            do {
                try await tasks.setRetries(task, retries)
            } catch let refusal as WorkerRefusal {
                throw CamundaError(refusal, verb: "changed")
            }
            return Response.noContent
        }
    }

    private func look(_ task: TaskID) async throws -> ExternalTask {
        do {
            return try await tasks.task(task)
        } catch let refusal as WorkerRefusal {
            throw CamundaError(refusal, verb: "read")
        }
    }

    private func listTasks(_ filters: Filters, _ context: CallContext) async throws -> Response {
        let rows = try await matching(filters, context, limit: filters.rowsNeeded)
        let page = try await tasks.describe(filters.page(rows))
        return Response(json: page) { writer, task in
            writer.beginObject()
            writer.externalTaskMembers(task)
            writer.endObject()
        }
    }

    /// The open tasks that match, oldest first, at least `limit` of them if there are so many.
    private func matching(
        _ filters: Filters, _ context: CallContext, limit: Int = .max
    ) async throws -> [TaskRow] {
        try await catchUp()
        var query = TaskQuery()
        query.states = [.open, .incident]
        query.instance = filters.string("processInstanceId").map { InstanceID($0) }
        query.businessKey = filters.string("businessKey")
        if let topic = filters.string("topicName") {
            guard let contract = ContractKey.named(byTopic: topic) else { return [] }
            query.contract = contract.description
        }
        if let process = filters.string("processDefinitionId").flatMap({ DefinitionID($0)?.process }) {
            query.workflow = await registry.deployed.last { $0.id.process == process }?.workflow ?? process
        }
        query.page.limit = 1000
        let match = TaskMatch(filters, at: queries.now)
        var rows: [TaskRow] = []
        repeat {
            let page = try await queries.tasks(query)
            rows += try await context.visible(
                page.rows.compactMap(\.live).filter(match.admits), instance: \.id.instance)
            query.page.after = page.next
        } while query.page.after != nil && rows.count < limit
        return rows
    }
}

/// Which rows a list of external tasks asks for.
private struct TaskMatch {
    private let filters: Filters
    private let now: Timestamp
    private let ids: [String]?
    private let activities: [String]?
    private let instances: [String]?

    init(_ filters: Filters, at now: Timestamp) {
        self.filters = filters
        self.now = now
        ids = filters.list("externalTaskIdIn") ?? filters.string("externalTaskId").map { [$0] }
        activities = filters.list("activityIdIn") ?? filters.string("activityId").map { [$0] }
        instances = filters.list("processInstanceIdIn")
    }

    func admits(_ row: TaskRow) -> Bool {
        if let ids, !ids.contains(row.id.description) { return false }
        if let activities, !activities.contains(row.element.text) { return false }
        if let instances, !instances.contains(row.id.instance.text) { return false }
        if let worker = filters.string("workerId"), row.owner != worker { return false }
        let isLocked = (row.leaseUntil ?? (row.error == nil ? nil : row.availableAt)).map { $0 > now } ?? false
        if filters.flag("locked"), !isLocked { return false }
        if filters.flag("notLocked"), isLocked { return false }
        if filters.flag("withRetriesLeft"), row.retries == 0 { return false }
        if filters.flag("noRetriesLeft"), row.retries > 0 { return false }
        if filters.flag("active"), row.isPaused { return false }
        return !filters.flag("suspended") || row.isPaused
    }
}
