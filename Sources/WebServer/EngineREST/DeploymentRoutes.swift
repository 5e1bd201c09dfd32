import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Deploying models, and looking at deployments.
extension EngineREST {
    /// The largest deployment, bytes.
    static let deploymentLimit = 64 << 20

    func addDeploymentRoutes(to routes: Routes) {
        routes.post("deployment/create", .deploy(.found)) { request, context in try await deploy(request, context) }
        routes.get("deployment", .read(.found)) { request, context in
            let filters = Filters(query: request)
            return Response(json: try filters.page(await deployments(filters, context))) { $0.deployment($1) }
        }
        routes.get("deployment/count", .read(.found)) { request, context in
            Response(count: try await deployments(Filters(query: request), context).count)
        }
        routes.get("deployment/:id", .read(.found)) { _, context in
            var writer = JSONWriter()
            writer.deployment(try await deployment(context, .read))
            return Response(json: writer)
        }
        // With or without `cascade`: running instances are not ended by the way.
        routes.delete("deployment/:id", .deploy(.found)) { _, context in
            // Instances that were started a moment ago count.
            try await catchUp()
            try await deployer.delete(deployment(context, .deploy).id)
            return Response.noContent
        }
        routes.get("deployment/:id/resources", .read(.found)) { _, context in
            let record = try await deployment(context, .read)
            return Response(json: record.resources) { writer, resource in
                writer.beginObject()
                writer.member("id", resource.name)
                writer.member("name", resource.name)
                writer.member("deploymentId", record.id)
                writer.endObject()
            }
        }
        routes.get("deployment/:id/resources/:resource/data", .read(.found)) { _, context in
            let record = try await deployment(context, .read)
            let name = try context.part("resource")
            guard let resource = record.resources.first(where: { $0.name == name }),
                let definition = resource.definitions.first,
                let source = try await registry.store.source(of: definition)
            else {
                throw CamundaError.notFound(
                    "Deployment resource '\(name)' for deployment '\(record.id)' does not exist")
            }
            return Response(
                status: .ok, headers: [.contentType: "application/octet-stream"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: source)))
        }
    }

    private func deploy(_ request: Request, _ context: CallContext) async throws -> Response {
        guard let buffer = try? await request.body.collect(upTo: Self.deploymentLimit) else {
            throw CamundaError(
                status: .contentTooLarge, type: "RestException",
                message: "a deployment may have at most \(Self.deploymentLimit) bytes")
        }
        guard
            let multipart = Multipart(Array(buffer.readableBytesView), contentType: request.headers[.contentType] ?? "")
        else { throw CamundaError.invalid("a deployment is a multipart/form-data body with at least one file") }
        var draft = ModelDeployer.Draft()
        for part in multipart.parts {
            let text = String(decoding: part.content, as: UTF8.self)
            switch (part.filename, part.name) {
            case (let filename?, _): draft.files.append(ModelDeployer.File(name: filename, content: part.content))
            case (nil, "deployment-name"): draft.name = text
            case (nil, "deployment-source"): draft.source = text
            case (nil, "enable-duplicate-filtering"):
                draft.filtersDuplicates = draft.filtersDuplicates || text.lowercased() == "true"
            case (nil, "deploy-changed-only"):
                draft.filtersDuplicates = draft.filtersDuplicates || text.lowercased() == "true"
            case (nil, "deployment-activation-time"):
                throw CamundaError.invalid("deployment-activation-time is not supported: deploy when it is to begin")
            case (nil, _): continue
            }
        }
        guard !draft.files.isEmpty else {
            throw CamundaError.invalid("No deployment resources contained in the form upload.")
        }
        let deployed = try await deployer.deploy(draft) { processes, decisions in
            // What runs on from now is the caller's: no process of another name, and no decision, which belongs to none.
            if !decisions.isEmpty { try context.access.require(.deploy) }
            for process in processes { try context.access.require(.deploy, on: process) }
            context.record.note { $0.workflow = processes.joined(separator: ", ") }
        }
        let definitions = try await definitions(deployed.definitions)
        var writer = JSONWriter()
        writer.beginObject()
        writer.selfLink("\(request.engineRoot)/deployment/\(deployed.record.id)")
        writer.deploymentMembers(deployed.record)
        writer.key("deployedProcessDefinitions")
        if definitions.isEmpty {
            writer.null()
        } else {
            writer.beginObject()
            for definition in definitions {
                writer.key(definition.id.description)
                writer.definition(definition)
            }
            writer.endObject()
        }
        writer.key("deployedDecisionDefinitions")
        if deployed.decisions.isEmpty {
            writer.null()
        } else {
            writer.beginObject()
            for id in deployed.decisions {
                writer.key(id.description)
                writer.decisionDefinition(try await decisions.version(of: id.decision, id.version))
            }
            writer.endObject()
        }
        writer.nulls("deployedCaseDefinitions", "deployedDecisionRequirementsDefinitions")
        writer.endObject()
        return Response(json: writer)
    }

    /// The deployment of the path, if the caller has this right to all that it made.
    private func deployment(_ context: CallContext, _ right: Right) async throws -> DeploymentRecord {
        let record = try await deployment(context.part("id"))
        guard let processes = Self.processes(of: record) else {
            try context.access.require(right)
            return record
        }
        for process in processes { try context.access.require(right, on: process) }
        return record
    }

    /// What came this way has no workflow contract: it is its processes that count. Nil: it is of all the installation, since it has
    /// decisions, which belong to no workflow, or nothing that has a name.
    private static func processes(of record: DeploymentRecord) -> [String]? {
        let processes = record.resources.flatMap(\.definitions).map(\.process)
        return processes.isEmpty || record.resources.contains { !$0.decisions.isEmpty } ? nil : processes
    }

    private func deployment(_ id: String) async throws -> DeploymentRecord {
        guard let record = try await deployer.records.deploymentRecords().first(where: { $0.id == id }) else {
            throw CamundaError.notFound("Deployment with id '\(id)' does not exist")
        }
        return record
    }

    private func deployments(_ filters: Filters, _ context: CallContext) async throws -> [DeploymentRecord] {
        let records = try await deployer.records.deploymentRecords().filter { record in
            if context.access.isScoped {
                guard let processes = Self.processes(of: record), processes.allSatisfy({ context.access.admits($0) })
                else { return false }
            }
            if let id = filters.string("id"), record.id != id { return false }
            if let name = filters.string("name"), record.name != name { return false }
            if let pattern = filters.string("nameLike"), !Filters.like(pattern, record.name ?? "") { return false }
            if let source = filters.string("source"), record.source != source { return false }
            return !filters.flag("withoutSource") || record.source == nil
        }
        let sorted =
            switch filters.string("sortBy") {
            case "id": records.sorted { $0.id < $1.id }
            case "name": records.sorted { ($0.name ?? "", $0.deployedAt) < ($1.name ?? "", $1.deployedAt) }
            case nil, .some: records
            }
        return filters.string("sortOrder") == "desc" ? sorted.reversed() : sorted
    }
}

extension JSONWriter {
    fileprivate mutating func deployment(_ record: DeploymentRecord) {
        beginObject()
        deploymentMembers(record)
        endObject()
    }

    fileprivate mutating func deploymentMembers(_ record: DeploymentRecord) {
        member("id", record.id)
        member("name", record.name)
        member("source", record.source)
        time("deploymentTime", record.deployedAt)
        nulls("tenantId")
    }
}
