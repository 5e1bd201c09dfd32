import CamundaClient
import Foundation
import ProcessEngine
import Services

/// Another engine, by its Camunda 7 REST API.
struct RemoteEngine: Sendable {
    let transport: CamundaHTTP
    /// Without credentials.
    private let address: String

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
        address = url
        transport = CamundaHTTP(url: url.hasSuffix("/") ? String(url.dropLast()) : url, credentials: credentials)
    }

    /// Whether it takes models, for a push: they are deployed there, and deleted again.
    func check() -> ConfigService.EngineCheck {
        let deployments = CamundaDeployments(transport: transport)
        return { [address] models in
            do {
                try await deployments.check(
                    models.map { CamundaDeployments.File(name: $0.path, content: $0.content) })
            } catch let failure as CamundaFailure where failure.status == 400 {
                throw Rejection(.invalid, "the engine at \(address) does not take this: \(failure.message)")
            } catch {
                throw StoreError(.unavailable, "the engine at \(address) cannot check this: \(error)")
            }
        }
    }
}
