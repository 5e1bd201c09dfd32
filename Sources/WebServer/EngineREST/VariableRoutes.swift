import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// The variables of an instance.
extension EngineREST {
    func addVariableRoutes(to routes: Routes) {
        routes.get("process-instance/:id/variables", .read(.instance)) { _, context in
            let (_, instance) = try await running(context)
            var writer = JSONWriter()
            writer.typed(instance.rootVariables)
            return Response(json: writer)
        }
        routes.get("process-instance/:id/variables/:name", .read(.instance)) { _, context in
            var writer = JSONWriter()
            writer.typed(try await variable(context))
            return Response(json: writer)
        }
        routes.get("process-instance/:id/variables/:name/data", .read(.instance)) { _, context in
            Self.data(try await variable(context))
        }
        routes.get("execution/:id/localVariables/:name/data", .work(.task)) { _, context in
            let task = try context.task()
            let name = try context.part("name")
            guard let open = try await engine.instance(task.instance)?.task(task.number), let value = open.input[name]
            else { throw CamundaError.notFound("execution variable with name \(name) does not exist") }
            return Self.data(value)
        }
        routes.post("process-instance/:id/variables", .operate(.instance)) { request, context in
            let (id, _) = try await running(context)
            let body = try await request.camundaBody()
            if body["deletions"]?.elements()?.isEmpty == false {
                throw CamundaError.invalid("variables cannot be deleted: set them to null")
            }
            let variables = try TypedValue.readAll(body["modifications"])
            if !variables.isEmpty { _ = try await engine.setVariables(variables, of: id) }
            return Response.noContent
        }
        routes.put("process-instance/:id/variables/:name", .operate(.instance)) { request, context in
            let (id, _) = try await running(context)
            let name = try context.part("name")
            let value = try TypedValue.read(await request.camundaBody(), name: name)
            _ = try await engine.setVariables([Variable(name: name, value: value)], of: id)
            return Response.noContent
        }
    }

    private func variable(_ context: CallContext) async throws -> JSON {
        let (id, instance) = try await running(context)
        let name = try context.part("name")
        guard let value = instance.rootVariable(name) else {
            throw CamundaError.notFound("process instance \(id) has no variable with name \(name)")
        }
        return value
    }

    /// A value as plain bytes: of a string its text, of everything else its JSON.
    private static func data(_ value: JSON) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: value.stringValue ?? value.text)))
    }
}
