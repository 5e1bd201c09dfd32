import HTTPTypes
import Hummingbird
import HummingbirdCore
import ProcessEngine
import ServiceLifecycle
import Services
import Values

/// What workers call: fetch, lock, and answer.
extension EngineREST {
    /// Longest wait of a poll; Camunda's own limit.
    static let longestWaitMilliseconds = 1_800_000

    func addWorkerRoutes(to routes: Routes) {
        routes.post("external-task/fetchAndLock", .work(.found)) { request, context in
            try await fetchAndLock(request, context)
        }
        routes.post("external-task/:id/complete", .work(.task)) { request, context in
            try await answer(request, context, verb: "completed") { task, worker, body in
                try await tasks.complete(
                    task, by: worker, output: TypedValue.readAll(body["variables"]),
                    locals: TypedValue.readAll(body["localVariables"]))
            }
        }
        routes.post("external-task/:id/failure", .work(.task)) { request, context in
            try await answer(request, context, verb: "failed") { task, worker, body in
                try await tasks.fail(
                    task, by: worker, failure(body), variables: TypedValue.readAll(body["variables"]))
            }
        }
        routes.post("external-task/:id/bpmnError", .work(.task)) { request, context in
            try await answer(request, context, verb: "reported as a BPMN error") { task, worker, body in
                guard let code = body["errorCode"]?.stringValue, !code.isEmpty else {
                    throw CamundaError.invalid("errorCode is null")
                }
                try await tasks.throwError(
                    task, by: worker,
                    BPMNError(
                        code: code, message: body["errorMessage"]?.stringValue,
                        variables: TypedValue.readAll(body["variables"])))
            }
        }
        routes.post("external-task/:id/extendLock", .work(.task)) { request, context in
            try await answer(request, context, verb: "extended") { task, worker, body in
                try await tasks.extendLock(task, by: worker, duration: duration(body, "newDuration"))
            }
        }
        routes.post("external-task/:id/lock", .work(.task)) { request, context in
            try await answer(request, context, verb: "locked") { task, worker, body in
                try await tasks.lock(task, by: worker, duration: duration(body, "lockDuration"))
            }
        }
        routes.post("external-task/:id/unlock", .work(.task)) { request, context in
            _ = try await request.camundaBody()
            let task = try context.task()
            do {
                try await tasks.unlock(task)
            } catch let refusal as WorkerRefusal {
                throw CamundaError(refusal, verb: "unlocked")
            }
            return Response.noContent
        }
    }

    // MARK: - Answers

    private func answer(
        _ request: Request, _ context: CallContext, verb: String,
        _ act: (TaskID, _ worker: String, _ body: JSON) async throws -> Void
    ) async throws -> Response {
        let body = try await request.camundaBody()
        let worker = try worker(of: body)
        do {
            try await act(context.task(), worker, body)
        } catch let refusal as WorkerRefusal {
            throw CamundaError(refusal, verb: verb, worker: worker)
        }
        return Response.noContent
    }

    private func worker(of body: JSON) throws -> String {
        guard let worker = body["workerId"].flatMap({ $0.isNull ? nil : $0.stringValue ?? $0.text }), !worker.isEmpty
        else { throw CamundaError.invalid("workerId is null") }
        return worker
    }

    private func duration(_ body: JSON, _ name: String) throws -> Duration {
        guard let milliseconds = body[name]?.intValue, milliseconds > 0 else {
            throw CamundaError.invalid("\(name) is not greater than 0: it is the time in milliseconds")
        }
        return .milliseconds(milliseconds)
    }

    /// With `retries` the worker counts; without, the policy of the contract does.
    private func failure(_ body: JSON) throws -> TaskFailure {
        var failure = TaskFailure(message: body["errorMessage"]?.stringValue ?? "the worker gave no message")
        failure.details = body["errorDetails"]?.stringValue
        for name in ["retries", "retryTimeout"] {
            guard let value = body[name], !value.isNull else { continue }
            guard let number = value.intValue, number >= 0 else {
                throw CamundaError.invalid("\(name) is not greater than or equal to 0")
            }
            if name == "retries" {
                failure.retriesLeft = number
            } else {
                failure.retryAfter = .milliseconds(number)
            }
        }
        return failure
    }

    // MARK: - Fetching

    /// What is due is answered at once; a poll that waits ends when the server stops. As in Camunda, what is locked for a client
    /// that has gone in between is due again when its lock runs out.
    private func fetchAndLock(_ request: Request, _ context: CallContext) async throws -> Response {
        var asked = try FetchAndLock(await request.camundaBody())
        if context.access.isScoped {
            asked.restrict(to: try await context.workflows?.definitions(for: context.access) ?? [])
        }
        var fetch = asked.fetch
        fetch.wait = .zero
        let ready = try await lock(fetch)
        guard ready.isEmpty, asked.fetch.wait > .zero else { return try await response(to: asked, ready) }
        return try await response(to: asked, cancelWhenGracefulShutdown { [asked] in try await lock(asked.fetch) })
    }

    private func response(to asked: FetchAndLock, _ tasks: [ExternalTask]) async throws -> Response {
        var properties: [TaskID: [Variable]] = [:]
        for task in tasks where asked.wantsProperties(of: task) {
            let element = try await registry.definition(task.definition)?.element(task.element)
            properties[task.id] = (element as? ServiceTask)?.properties
        }
        return asked.response(tasks, properties: properties)
    }

    private func lock(_ fetch: WorkerFetch) async throws -> [ExternalTask] {
        do {
            return try await tasks.fetch(fetch)
        } catch let refusal as WorkerRefusal {
            throw CamundaError(refusal, verb: "locked", worker: fetch.worker)
        }
    }
}
