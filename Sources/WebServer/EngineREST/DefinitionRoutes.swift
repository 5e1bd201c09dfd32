import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// A deployed definition with what its model and its deployment say of it.
struct ShownDefinition {
    var id: DefinitionID
    var name: String?
    var resource: String?
    var deployment: String?
    var isSuspended: Bool
    var deployedAt: Timestamp
}

/// Looking at process definitions, and starting them.
extension EngineREST {
    func addDefinitionRoutes(to routes: Routes) {
        routes.get("process-definition", .read(.found)) { request, context in
            let filters = Filters(query: request)
            return Response(json: try filters.page(await definitions(filters, context))) { $0.definition($1) }
        }
        routes.get("process-definition/count", .read(.found)) { request, context in
            Response(count: try await definitions(Filters(query: request), context).count)
        }
        for path in [
            "process-definition/:id", "process-definition/key/:key", "process-definition/key/:key/tenant-id/:tenant",
        ] {
            routes.get(path, .read(.found)) { _, context in
                let found = try await definition(context, .read)
                var writer = JSONWriter()
                for shown in try await shown([found]) { writer.definition(shown) }
                return Response(json: writer)
            }
            routes.get(path + "/xml", .read(.found)) { _, context in
                try await xml(of: definition(context, .read).id)
            }
            routes.post(path + "/start", .start(.found)) { request, context in
                try await start(definition(context, .start), request, context)
            }
            routes.put(path + "/suspended", .operate(.found)) { request, context in
                try await setSuspended(definition(context, .operate), request, context)
            }
        }
    }

    /// A process is closed and opened as a whole, for new starts: its versions have no state of their own.
    private func setSuspended(
        _ definition: DeployedDefinition, _ request: Request, _ context: CallContext
    ) async throws -> Response {
        // All of its versions, of which the newest may belong to another workflow than the one that was named.
        for other in await registry.deployed where other.id.process == definition.id.process {
            try context.require(.operate, on: other)
        }
        let body = try await request.jsonObject()
        guard let isSuspended = body["suspended"]?.boolValue else {
            throw CamundaError.invalid("give suspended: true or false")
        }
        guard body["includeProcessInstances"]?.boolValue != true, body["executionDate"]?.isNull != false else {
            throw CamundaError.invalid("includeProcessInstances and executionDate are not supported")
        }
        try await deployer.setOpen(!isSuspended, process: definition.id.process)
        return Response.noContent
    }

    // MARK: - Finding

    /// The definition that the path names, if the caller has this right to it.
    private func definition(_ context: CallContext, _ right: Right) async throws -> DeployedDefinition {
        let found = try await definition(context)
        try context.require(right, on: found)
        return found
    }

    /// By id, or the newest version of a key.
    private func definition(_ context: CallContext) async throws -> DeployedDefinition {
        let deployed = await registry.deployed
        guard context.parameters.get("key") != nil else {
            let id = try context.part("id")
            guard let found = deployed.first(where: { $0.id.description == id }) else {
                throw CamundaError.notFound("No matching definition with id \(id)")
            }
            return found
        }
        let key = try context.part("key")
        guard let found = deployed.last(where: { $0.id.process == key }) else {
            throw CamundaError(
                status: .notFound, type: "RestException",
                message: "No matching process definition with key: \(key) and no tenant-id")
        }
        return found
    }

    func definitions(_ ids: [DefinitionID]) async throws -> [ShownDefinition] {
        try await shown(await registry.deployed.filter { ids.contains($0.id) })
    }

    private func shown(_ deployed: [DeployedDefinition]) async throws -> [ShownDefinition] {
        let records = try await deployer.records.deploymentRecords()
        var shown: [ShownDefinition] = []
        for definition in deployed {
            // The first deployment that has it is the one that made it.
            let record = records.first { $0.resources.contains { $0.definitions.contains(definition.id) } }
            let resource = record?.resources.first { $0.definitions.contains(definition.id) }
            shown.append(
                ShownDefinition(
                    id: definition.id, name: try await registry.definition(definition.id)?.name,
                    resource: resource?.name ?? "\(definition.id.process).bpmn",
                    deployment: record?.id ?? definition.workflow.map {
                        "\($0)@\(definition.workflowVersion ?? "")"
                    } ?? definition.hash,
                    isSuspended: !definition.open, deployedAt: definition.deployedAt))
        }
        return shown
    }

    private func definitions(_ filters: Filters, _ context: CallContext) async throws -> [ShownDefinition] {
        let all = await registry.deployed.filter { context.access.admits($0.workflowName) }
        let ids = filters.list("processDefinitionIdIn") ?? filters.string("processDefinitionId").map { [$0] }
        let keys = filters.list("keysIn") ?? filters.string("key").map { [$0] }
        let version = try filters.int("version")
        let matching = all.filter { definition in
            if let ids, !ids.contains(definition.id.description) { return false }
            if let keys, !keys.contains(definition.id.process) { return false }
            if let pattern = filters.string("keyLike"), !Filters.like(pattern, definition.id.process) { return false }
            if let version, definition.id.version != version { return false }
            if filters.flag("latestVersion") {
                return definition.id == all.last { $0.id.process == definition.id.process }?.id
            }
            return true
        }
        let found = try await shown(matching).filter { definition in
            if let name = filters.string("name"), definition.name != name { return false }
            if let pattern = filters.string("nameLike"), !Filters.like(pattern, definition.name ?? "") { return false }
            if let deployment = filters.string("deploymentId"), definition.deployment != deployment { return false }
            if let resource = filters.string("resourceName"), definition.resource != resource { return false }
            // Version tags are not kept: only a pattern that takes everything matches.
            if let tag = filters.string("versionTagLike") ?? filters.string("versionTag"),
                !tag.allSatisfy({ $0 == "%" })
            {
                return false
            }
            if filters.flag("active"), definition.isSuspended { return false }
            return !filters.flag("suspended") || definition.isSuspended
        }
        return Self.sorted(found, by: filters)
    }

