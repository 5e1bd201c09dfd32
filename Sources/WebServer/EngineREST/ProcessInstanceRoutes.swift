import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Looking at process instances that have not ended, and ending them.
extension EngineREST {
    func addInstanceRoutes(to routes: Routes) {
        routes.get("process-instance", .read(.found)) { request, context in
            try await listInstances(Filters(query: request), context)
        }
        routes.post("process-instance", .read(.found)) { request, context in
            try await listInstances(Filters(body: await request.camundaBody()), context)
        }
        routes.get("process-instance/count", .read(.found)) { request, context in
            Response(count: try await instances(Filters(query: request), context).count)
        }
        routes.post("process-instance/count", .read(.found)) { request, context in
            Response(count: try await instances(Filters(body: await request.camundaBody()), context).count)
        }
        routes.get("process-instance/:id", .read(.instance)) { _, context in
            let (id, instance) = try await running(context)
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("links")
            writer.beginArray()
            writer.endArray()
            if let definition = instance.definition {
                writer.processInstanceMembers(
                    id, of: definition, businessKey: instance.businessKey, isEnded: instance.isEnded,
                    isSuspended: instance.isSuspended)
            }
            writer.endObject()
            return Response(json: writer)
        }
        routes.put("process-instance/:id/suspended", .operate(.instance)) { request, context in
            let (id, instance) = try await running(context)
            let body = try await request.jsonObject()
            guard let suspended = body["suspended"]?.boolValue else {
                throw CamundaError.invalid("suspended must be true or false")
            }
            // As Camunda has it: what is so already stays so.
            if instance.isSuspended != suspended {
                _ = try await engine.command(suspended ? .suspend : .resume, of: id)
            }
            return Response.noContent
        }
        routes.delete("process-instance/:id", .operate(.instance)) { _, context in
            let (id, _) = try await running(context)
            _ = try await engine.cancel(id, reason: "deleted over REST")
            return Response.noContent
        }
    }

    /// The instance that the path names, unless it has ended.
    func running(_ context: CallContext) async throws -> (InstanceID, ProcessInstance) {
        let id = InstanceID(try context.part("id"))
        guard let instance = try await engine.instance(id), !instance.isEnded else {
            throw CamundaError.notFound("Process instance with id \(id) does not exist")
        }
        return (id, instance)
    }

    private func listInstances(_ filters: Filters, _ context: CallContext) async throws -> Response {
        let rows = try await instances(filters, context, limit: filters.rowsNeeded)
        return Response(json: try filters.page(rows)) { writer, row in
            writer.beginObject()
            writer.key("links")
            writer.beginArray()
            writer.endArray()
            writer.processInstanceMembers(
                row.id, of: row.definition, businessKey: row.businessKey, isEnded: row.endedAt != nil,
                isSuspended: row.state == .suspended)
            writer.endObject()
        }
    }

    private func instances(
        _ filters: Filters, _ context: CallContext, limit: Int = .max
    ) async throws -> [IndexedInstance] {
        try await catchUp()
        var query = InstanceQuery()
        query.states = filters.flag("withIncident") ? [.incident, .suspended] : [.running, .incident, .suspended]
        query.businessKey = filters.string("businessKey")
        if let key = filters.string("processDefinitionKey") {
            query.workflow = await registry.deployed.last { $0.id.process == key }?.workflow ?? key
        }
        let ids = filters.list("processInstanceIds")
        if let ids, ids.count == 1 { query.id = ids.first.map { InstanceID($0) } }
        let conditions = try VariableCondition.all(of: filters)
        query.page.limit = 1000
        var rows: [IndexedInstance] = []
        repeat {
            let page = try await queries.instances(query)
            for row in try await context.visible(page.rows, definition: \.definition) where rows.count < limit {
                if let ids, !ids.contains(row.id.text) { continue }
                if let key = filters.string("processDefinitionKey"), row.definition.process != key { continue }
                if let id = filters.string("processDefinitionId"), row.definition.description != id { continue }
                if filters.flag("suspended"), row.state != .suspended { continue }
                if filters.flag("active"), row.state == .suspended { continue }
                if filters.flag("withIncident"), row.openIncidents == 0 { continue }
                if !conditions.isEmpty {
                    guard let instance = try await engine.instance(row.id),
                        conditions.allSatisfy({ $0.holds(instance.rootVariable($0.name)) })
                    else { continue }
                }
                rows.append(row)
            }
            query.page.after = page.next
        } while query.page.after != nil && rows.count < limit
        return rows
    }
}

/// What a list wants of a variable: `name_operator_value`.
private struct VariableCondition {
    private enum Operator: String {
        case eq, neq, gt, gteq, lt, lteq, like
    }

    let name: String
    private let comparison: Operator
    private let text: String

    static func all(of filters: Filters) throws(CamundaError) -> [VariableCondition] {
        var conditions: [VariableCondition] = []
        for text in filters.list("variables") ?? [] { conditions.append(try VariableCondition(text)) }
        return conditions
    }

    /// In a body it is an object; in a query, a text of three pieces.
    private init(_ text: String) throws(CamundaError) {
        if let object = try? JSON(validating: text), object.isObject {
            guard let name = object["name"]?.stringValue,
                let comparison = object["operator"]?.stringValue.flatMap({ Operator(rawValue: $0) })
            else { throw .invalid("a variable filter needs a name and an operator") }
            self.name = name
            self.comparison = comparison
            self.text = object["value"].map { $0.stringValue ?? $0.text } ?? "null"
            return
        }
        let pieces = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard pieces.count == 3, let comparison = Operator(rawValue: String(pieces[1])) else {
            throw .invalid("variable query parameter '\(text)' is not of the form name_operator_value")
        }
        name = String(pieces[0])
        self.comparison = comparison
        self.text = String(pieces[2])
    }

    func holds(_ value: JSON?) -> Bool {
        guard let value else { return false }
        let own = value.stringValue ?? value.text
        if comparison == .like { return Filters.like(text, own) }
        if let left = value.doubleValue, let right = Double(text) { return holds(left, right) }
        return holds(own, text)
    }

    private func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch comparison {
        case .eq: left == right
        case .neq: left != right
        case .gt: left > right
        case .gteq: left >= right
        case .lt: left < right
        case .lteq: left <= right
        case .like: false
        }
    }
}
