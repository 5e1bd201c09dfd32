import Hummingbird
import HummingbirdCore
import Services
import Values

/// Settings of the installation. The value of a secret goes in and never comes out.
extension RESTAPI {
    func addSettingsRoutes(to routes: Routes) {
        routes.get("/v1/settings", .deploy(.installation)) { request, _ in
            try request.allowQuery([])
            return try await listSettings()
        }
        routes.put("/v1/settings/{name}", .deploy(.installation)) { request, context in
            try request.allowQuery(["stage"])
            let id = SettingID(stage: request.query("stage") ?? "", name: try context.text("name"))
            return try await set(id, request)
        }
        routes.delete("/v1/settings/{name}", .deploy(.installation)) { request, context in
            try request.allowQuery(["stage"])
            let id = SettingID(stage: request.query("stage") ?? "", name: try context.text("name"))
            try await settings.unset(id)
            return Self.done()
        }
        routes.post("/v1/settings/rotate", .deploy(.installation)) { request, _ in
            try request.allowQuery([])
            let count = try await settings.rotate()
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("rotated")
            writer.int(count)
            writer.endObject()
            return Response(json: writer)
        }
    }

    private func set(_ id: SettingID, _ request: Request) async throws -> Response {
        let body = try await request.body(["value", "kind", "secret", "author"], of: "a setting")
        guard let value = body.json["value"], !value.isNull else { throw Problem.badRequest("give a value") }
        let kind = try body.string("kind").map { text in
            guard let kind = Setting.Kind(rawValue: text) else {
                let kinds = Setting.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("kind is one of \(kinds), not '\(text)'")
            }
            return kind
        }
        try await settings.set(
            id, to: value, kind: kind, secret: body.bool("secret") ?? false, by: body.string("author") ?? "unknown")
        return Self.done()
    }

    private static func done() -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.endObject()
        return Response(json: writer)
    }

    private func listSettings() async throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("stage", settings.stage)
        writer.key("settings")
        writer.beginArray()
        for setting in try await settings.settings() {
            writer.beginObject()
            writer.member("name", setting.id.name)
            writer.member("stage", setting.id.stage)
            writer.member("kind", setting.kind.rawValue)
            writer.member("secret", setting.isSecret)
            switch setting.content {
            case .plain(let value):
                writer.key("value")
                writer.raw(value)
            case .secret(let key, _):
                writer.member("key", key)
                writer.member("canOpen", settings.canOpen(setting))
            }
            writer.member("changedBy", setting.changedBy)
            writer.member("changedAt", setting.changedAt.iso8601)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response(json: writer)
    }
}