    private static func sorted(_ definitions: [ShownDefinition], by filters: Filters) -> [ShownDefinition] {
        let sorted: [ShownDefinition] =
            switch filters.string("sortBy") {
            case "version": definitions.sorted { ($0.id.version, $0.id.process) < ($1.id.version, $1.id.process) }
            case "name": definitions.sorted { ($0.name ?? "", $0.id) < ($1.name ?? "", $1.id) }
            case "deploymentId": definitions.sorted { ($0.deployment ?? "", $0.id) < ($1.deployment ?? "", $1.id) }
            case "deployTime", "deploymentTime": definitions.sorted { ($0.deployedAt, $0.id) < ($1.deployedAt, $1.id) }
            case nil, .some: definitions
            }
        return filters.string("sortOrder") == "desc" ? sorted.reversed() : sorted
    }

    private func xml(of id: DefinitionID) async throws -> Response {
        guard let source = try await registry.store.source(of: id) else {
            throw CamundaError.notFound("No matching definition with id \(id)")
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", id.description)
        writer.member("bpmn20Xml", String(decoding: source, as: UTF8.self))
        writer.endObject()
        return Response(json: writer)
    }

    // MARK: - Starting

    private func start(
        _ definition: DeployedDefinition, _ request: Request, _ context: CallContext
    ) async throws -> Response {
        let body = try await request.camundaBody()
        for name in ["startInstructions", "caseInstanceId"] {
            guard let value = body[name], !value.isNull, value.elements()?.isEmpty != true else { continue }
            throw CamundaError.invalid("\(name) is not supported: a process starts at its start event")
        }
        let variables = try TypedValue.readAll(body["variables"])
        let businessKey = body["businessKey"]?.stringValue
        let id = try await begin(definition, variables, businessKey)
        context.record.note { $0.instance = id.text }
        let instance = try await engine.instance(id)
        var writer = JSONWriter()
        writer.beginObject()
        writer.selfLink("\(request.engineRoot)/process-instance/\(id)")
        writer.processInstanceMembers(
            id, of: definition.id, businessKey: businessKey, isEnded: instance?.isEnded ?? false)
        if body["withVariablesInReturn"]?.boolValue == true {
            writer.key("variables")
            writer.typed(instance?.rootVariables ?? variables)
        }
        writer.endObject()
        return Response(json: writer)
    }

    /// A process with a workflow contract starts by it, with its defaults and checks.
    private func begin(
        _ definition: DeployedDefinition, _ variables: [Variable], _ businessKey: String?
    ) async throws -> InstanceID {
        let id = definition.id
        let newest = await registry.deployed.last { $0.id.process == id.process }
        if let workflow = definition.workflow {
            guard newest?.id == id else {
                throw CamundaError.invalid("\(id) is not the newest version of workflow \(workflow): start that one")
            }
            let started = try await starts.start(
                StartService.Request(
                    workflow: workflow, version: definition.workflowVersion,
                    input: .object(variables.map { ($0.name, $0.value) }), businessKey: businessKey))
            return started.receipt.instance
        }
        guard definition.open else {
            throw CamundaError.invalid("Process definition \(id) is closed for new starts")
        }
        do {
            return try await engine.start(
                Command.Start(definition: id, variables: variables, businessKey: businessKey), key: nil
            ).instance
        } catch let rejection as Rejection where rejection.reason == .stuck {
            throw CamundaError(
                status: .internalServerError, type: "RestException",
                message: "Cannot instantiate process definition \(id): \(rejection.message)")
        }
    }
}

extension JSONWriter {
    mutating func definition(_ definition: ShownDefinition) {
        beginObject()
        member("id", definition.id.description)
        member("key", definition.id.process)
        nulls("category", "description")
        member("name", definition.name)
        key("version")
        int(definition.id.version)
        member("resource", definition.resource)
        member("deploymentId", definition.deployment)
        nulls("diagram", "tenantId", "versionTag", "historyTimeToLive")
        member("suspended", definition.isSuspended)
        member("startableInTasklist", true)
        endObject()
    }

    mutating func processInstanceMembers(
        _ id: InstanceID, of definition: DefinitionID, businessKey: String?, isEnded: Bool,
        isSuspended: Bool = false
    ) {
        member("id", id.text)
        member("definitionId", definition.description)
        member("definitionKey", definition.process)
        member("businessKey", businessKey)
        nulls("caseInstanceId", "tenantId")
        member("ended", isEnded)
        member("suspended", isSuspended)
    }
}
