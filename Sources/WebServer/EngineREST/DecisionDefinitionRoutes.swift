import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Looking at decision definitions, and evaluating them.
extension EngineREST {
    func addDecisionRoutes(to routes: Routes) {
        routes.get("decision-definition", .read(.installation)) { request, _ in
            let filters = Filters(query: request)
            return Response(json: try filters.page(await decisionDefinitions(filters))) { $0.decisionDefinition($1) }
        }
        routes.get("decision-definition/count", .read(.installation)) { request, _ in
            Response(count: try await decisionDefinitions(Filters(query: request)).count)
        }
        for path in [
            "decision-definition/:id", "decision-definition/key/:key", "decision-definition/key/:key/tenant-id/:tenant",
        ] {
            routes.get(path, .read(.installation)) { _, context in
                var writer = JSONWriter()
                writer.decisionDefinition(try await decisionDefinition(context))
                return Response(json: writer)
            }
            routes.post(path + "/evaluate", .read(.installation)) { request, context in
                try await evaluate(decisionDefinition(context), request)
            }
        }
    }

    private func decisionDefinitions(_ filters: Filters) async throws -> [DeployedDecisions.Version] {
        let all = try await decisions.versions()
        let version = try filters.int("version")
        return all.enumerated().filter { index, decision in
            let id = decision.deployed.id
            if let key = filters.string("key"), id.decision != key { return false }
            if let wanted = filters.string("decisionDefinitionId"), id.description != wanted { return false }
            if let name = filters.string("name"), decision.name != name { return false }
            if let version, id.version != version { return false }
            if let tag = filters.string("versionTag"), !decision.tags.contains(tag) { return false }
            let isLatest = !all.indices.contains(index + 1) || all[index + 1].deployed.id.decision != id.decision
            return isLatest || !filters.flag("latestVersion")
        }.map(\.element)
    }

    /// The one that the path names: by id, or the newest version of a key.
    private func decisionDefinition(_ context: CallContext) async throws -> DeployedDecisions.Version {
        let all = try await decisions.versions()
        if context.parameters.get("key") != nil {
            let key = try context.part("key")
            if let found = all.last(where: { $0.deployed.id.decision == key }) { return found }
            throw CamundaError(
                status: .notFound, type: "RestException",
                message: "No matching decision definition with key: \(key) and no tenant-id")
        }
        let id = try context.part("id")
        if let found = all.first(where: { $0.deployed.id.description == id }) { return found }
        throw CamundaError.notFound("No matching decision definition with id \(id)")
    }

    /// A list with an object for each rule that matched.
    private func evaluate(_ decision: DeployedDecisions.Version, _ request: Request) async throws -> Response {
        let variables = try TypedValue.readAll(try await request.camundaBody()["variables"])
        let rows: [[Variable]]
        do {
            let evaluated = try await decisions.evaluate(
                decision.deployed.id.decision, version: decision.deployed.id.version,
                input: .object(variables.map { ($0.name, $0.value) }))
            rows = evaluated.rows
        } catch let rejection as Rejection {
            throw CamundaError(
                status: .internalServerError, type: "RestException",
                message: "Cannot evaluate decision \(decision.deployed.id): \(rejection.message)")
        }
        return Response(json: rows) { $0.typed($1) }
    }
}

extension JSONWriter {
    mutating func decisionDefinition(_ decision: DeployedDecisions.Version) {
        beginObject()
        member("id", decision.deployed.id.description)
        member("key", decision.deployed.id.decision)
        member("category", nil as String?)
        member("name", decision.name)
        key("version")
        int(decision.deployed.id.version)
        member("versionTag", decision.tags.first)
        nulls(
            "resource", "deploymentId", "tenantId", "decisionRequirementsDefinitionId",
            "decisionRequirementsDefinitionKey", "historyTimeToLive")
        endObject()
    }
}
