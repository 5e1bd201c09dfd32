import CamundaClient
import Foundation

/// Another engine, by its Camunda 7 REST API.
struct RemoteEngine: Sendable {
    let transport: CamundaHTTP

    /// Throws `CommandError` for what is no address. Credentials in it are taken out of it.
    init(_ text: String) throws {
        guard var parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false
        else { throw CommandError("--engine is an address like http://localhost:8080/engine-rest, not '\(text)'") }
        var credentials: CamundaCredentials?
        if let user = parts.user { credentials = .basic(user: user, password: parts.password ?? "") }
        if let token = ProcessInfo.processInfo.environment["WAYBILL_ENGINE_TOKEN"], !token.isEmpty {
            credentials = .bearer(token)
        }
        parts.user = nil
        parts.password = nil
        guard let url = parts.string else { throw CommandError("--engine cannot be read: '\(text)'") }
        transport = CamundaHTTP(url: url.hasSuffix("/") ? String(url.dropLast()) : url, credentials: credentials)
    }
}
