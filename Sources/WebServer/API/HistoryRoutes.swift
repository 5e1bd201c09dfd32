import Hummingbird
import HummingbirdCore
import ProcessEngine
import Services
import Values

/// What happened in an instance, and what it was like at any position.
extension RESTAPI {
    func addHistoryRoutes(to routes: Routes) {
        routes.get("/v1/instances/:id/history", .read(.instance)) { request, context in
            try await history(context.instance, request)
        }
        routes.get("/v1/instances/:id/state", .read(.instance)) { request, context in
            try await pastState(context.instance, request)
        }
    }

    private func history(_ id: InstanceID, _ request: Request) async throws -> Response {
        try request.allowQuery(["after", "limit"])
        let limit = try request.queryNumber("limit") ?? 1000
        guard (1...10_000).contains(limit) else { throw Problem.badRequest("limit is a number from 1 to 10000") }
        guard let page = try await histories.entries(of: id, after: request.queryNumber("after") ?? 0, limit: limit)
        else { throw Problem.notFound("there is no instance \(id)") }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("history")
        writer.beginArray()
        for entry in page.entries {
            writer.beginObject()
            writer.key("seq")
            writer.int(entry.seq)
            writer.member("position", String(entry.position))
            writer.member("at", entry.at.iso8601)
            writer.list("lines", entry.lines) { $0.string($1) }
            writer.list("events", entry.events) { $0.raw($1) }
            writer.endObject()
        }
        writer.endArray()
        writer.key("next")
        if let next = page.next { writer.int(next) } else { writer.null() }
        writer.endObject()
        return Response(json: writer)
    }

    private func pastState(_ id: InstanceID, _ request: Request) async throws -> Response {
        try request.allowQuery(["at"])
        let position = try request.query("at").map { text in
            guard let position = Int64(text) else {
                throw Problem.badRequest("at is a position of the history, not '\(text)'")
            }
            return position
        }
        guard let state = try await histories.state(of: id, at: position) else {
            throw Problem.notFound(
                "there is no instance \(id)" + (position.map { ", or not yet at position \($0)" } ?? ""))
        }
        var writer = JSONWriter()
        writer.pastState(state, of: id, await histories.mask())
        return Response(json: writer)
    }
}
