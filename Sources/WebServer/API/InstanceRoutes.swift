import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

extension RESTAPI {
    func addInstanceRoutes(to router: Router<BasicRequestContext>) {
        router.get("/v1/workflows") { _, _ in try await listWorkflows() }
        router.post("/v1/workflows/:name/start") { request, context in
            try await start(context.parameters.require("name"), request)
        }
        router.get("/v1/instances") { request, _ in try await listInstances(request) }
        router.get("/v1/instances/:id") { request, context in
            try await showInstance(InstanceID(context.parameters.require("id")), request)
        }
        router.get("/v1/instances/:id/history") { _, context in
            try await history(InstanceID(context.parameters.require("id")))
        }
        router.post("/v1/instances/:id/cancel") { request, context in
            let body = try await request.jsonObject()
            return try await changed(
                engine.cancel(
                    InstanceID(context.parameters.require("id")),
                    reason: body["reason"]?.stringValue ?? "canceled by an operator"))
        }
        router.post("/v1/instances/:id/retry") { request, context in
            let body = try await request.jsonObject()
            return try await changed(
                engine.retry(
                    InstanceID(context.parameters.require("id")), incident: body["incident"]?.intValue,
                    retries: body["retries"]?.intValue))
        }
        router.put("/v1/instances/:id/variables") { request, context in
            let members = try await request.jsonObject().members() ?? []
            return try await changed(
                engine.setVariables(
                    members.map { Variable(name: $0.name, value: $0.value) },
                    of: InstanceID(context.parameters.require("id"))))
        }
    }

    /// Answers a write: the position that a read may ask the index to have reached.
    private func changed(_ position: Int64) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("position", String(position))
        writer.endObject()
        return Response(json: writer)
    }

    private func listWorkflows() async throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("workflows")
        writer.beginArray()
        for definition in await registry.deployed {
            writer.beginObject()
            writer.member("workflow", definition.workflow)
            writer.member("version", definition.workflowVersion)
            writer.member("definition", definition.id.description)
            writer.member("open", definition.open)
            writer.member("deployedAt", definition.deployedAt.iso8601)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func start(_ name: String, _ request: Request) async throws -> Response {
        let body = try await request.jsonObject()
        let known = ["version", "input", "businessKey", "idempotencyKey", "metadata", "startedBy"]
        for (member, _) in body.members() ?? [] where !known.contains(member) {
            throw Problem.badRequest(
                "unknown member '\(member)' of the start; there are: \(known.joined(separator: ", "))")
        }
        let metadata = try (body["metadata"]?.members() ?? []).map { (name, value) in
            guard value.isString else { throw Problem.badRequest("metadata.\(name) must be a string") }
            return Variable(name: name, value: value)
        }
        let key = body["idempotencyKey"]?.stringValue ?? request.headers[.init("Idempotency-Key")!]
        let started = try await starts.start(
            StartService.Request(
                workflow: name, version: body["version"]?.stringValue, input: body["input"] ?? .emptyObject,
                businessKey: body["businessKey"]?.stringValue, idempotencyKey: key, metadata: metadata,
                startedBy: body["startedBy"]?.stringValue))
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

    private func listInstances(_ request: Request) async throws -> Response {
        try request.allowQuery(
            [
                "state", "workflow", "contract", "businessKey", "objectId", "startedAfter", "startedBefore", "limit",
                "after", "position",
            ], prefixes: ["metadata."])
        try await waitForPosition(request)
        var query = InstanceQuery()
        query.states = try request.queryStates("state", of: InstanceState.self)
        query.workflow = request.query("workflow")
        query.contract = request.query("contract")
        query.businessKey = request.query("businessKey")
        query.objectID = request.query("objectId")
        query.startedAfter = try request.queryTime("startedAfter")
        query.startedBefore = try request.queryTime("startedBefore")
        query.metadata = request.queryMetadata
        query.page = try request.page()
        let page = try await queries.instances(query)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("instances")
        writer.beginArray()
        for row in page.rows { writer.instance(row) }
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

    private func showInstance(_ id: InstanceID, _ request: Request) async throws -> Response {
        try request.allowQuery(["position"])
        try await waitForPosition(request)
        guard let state = try await queries.state(id) else { throw Problem.notFound("there is no instance \(id)") }
        // The journal is ahead of the index by some milliseconds: a fresh instance may not be in it yet.
        guard let row = try await queries.instance(id) else {
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
        let variables = state.rootVariables
        writer.variables(variables)
        writer.key("output")
        writer.variables(outputs.map { names in variables.filter { names.contains($0.name) } } ?? [])
        writer.key("incidents")
        writer.beginArray()
        for incident in state.openIncidents { writer.incident(incident) }
        writer.endArray()
        writer.key("tasks")
        writer.beginArray()
        for task in tasks.reversed() { writer.task(task) }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func history(_ id: InstanceID) async throws -> Response {
        let rows = try await queries.history(id)
        guard !rows.isEmpty else { throw Problem.notFound("there is no instance \(id)") }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("history")
        writer.beginArray()
        for (row, _) in rows {
            writer.beginObject()
            writer.key("seq")
            writer.int(row.seq)
            writer.member("at", row.at.iso8601)
            writer.key("events")
            writer.raw(try JSON(validating: row.events))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }
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
