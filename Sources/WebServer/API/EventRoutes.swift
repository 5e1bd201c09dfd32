import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// Messages, signals, and what operators do to running instances.
extension RESTAPI {
    /// As durations of contracts.
    private static let longestTimeToLive: Duration = .seconds(366 * 86_400)

    func addEventRoutes(to routes: Routes) {
        routes.post("/v1/messages", .start(.found)) { request, context in try await publish(request, context) }
        routes.post("/v1/signals", .start(.installation)) { request, _ in try await signal(request) }
        routes.post("/v1/conditions", .start(.installation)) { request, _ in try await evaluateConditions(request) }
        for (name, command) in [("suspend", Command.suspend), ("resume", .resume)] {
            routes.post("/v1/instances/:id/\(name)", .operate(.instance)) { request, context in
                try request.allowQuery([])
                _ = try await request.body([], of: "a \(name)")
                return try await changed(engine.command(command, of: context.instance))
            }
        }
        routes.post("/v1/instances/:id/modify", .operate(.instance)) { request, context in
            let body = try await request.body(["instructions"], of: "a modification")
            guard let list = try body.list("instructions"), !list.isEmpty else {
                throw Problem.badRequest("instructions must be a list with at least one of them")
            }
            return try await changed(engine.command(.modify(list.map(Self.modification)), of: context.instance))
        }
    }

    private func publish(_ request: Request, _ context: CallContext) async throws -> Response {
        let body = try await request.body(
            ["name", "key", "businessKey", "instance", "variables", "id", "timeToLive", "all"], of: "a message")
        var message = EventService.Message(name: try body.string("name") ?? "")
        message.key = body.json["key"].flatMap { $0.isNull ? nil : $0 }
        message.businessKey = try body.string("businessKey")
        if message.businessKey == "" {
            throw Problem.badRequest("businessKey is empty: leave it out to reach every instance")
        }
        message.instance = try body.string("instance").map { InstanceID($0) }
        try await context.requireReceiver(message.instance)
        message.variables = try body.variables("variables")
        message.id = try body.id()
        message.all = try body.bool("all") ?? false
        if let text = try body.string("timeToLive") {
            guard let duration = CalendarDuration(iso8601: text)?.duration,
                (.zero...Self.longestTimeToLive).contains(duration)
            else {
                throw Problem.badRequest("timeToLive is a duration such as PT10M, at most P366D, not '\(text)'")
            }
            message.timeToLive = duration
        }
        return accepted(try await events.publish(message))
    }

    /// Starts the processes whose conditional start events hold.
    private func evaluateConditions(_ request: Request) async throws -> Response {
        let body = try await request.body(["variables", "process", "businessKey"], of: "an evaluation of conditions")
        let started = try await events.evaluateConditions(
            body.variables("variables"), process: body.string("process"), businessKey: body.string("businessKey"))
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("started")
        writer.beginArray()
        for result in started {
            writer.beginObject()
            writer.member("id", result.instance.text)
            writer.member("definition", result.definition.description)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }

    private func signal(_ request: Request) async throws -> Response {
        let body = try await request.body(["name", "variables", "id"], of: "a signal")
        return accepted(
            try await events.signal(
                body.string("name") ?? "", variables: body.variables("variables"), id: body.id()))
    }

    /// `new`: false if a message of this id was taken before.
    private func accepted(_ isNew: Bool) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("new", isNew)
        writer.endObject()
        return Response(status: .accepted, json: writer)
    }

    private static func modification(_ json: JSON) throws -> Modification {
        let body = try RequestBody(
            json,
            known: [
                "startBefore", "startAfter", "cancel", "cancelActivity", "move", "to", "setVariables", "activity",
                "variables",
            ], of: "an instruction")
        let variables = try body.variables("variables")
        if let element = try body.string("startBefore") {
            return .startBefore(ElementID(element), variables: variables)
        }
        if let element = try body.string("startAfter") { return .startAfter(ElementID(element), variables: variables) }
        if let element = try body.string("cancel") { return .cancelAll(ElementID(element)) }
        if let activity = try body.int("cancelActivity") { return .cancel(activity: activity) }
        if try body.object("setVariables") != nil {
            return .setVariables(activity: try body.int("activity"), try body.variables("setVariables"))
        }
        if let from = try body.string("move"), let to = try body.string("to") {
            return .move(from: ElementID(from), to: ElementID(to))
        }
        throw Problem.badRequest(
            "an instruction has startBefore, startAfter, cancel, cancelActivity, setVariables, or move and to")
    }
}

extension RequestBody {
    /// A caller's own id of a message: an empty one would make all of them the same.
    func id() throws -> String? {
        let id = try string("id")
        guard let id else { return nil }
        guard !id.isEmpty, id.utf8.count <= 512 else {
            throw Problem.badRequest("id has 1 to 512 bytes: leave it out to take every message")
        }
        return id
    }

    /// The members of an object as variables; none if it is not given.
    func variables(_ name: String) throws -> [Variable] {
        try (object(name)?.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
    }
}
