import Decisions
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

extension RESTAPI {
    func addDecisionRoutes(to routes: Routes) {
        routes.get("/v1/decisions", .read(.installation)) { request, _ in
            try request.allowQuery(["all"])
            return try await listDecisions(all: request.query("all") == "true")
        }
        routes.get("/v1/decisions/:decision", .read(.installation)) { request, context in
            try request.allowQuery(["version"])
            let version = try await decisions.version(of: context.text("decision"), request.queryNumber("version"))
            var writer = JSONWriter()
            writer.decision(version, detailed: true)
            return Response(json: writer)
        }
        routes.post("/v1/decisions/:decision/evaluate", .read(.installation)) { request, context in
            try request.allowQuery([])
            let body = try await request.body(["input", "version"], of: "an evaluation")
            let evaluated = try await decisions.evaluate(
                context.text("decision"), version: body.int("version"), input: body.object("input") ?? .emptyObject)
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("decision", evaluated.version.deployed.id.decision)
            writer.key("version")
            writer.int(evaluated.version.deployed.id.version)
            for (name, value) in evaluated.result.report.members() ?? [] {
                writer.key(name)
                writer.raw(value)
            }
            writer.endObject()
            return Response(json: writer)
        }
    }

    /// The newest version of each, or all versions.
    private func listDecisions(all: Bool) async throws -> Response {
        let versions = try await decisions.versions()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("decisions")
        writer.beginArray()
        for (index, version) in versions.enumerated() {
            let next = versions.indices.contains(index + 1) ? versions[index + 1].deployed.id.decision : nil
            if all || next != version.deployed.id.decision { writer.decision(version, detailed: false) }
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }
}

extension JSONWriter {
    fileprivate mutating func decision(_ version: DeployedDecisions.Version, detailed: Bool) {
        beginObject()
        member("decision", version.deployed.id.decision)
        key("version")
        int(version.deployed.id.version)
        member("name", version.name)
        member("contract", version.deployed.contract)
        member("configVersion", version.deployed.configVersion)
        key("tags")
        beginArray()
        for tag in version.tags { string(tag) }
        endArray()
        member("deployedAt", version.deployed.deployedAt.iso8601)
        if detailed {
            key("inputs")
            beginArray()
            for input in version.model.inputs {
                beginObject()
                member("name", input.name)
                member("type", input.type)
                endObject()
            }
            endArray()
        }
        endObject()
    }
}
