import CamundaClient
import Foundation
import Logging
import ProcessEngine
import Services

/// Another engine, by its Camunda 7 REST API.
struct RemoteEngine: Sendable {
    let transport: CamundaHTTP
    /// Without credentials.
    private let address: String

    /// Throws `CommandError` for what is no address. Credentials in it are taken out of it.
    init(_ text: String, option: String) throws {
        _ = try ServerAddress.read(text, of: option)
        let unread = CommandError(
            "\(option) is an address like http://localhost:8080/engine-rest; this one cannot be read")
        guard var parts = URLComponents(string: text) else { throw unread }
        var credentials: CamundaCredentials?
        if let user = parts.user { credentials = .basic(user: user, password: parts.password ?? "") }
        if let token = try ServerAddress.token("WAYBILL_ENGINE_TOKEN") { credentials = .bearer(token) }
        parts.user = nil
        parts.password = nil
        guard let url = parts.string else { throw unread }
        address = url
        transport = CamundaHTTP(url: url.hasSuffix("/") ? String(url.dropLast()) : url, credentials: credentials)
    }

    /// Whether it takes models, for a push: they are deployed there, and deleted again.
    func check(log: Logger) -> ConfigService.EngineCheck {
        let deployments = CamundaDeployments(transport: transport, log: log)
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
