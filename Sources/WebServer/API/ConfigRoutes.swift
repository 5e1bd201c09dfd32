import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Staging
import Values

extension RESTAPI {
    func addConfigRoutes(to routes: Routes) {
        routes.post("/v1/config/push", .deploy(.found)) { request, context in try await push(request, context) }
        routes.get("/v1/config/revisions", .read(.installation)) { request, _ in try await listRevisions(request) }
        routes.get("/v1/config/artifacts", .read(.installation)) { request, _ in try await listArtifacts(request) }
        routes.get("/v1/contracts", .read(.installation)) { request, _ in
            try request.allowQuery([])
            return try await listContracts()
        }
    }

    private func push(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery([])
        let body = try await request.body(
            ["files", "author", "message", "parent", "prune", "dryRun"], of: "a push", limit: 64 << 20)
        let files = try body.files()
        let report = try await config.push(
            files, author: body.string("author") ?? "unknown", message: body.string("message") ?? "",
            parent: body.int("parent"), prune: body.bool("prune") ?? false, dryRun: body.bool("dryRun") ?? false
        ) { names in
            for name in names { try context.access.require(.deploy, on: name) }
        }
        context.record.note {
            $0.isDryRun = report.status == .checked
            $0.revision = report.revision?.number
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", report.status.rawValue)
        if let revision = report.revision {
            writer.key("revision")
            writer.revision(revision)
        }
        for (name, entries) in [
            ("added", report.added), ("changed", report.changed), ("unchanged", report.unchanged),
            ("removed", report.removed),
        ] {
            writer.key(name)
            writer.beginArray()
            for entry in entries { writer.artifact(entry) }
            writer.endArray()
        }
        writer.key("warnings")
        writer.beginArray()
        for warning in report.warnings { writer.diagnostic(warning) }
        writer.endArray()
        writer.endObject()
        return Response(status: report.status == .stored ? .created : .ok, json: writer)
    }

    private func listRevisions(_ request: Request) async throws -> Response {
        try request.allowQuery(["before", "limit"])
        let revisions = try await config.revisions(
            before: request.queryNumber("before"), limit: try request.page().limit)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("revisions")
        writer.beginArray()
        for revision in revisions { writer.revision(revision) }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func listArtifacts(_ request: Request) async throws -> Response {
        try request.allowQuery(["revision"])
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("artifacts")
        writer.beginArray()
        for entry in try await config.artifacts(at: request.queryNumber("revision")) {
            writer.artifact(entry)
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func listContracts() async throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("contracts")
        writer.beginArray()
        for contract in try await registry.store.contracts() { writer.raw(contract.content) }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }
}

extension RequestBody {
    /// The member `files`: contracts and models as texts.
    func files() throws -> [ConfigService.File] {
        guard let list = try list("files"), !list.isEmpty else {
            throw Problem.badRequest("files must be a list of {path, content} with at least one entry")
        }
        return try list.map { entry in
            let file = try RequestBody(entry, known: ["path", "content"], of: "a file")
            guard let path = try file.string("path"), let content = try file.string("content") else {
                throw Problem.badRequest("each file needs a path and a content, both strings")
            }
            return ConfigService.File(path: path, content: Array(content.utf8))
        }
    }
}
