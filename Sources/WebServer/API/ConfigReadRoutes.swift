import Contracts
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Staging
import Values

/// What the config store has: for people who look, and for copies of it.
extension RESTAPI {
    func addConfigReadRoutes(to routes: Routes) {
        routes.get("/v1/config", .read(.nothing)) { request, _ in
            try request.allowQuery([])
            return try await describeConfig()
        }
        routes.get("/v1/config/deployment", .read(.installation)) { request, _ in
            try request.allowQuery([])
            return try await describeDeployment()
        }
        routes.get("/v1/config/snapshot", .read(.installation)) { request, _ in try await snapshot(request) }
        routes.get("/v1/config/diff", .read(.installation)) { request, _ in try await diffRevisions(request) }
        routes.post("/v1/config/diff", .read(.installation)) { request, _ in try await diffFiles(request) }
        routes.get("/v1/contracts/{name}/uses", .read(.installation)) { request, context in
            try await uses(request, context)
        }
    }

    private func describeConfig() async throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("store", try await config.storeID())
        writer.key("head")
        if let head = try await config.head() { writer.revision(head) } else { writer.null() }
        writer.endObject()
        return Response(json: writer)
    }

    private func describeDeployment() async throws -> Response {
        let status = try await deployment.look()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("revision")
        if let revision = status.revision { writer.int(revision) } else { writer.null() }
        writer.key("differences")
        writer.int(status.differences)
        writer.member("policy", deployment.policy.rawValue)
        writer.key("drift")
        writer.beginArray()
        for drift in status.drift {
            writer.beginObject()
            writer.member("kind", drift.kind.rawValue)
            writer.member("process", drift.process)
            writer.key("version")
            writer.int(drift.version)
            writer.member("message", drift.sentence)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func snapshot(_ request: Request) async throws -> Response {
        try request.allowQuery(["revision"])
        let snapshot = try await config.snapshot(at: request.queryNumber("revision"))
        var writer = JSONWriter(reservingCapacity: snapshot.artifacts.reduce(512) { $0 + $1.content.count + 256 })
        writer.beginObject()
        writer.member("store", snapshot.store)
        writer.key("revision")
        if let revision = snapshot.revision { writer.revision(revision) } else { writer.null() }
        writer.key("artifacts")
        writer.beginArray()
        for (entry, content) in snapshot.artifacts {
            guard let text = String(validating: content, as: UTF8.self) else {
                throw StoreError(.corrupt, "\(entry.kind) \(entry.name)@\(entry.version) is not UTF-8 text")
            }
            writer.beginObject()
            writer.artifactMembers(entry)
            writer.member("content", text)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func diffRevisions(_ request: Request) async throws -> Response {
        try request.allowQuery(["from", "to"])
        return Self.answer(
            try await config.diff(from: request.queryNumber("from"), to: request.queryNumber("to")))
    }

    private func diffFiles(_ request: Request) async throws -> Response {
        try request.allowQuery([])
        let body = try await request.body(["files", "revision", "prune"], of: "a comparison", limit: 64 << 20)
        let files = try body.files()
        return Self.answer(
            try await config.diff(from: body.int("revision"), to: files, prune: body.bool("prune") ?? false))
    }

    private static func answer(_ diffs: [PartDiff]) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("parts")
        writer.diffs(diffs)
        writer.endObject()
        return Response(json: writer)
    }

    private func uses(_ request: Request, _ context: CallContext) async throws -> Response {
        try request.allowQuery(["version", "revision", "all"])
        let name = try context.text("name")
        var wanted: Contract.Wanted?
        if let version = try request.filter("version") {
            guard let reference = Contract.parseReference("\(name)@\(version)") else {
                throw Problem.badRequest("version is a major like 2, a version like 2.1, or latest; not '\(version)'")
            }
            wanted = reference.wanted
        }
        let all = try request.filter("all")
        guard all == nil || all == "true" || all == "false" else { throw Problem.badRequest("all is true or false") }
        let uses = try await config.uses(
            of: name, wanted, at: request.queryNumber("revision"), olderToo: all == "true")
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("uses")
        writer.beginArray()
        for use in uses { writer.use(use) }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }
}

extension JSONWriter {
    mutating func use(_ use: ContractUse) {
        beginObject()
        member("workflow", use.workflow)
        member("version", use.workflowVersion)
        member("process", use.process)
        member("element", use.element)
        member("name", use.elementName)
        key("line")
        int(use.line)
        member("asksFor", use.asksFor)
        endObject()
    }
}
