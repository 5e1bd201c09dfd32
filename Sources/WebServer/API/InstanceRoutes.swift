import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

extension RESTAPI {
    func addInstanceRoutes(to routes: Routes) {
        routes.get("/v1/workflows", .read(.found)) { request, context in
            try request.allowQuery([])
            return try await listWorkflows(context)
        }
        routes.post("/v1/workflows/:name/start", .start(.found)) { request, context in
            try await start(context.text("name"), request, context)
        }
        routes.get("/v1/instances", .read(.found)) { request, context in
            try await listInstances(request, context)
        }
        routes.get("/v1/instances/:id", .read(.instance)) { request, context in
            try await showInstance(context.instance, request)
        }
        routes.post("/v1/instances/:id/cancel", .operate(.instance)) { request, context in
            try request.allowQuery([])
            let body = try await request.body(["reason"], of: "a cancel")
            return try await changed(
                engine.cancel(context.instance, reason: body.string("reason") ?? "canceled by an operator"))
        }
        routes.post("/v1/instances/:id/retry", .operate(.instance)) { request, context in
            try request.allowQuery([])
            let body = try await request.body(["incident", "retries"], of: "a retry")
            let retries = try body.int("retries")
            if let retries, retries < 1 { throw Problem.badRequest("retries is a number from 1, not \(retries)") }
            return try await changed(
                engine.retry(context.instance, incident: body.int("incident"), retries: retries))
        }
        routes.post("/v1/instances/:id/restart", .operate(.instance)) { request, context in
            try request.allowQuery([])
            return try await restart(context.instance, request)
        }
        routes.put("/v1/instances/:id/variables", .operate(.instance)) { request, context in
            try request.allowQuery([])
            let members = try await request.jsonObject().members() ?? []
            return try await changed(
                engine.setVariables(
                    members.map { Variable(name: $0.name, value: $0.value) },
                    of: context.instance))
        }
    }

