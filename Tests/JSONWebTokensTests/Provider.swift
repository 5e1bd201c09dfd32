import Foundation
import JWTKit
import Logging
import Services
import Synchronization
import Values

@testable import JSONWebTokens

/// An identity provider of tests: it signs with real keys, and publishes whatever keys it is told to.
final class Provider: Sendable {
    static let issuer = "https://login.example.org/"
    static let now = Timestamp(millisecondsSinceEpoch: 1_800_000_000_000)

    private struct State {
        var published: [UInt8] = []
        var fails = false
        var fetches = 0
    }

    let ecdsa = ES256PrivateKey()
    private let state = Mutex(State())

    init() {
        publish([key(ecdsa, "first")])
    }

    var fetches: Int { state.withLock(\.fetches) }

    func publish(_ keys: [String]) { publish(text: "{\"keys\": [\(keys.joined(separator: ", "))]}") }

    func publish(text: String) { state.withLock { $0.published = Array(text.utf8) } }

    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func key(_ key: ES256PrivateKey, _ id: String?, more: String = "") -> String {
        let parameters = key.publicKey.parameters
        let name = id.map { "\"kid\": \"\($0)\", " } ?? ""
        func part(_ text: String?) -> String { Self.urlSafe(text ?? "") }
        return
            "{\"kty\": \"EC\", \"crv\": \"P-256\", \(name)\(more)\"x\": \"\(part(parameters?.x))\", \"y\": \"\(part(parameters?.y))\"}"
    }

    static func urlSafe(_ text: String) -> String {
        text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    struct Down: Error {}

    func verifier(
        maxAge: Duration = .seconds(600), pause: Duration = .seconds(10),
        rules: TokenRules = TokenRules(issuer: issuer, audience: "waybill", rolesClaim: ["roles"], nameClaim: "sub")
    ) -> JWTVerifier {
        JWTVerifier(
            rules,
            keys: .init(name: "the provider", maxAge: maxAge, pause: pause) { [self] in
                try state.withLock { state in
                    state.fetches += 1
                    if state.fails { throw Down() }
                    return state.published
                }
            }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    // MARK: - Signing by hand, so that what no library signs can be tried too

    static func part(_ text: String) -> String { urlSafe(Data(text.utf8).base64EncodedString()) }

    static func claims(_ change: (inout [String: String]) -> Void = { _ in }) -> String {
        let seconds = now.millisecondsSinceEpoch / 1000
        var claims = [
            "iss": "\"\(issuer)\"", "aud": "\"waybill\"", "exp": "\(seconds + 300)", "sub": "\"ann\"",
            "roles": "[\"waybill:viewer\"]",
        ]
        change(&claims)
        return "{" + claims.map { "\"\($0.key)\": \($0.value)" }.sorted().joined(separator: ", ") + "}"
    }

    func token(
        _ claims: String = Provider.claims(), header: String = #"{"alg": "ES256", "kid": "first"}"#,
        key: ES256PrivateKey? = nil
    ) async throws -> String {
        let text = "\(Self.part(header)).\(Self.part(claims))"
        let signer = try await JWTKeyCollection().add(ecdsa: key ?? ecdsa).getKey()
        return "\(text).\(Self.urlSafe(Data(try signer.sign(Array(text.utf8))).base64EncodedString()))"
    }
}
