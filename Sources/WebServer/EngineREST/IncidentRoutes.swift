import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Looking at open incidents, and giving messages to those who wait.
extension EngineREST {
    private struct ShownIncident {
        var incident: Event.Incident
        var instance: InstanceID
        var definition: DefinitionID
        var at: Timestamp?

        var id: String { "\(instance).i\(incident.number)" }
        /// Camunda's two kinds: of external tasks, and of everything that its jobs do.
        var type: String { incident.task == nil ? "failedJob" : "failedExternalTask" }
    }

    func addIncidentRoutes(to routes: Routes) {
        routes.get("incident", .read(.found)) { request, context in
            let filters = Filters(query: request)
            return Response(json: try filters.page(await incidents(filters, context))) { Self.write($1, to: &$0) }
        }
        routes.get("incident/count", .read(.found)) { request, context in
            Response(count: try await incidents(Filters(query: request), context).count)
        }
        routes.get("incident/:id", .read(.found)) { _, context in
            let id = try context.part("id")
            let instance = id.lastIndex(of: ".").map { InstanceID(String(id[..<$0])) }
            guard let instance, let found = try await incidents(of: instance).first(where: { $0.id == id }) else {
                throw CamundaError.notFound("No matching incident with id \(id)")
            }
            try await context.require(.read, on: instance)
            var writer = JSONWriter()
            Self.write(found, to: &writer)
            return Response(json: writer)
        }
    }

    private func incidents(_ filters: Filters, _ context: CallContext) async throws -> [ShownIncident] {
        try await catchUp()
        var query = InstanceQuery()
        // What is suspended keeps its incidents.
        query.states = [.incident, .suspended]
        query.id = filters.string("processInstanceId").map { InstanceID($0) }
        query.page.limit = 1000
        var found: [ShownIncident] = []
        repeat {
            let page = try await queries.instances(query)
            for row in try await context.visible(page.rows, definition: \.definition) where row.openIncidents > 0 {
                if let id = filters.string("processDefinitionId"), row.definition.description != id { continue }
                if let keys = filters.list("processDefinitionKeyIn"), !keys.contains(row.definition.process) {
                    continue
                }
                found += try await incidents(of: row.id).filter { incident in
                    if let id = filters.string("incidentId"), incident.id != id { return false }
                    if let type = filters.string("incidentType"), incident.type != type { return false }
                    if let text = filters.string("incidentMessage"), incident.incident.message != text { return false }
                    if let text = filters.string("configuration"), Self.configuration(incident) != text { return false }
                    return filters.string("activityId").map { $0 == incident.incident.element.text } ?? true
                }
            }
            query.page.after = page.next
        } while query.page.after != nil
        return found
    }

    /// The open incidents of an instance, with when they began: the journal knows.
    private func incidents(of instance: InstanceID) async throws -> [ShownIncident] {
        guard let state = try await engine.instance(instance), let definition = state.definition,
            !state.openIncidents.isEmpty
        else { return [] }
        var began: [Int: Timestamp] = [:]
        for (row, events) in try await queries.history(instance) {
            for case .incidentRaised(let incident) in events { began[incident.number] = row.at }
        }
        return state.openIncidents.map {
            ShownIncident(incident: $0, instance: instance, definition: definition, at: began[$0.number])
        }
    }

    private static func configuration(_ shown: ShownIncident) -> String? {
        shown.incident.task.map { TaskID(instance: shown.instance, number: $0).description }
    }

    private static func write(_ shown: ShownIncident, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", shown.id)
        writer.member("processDefinitionId", shown.definition.description)
        writer.member("processInstanceId", shown.instance.text)
        writer.member("executionId", configuration(shown) ?? shown.instance.text)
        writer.time("incidentTimestamp", shown.at)
        writer.member("incidentType", shown.type)
        writer.member("activityId", shown.incident.element.text)
        writer.member("failedActivityId", shown.incident.element.text)
        writer.member("causeIncidentId", shown.id)
        writer.member("rootCauseIncidentId", shown.id)
        writer.member("configuration", configuration(shown))
        writer.member("incidentMessage", shown.incident.message)
        writer.nulls("tenantId", "jobDefinitionId", "annotation")
        writer.endObject()
    }

    // MARK: - Messages

    func correlate(_ request: Request, _ context: CallContext) async throws -> Response {
        let body = try await request.camundaBody()
        guard let name = body["messageName"]?.stringValue, !name.isEmpty else {
            throw CamundaError.invalid("No message name supplied")
        }
        var message = CorrelatedMessage(name: name)
        message.businessKey = body["businessKey"]?.stringValue
        try await context.requireReceiver(body["processInstanceId"]?.stringValue.map { InstanceID($0) })
        message.instance = body["processInstanceId"]?.stringValue.map { InstanceID($0) }
        message.correlationKeys =
            try TypedValue.readAll(body["correlationKeys"]) + TypedValue.readAll(body["localCorrelationKeys"])
        for name in ["processVariables", "processVariablesLocal", "processVariablesToTriggeredScope"] {
            message.variables += try TypedValue.readAll(body[name])
        }
        message.all = body["all"]?.boolValue ?? false
        let results: [CorrelationResult]
        do {
            results = try await messages.correlate(message)
        } catch let rejection as Rejection {
            throw CamundaError(
                status: .badRequest, type: "RestException",
                message:
                    "org.camunda.bpm.engine.MismatchingMessageCorrelationException: Cannot correlate message '\(name)': \(rejection.message)"
            )
        }
        guard body["resultEnabled"]?.boolValue == true else { return .noContent }
        return Response(json: results) { writer, result in
            writer.beginObject()
            writer.member("resultType", result.started ? "ProcessDefinition" : "Execution")
            writer.key("processInstance")
            writer.beginObject()
            writer.key("links")
            writer.beginArray()
            writer.endArray()
            writer.processInstanceMembers(
                result.instance, of: result.definition, businessKey: result.businessKey, isEnded: false)
            writer.endObject()
            writer.key("execution")
            if result.started {
                writer.null()
            } else {
                writer.beginObject()
                writer.member("id", result.instance.text)
                writer.member("processInstanceId", result.instance.text)
                writer.member("ended", false)
                writer.nulls("tenantId")
                writer.endObject()
            }
            writer.nulls("variables")
            writer.endObject()
        }
    }
}
