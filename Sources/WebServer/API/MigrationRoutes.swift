import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Running instances go over to another version of their workflow.
extension RESTAPI {
    func addMigrationRoutes(to routes: Routes) {
        routes.get("/v1/workflows/:name/migration-plan", .read(.found)) { request, context in
            try request.allowQuery(["from", "to"])
            return try await plan(
                MigrationService.Request(
                    workflow: context.text("name"), from: Self.required(request.query("from"), "from"),
                    to: request.query("to") ?? "latest"), context)
        }
        routes.post("/v1/workflows/:name/migration-plan", .read(.found)) { request, context in
            try request.allowQuery([])
            let body = try await request.body(["from", "to", "mapping"], of: "a migration plan")
            return try await plan(migration(of: context.text("name"), body), context)
        }
        routes.post("/v1/workflows/:name/migrations", .operate(.found)) { request, context in
            try request.allowQuery([])
            let body = try await request.body(
                ["from", "to", "mapping", "dryRun", "instances", "limit", "after"], of: "a migration")
            return try await migrate(migration(of: context.text("name"), body), body, context)
        }
    }

    private static func required(_ text: String?, _ name: String) throws -> String {
        guard let text, !text.isEmpty else {
            throw Problem.badRequest("\(name) is missing: the version of the workflow to migrate from")
        }
        return text
    }

    private func migration(of workflow: String, _ body: RequestBody) throws -> MigrationService.Request {
        let overrides = try (body.object("mapping")?.members() ?? []).map { name, value in
            guard value.isString || value.isNull else {
                throw Problem.badRequest("mapping.\(name) must be the id of an element, or null for none")
            }
            return MigrationPlan.Override(from: ElementID(name), to: value.stringValue.map { ElementID($0) })
        }
        return MigrationService.Request(
            workflow: workflow, from: try Self.required(body.string("from"), "from"),
            to: try body.string("to") ?? "latest", overrides: overrides)
    }

    /// The plans, if the caller has this right to the workflow of each version that they are about.
    private func plans(
        for request: MigrationService.Request, _ context: CallContext, _ right: Right
    ) async throws -> [MigrationPlan] {
        let plans = try await migrations.plans(for: request)
        context.record.note { $0.workflow = plans.first.map { $0.target.workflow ?? $0.target.id.process } }
        for version in plans.flatMap({ [$0.source, $0.target] }) {
            try context.access.require(right, on: version.workflow ?? version.id.process)
        }
        return plans
    }

    private func plan(_ request: MigrationService.Request, _ context: CallContext) async throws -> Response {
        let plans = try await plans(for: request, context, .read)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("plans")
        writer.beginArray()
        for plan in plans { writer.plan(plan) }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func migrate(
        _ request: MigrationService.Request, _ body: RequestBody, _ context: CallContext
    ) async throws -> Response {
        let instances = try (body.list("instances") ?? []).map { item in
            guard let id = item.stringValue else {
                throw Problem.badRequest("instances must be a list of instance ids")
            }
            return InstanceID(id)
        }
        let limit = try body.int("limit") ?? 100
        guard (1...1000).contains(limit) else { throw Problem.badRequest("limit is a number from 1 to 1000") }
        guard instances.count <= 1000 else { throw Problem.badRequest("instances may have at most 1000 ids at once") }
        let isDryRun = try body.bool("dryRun") ?? false
        context.record.note { $0.isDryRun = isDryRun }
        _ = try await plans(for: request, context, .operate)
        // Each of them, not the workflow that the request says they are of.
        for instance in instances { try await context.require(.operate, on: instance) }
        let batch = try await migrations.migrate(
            request, instances: instances, isDryRun: isDryRun,
            page: PageRequest(limit: limit, after: body.string("after")))
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("dryRun", isDryRun)
        writer.key("instances")
        writer.beginArray()
        for row in batch.rows { writer.migration(row) }
        writer.endArray()
        writer.member("next", batch.next)
        writer.member("position", String(batch.position))
        writer.endObject()
        return Response(json: writer)
    }
}

extension JSONWriter {
    fileprivate mutating func plan(_ plan: MigrationPlan) {
        beginObject()
        for (name, version) in [("from", plan.source), ("to", plan.target)] {
            key(name)
            beginObject()
            member("definition", version.id.description)
            member("workflow", version.workflow)
            member("version", version.workflowVersion)
            endObject()
        }
        key("mapping")
        beginObject()
        for (from, to) in plan.mapping { member(from.text, to.text) }
        endObject()
        key("unmapped")
        beginArray()
        for problem in plan.unmapped { self.problem(problem) }
        endArray()
        key("warnings")
        beginArray()
        for warning in plan.warnings { problem(warning) }
        endArray()
        endObject()
    }

    fileprivate mutating func migration(_ row: MigrationService.Row) {
        beginObject()
        member("id", row.instance.text)
        member("businessKey", row.businessKey)
        member("definition", row.definition?.description)
        member("outcome", row.outcome.rawValue)
        key("problems")
        beginArray()
        for problem in row.problems { self.problem(problem) }
        endArray()
        endObject()
    }
}

extension JSONWriter {
    /// - Parameter instances: how many have it.
    mutating func problem(_ problem: MigrationProblem, instances: Int? = nil) {
        beginObject()
        if let instances {
            key("instances")
            int(instances)
        }
        member("element", problem.element?.text)
        member("name", problem.name)
        member("message", problem.message)
        member("suggestion", problem.suggestion)
        endObject()
    }
}
