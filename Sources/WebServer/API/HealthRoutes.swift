import Hummingbird
import HummingbirdCore
import Services
import Values

/// What watches a process asks of it, whatever roles it plays.
struct HealthAPI: Sendable {
    let health: HealthService

    func addRoutes(to routes: Routes) {
        routes.get("/health/live", .open) { _, _ in
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("status", "up")
            writer.endObject()
            return Response(json: writer)
        }
        routes.get("/health/ready", .open) { _, _ in
            let parts = await health.parts()
            let ready = parts.allSatisfy(\.ready)
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("status", ready ? "ready" : "not ready")
            writer.key("parts")
            writer.beginObject()
            for part in parts { writer.member(part.name, part.ready ? "ready" : part.reason) }
            writer.endObject()
            writer.endObject()
            return Response(status: ready ? .ok : .serviceUnavailable, json: writer)
        }
        routes.get("/metrics", .read(.installation)) { _, _ in
            let text = await health.metrics()
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