    /// Answers a write: the position that a read may ask the index to have reached.
    func changed(_ position: Int64) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("position", String(position))
        writer.endObject()
        return Response(json: writer)
    }

    private func listWorkflows(_ context: CallContext) async throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("workflows")
        writer.beginArray()
        let catalog = await registry.catalog
        for definition in await registry.deployed where context.access.admits(definition.workflowName) {
            writer.beginObject()
            writer.member("workflow", definition.workflow)
            writer.member("version", definition.workflowVersion)
            writer.member("definition", definition.id.description)
            writer.member("open", definition.canStart(with: catalog))
            writer.member("deployedAt", definition.deployedAt.iso8601)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func start(_ name: String, _ request: Request, _ context: CallContext) async throws -> Response {
        // Starts are by the name of a contract, and of nothing else: what is started is what is named.
        context.record.note { $0.workflow = String(name.prefix(200)) }
        try context.access.require(.start, on: name)
        try request.allowQuery([])
        let body = try await request.body(
            [
                "version", "input", "businessKey", "idempotencyKey", "metadata", "startedBy", "runAs", "correlationId",
                "priority",
            ], of: "a start")
        let metadata = try (body.object("metadata")?.members() ?? []).map { (name, value) in
            guard value.isString else { throw Problem.badRequest("metadata.\(name) must be a string") }
            return Variable(name: name, value: value)
        }
        let (inBody, inHeader) = (try body.string("idempotencyKey"), request.headers[.idempotencyKey])
        if let inBody, let inHeader, inBody != inHeader {
            throw Problem.badRequest("idempotencyKey and the header Idempotency-Key differ: send one of them")
        }
        let started = try await starts.start(
            StartService.Request(
                workflow: name, version: body.string("version"), input: body.object("input") ?? .emptyObject,
                businessKey: body.string("businessKey"), idempotencyKey: inBody ?? inHeader, metadata: metadata,
                startedBy: body.string("startedBy"), runAs: body.string("runAs"),
                correlationID: body.string("correlationId"), priority: body.int("priority")))
        context.record.note { $0.instance = started.receipt.instance.text }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", started.receipt.instance.text)
        writer.member("workflow", started.workflow)
        writer.member("version", started.version)
        writer.member("definition", started.definition.description)
        writer.member("new", started.receipt.new)
        writer.member("position", String(started.receipt.position))
        writer.endObject()
        return Response(status: started.receipt.new ? .created : .ok, json: writer)
    }

    private func restart(_ id: InstanceID, _ request: Request) async throws -> Response {
        let body = try await request.body(["at", "variables", "idempotencyKey"], of: "a restart")
        let elements = try (body.list("at") ?? []).map { element in
            guard let text = element.stringValue else { throw Problem.badRequest("at is a list of element ids") }
            return ElementID(text)
        }
        let restarted = try await restarts.restart(
            RestartService.Request(
                instance: id, elements: elements, variables: body.variables("variables"),
                idempotencyKey: body.string("idempotencyKey")))
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", restarted.receipt.instance.text)
        writer.member("restartedFrom", id.text)
        writer.member("definition", restarted.definition.description)
        writer.list("at", restarted.elements) { $0.string($1.text) }
        writer.member("new", restarted.receipt.new)
        writer.member("position", String(restarted.receipt.position))
        writer.endObject()
        return Response(status: restarted.receipt.new ? .created : .ok, json: writer)
    }

    private func listInstances(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery(
            [
                "state", "workflow", "contract", "businessKey", "objectId", "correlationId", "startedAfter",
                "startedBefore", "limit", "after", "position", "restartedFrom",
            ], prefixes: ["metadata."])
        try await waitForPosition(request)
        var query = InstanceQuery()
        query.states = try request.queryStates("state", of: InstanceState.self)
        (query.workflow, query.definitions) = try await workflowFilter(request, context)
        query.contract = try request.contractFilter()
        query.businessKey = try request.filter("businessKey")
        query.objectID = try request.filter("objectId")
        query.correlationID = try request.filter("correlationId")
        query.startedAfter = try request.queryTime("startedAfter")
        query.startedBefore = try request.queryTime("startedBefore")
        query.metadata = request.queryMetadata
        query.restartedFrom = try request.filter("restartedFrom").map { InstanceID($0) }
        query.page = try request.page()
        let page = try await queries.instances(query)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("instances")
        writer.beginArray()
        // A page may have fewer rows than it was asked for, and another after it.
        for row in try await context.visible(page.rows, definition: \.definition) { writer.instance(row) }
        writer.endArray()
        writer.member("next", page.next)
        writer.endObject()
        return Response(json: writer)
    }

    /// A query may ask to see at least a write: `position` as that write answered it.
    func waitForPosition(_ request: Request) async throws {
        guard let text = request.query("position") else { return }
        guard let position = Int64(text) else {
            throw Problem.badRequest("position is what a write answered, not '\(text)'")
        }
        guard await queries.waits(for: position) else {
            throw Problem(
                status: .serviceUnavailable, title: "The index is behind",
                detail: "the index has not reached position \(position)")
        }
    }

    /// The journal is ahead of the index by some milliseconds: a fresh instance may not be in it yet.
    private func row(of id: InstanceID) async throws -> IndexedInstance? {
        if let row = try await queries.instance(id) { return row }
        guard await queries.catchesUp() else { return nil }
        return try await queries.instance(id)
    }

    private func showInstance(_ id: InstanceID, _ request: Request) async throws -> Response {
        try request.allowQuery(["position"])
        try await waitForPosition(request)
        guard let state = try await queries.state(id) else { throw Problem.notFound("there is no instance \(id)") }
        guard let row = try await self.row(of: id) else {
            throw Problem.notFound(
                "instance \(id) is not in the index yet; ask again with the position its start answered")
        }
        var query = TaskQuery()
        query.instance = id
        query.page.limit = 1000
        let tasks = try await queries.tasks(query).rows
        let outputs = await registry.outputNames(of: row)
        var writer = JSONWriter()
        writer.beginObject()
        writer.instanceMembers(row)
        writer.key("progress")
        writer.double(row.progress(of: tasks))
        writer.key("variables")
        let mask = await histories.mask()
        let variables = mask(state.rootVariables)
        writer.variables(variables)
        writer.key("output")
        writer.variables(outputs.map { names in variables.filter { names.contains($0.name) } } ?? [])
        writer.key("incidents")
        writer.beginArray()
        for incident in state.openIncidents { writer.incident(incident) }
        writer.endArray()
        writer.key("userTasks")
        writer.beginArray()
        for task in state.openUserTasks { writer.userTask(task) }
        writer.endArray()
        writer.key("tasks")
        writer.beginArray()
        for task in tasks.reversed() { writer.task(task) }
        writer.endArray()
        writer.list("timers", state.openTimers) { $0.timer($1) }
        writer.list("subscriptions", state.openSubscriptions) { $0.subscription($1) }
        writer.list("calls", state.openCalls) { $0.call($1, mask) }
        writer.endObject()
        return Response(json: writer)
    }
}

extension HTTPField.Name {
    fileprivate static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

extension CallContext {
    /// A part of the path, decoded.
    func text(_ name: String) throws -> String {
        let raw = try parameters.require(name)
        guard let text = raw.removingPercentEncoding else {
            throw Problem.badRequest("'\(raw)' in the path is not percent-encoded UTF-8")
        }
        return text
    }

    var instance: InstanceID { get throws { try InstanceID(text("id")) } }
}

extension Request {
    /// Each `metadata.KEY=TEXT` of the query. Metadata of a start are texts.
    var queryMetadata: [Variable] {
        uri.queryParameters.compactMap { key, value in
            key.hasPrefix("metadata.")
                ? Variable(name: String(key.dropFirst("metadata.".count)), value: .string(String(value))) : nil
        }
    }
}
