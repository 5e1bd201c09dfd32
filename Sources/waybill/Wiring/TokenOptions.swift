import ArgumentParser
import AsyncHTTPClient
import Foundation
import JSONWebTokens
import Logging
import NIOCore
import NIOHTTP1
import Services
import WebServer

/// Whose signed tokens a server takes: a company's identity provider, so that people need no keys of Waybill's own.
struct TokenOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take JSON Web Tokens of this identity provider: their claim 'iss', to the letter.", valueName: "issuer"))
    var jwtIssuer: String?
    @Option(
        help: ArgumentHelp(
            "What tokens are for: one of their claim 'aud'. Needed with --jwt-issuer.", valueName: "name"))
    var jwtAudience: String?
    @Option(
        help: ArgumentHelp(
            "The public keys of the identity provider, a JSON Web Key Set: a file, or its address (https). Needed with --jwt-issuer.",
            valueName: "file or url"))
    var jwtKeys: String?
    @Option(
        help: ArgumentHelp(
            "The claim that lists roles, like realm_access.roles; those called waybill:ROLE count (default: roles).",
            valueName: "claim"))
    var jwtRolesClaim: String?
    @Option(
        help: ArgumentHelp("The claim that names who it is, for the audit log (default: sub).", valueName: "claim"))
    var jwtNameClaim: String?

    /// Nil: no tokens are taken. Throws `CommandError` with the first thing that is wrong.
    func checked() throws -> Checked? {
        let issuer = jwtIssuer ?? Settings.value("jwt-issuer")
        let audience = jwtAudience ?? Settings.value("jwt-audience")
        let keys = jwtKeys ?? Settings.value("jwt-keys")
        let rolesClaim = jwtRolesClaim ?? Settings.value("jwt-roles-claim")
        let nameClaim = jwtNameClaim ?? Settings.value("jwt-name-claim")
        guard let issuer, !issuer.isEmpty else {
            let others = [
                ("--jwt-audience", audience), ("--jwt-keys", keys), ("--jwt-roles-claim", rolesClaim),
                ("--jwt-name-claim", nameClaim),
            ]
            if let other = others.first(where: { $0.1 != nil }) {
                throw CommandError("\(other.0) is of no use without --jwt-issuer")
            }
            return nil
        }
        guard let audience, !audience.isEmpty else {
            throw CommandError("--jwt-issuer needs --jwt-audience: a token for others must not open this server")
        }
        guard let keys, !keys.isEmpty else { throw CommandError("--jwt-issuer needs --jwt-keys: a file or an address") }
        let path = (rolesClaim ?? "roles").split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains("") else { throw CommandError("--jwt-roles-claim is like roles or realm_access.roles") }
        let rules = TokenRules(issuer: issuer, audience: audience, rolesClaim: path, nameClaim: nameClaim ?? "sub")
        return Checked(rules: rules, keys: keys, isAddress: try Self.isAddress(keys))
    }

    /// Keys that come over a connection that others can write into are nobody's.
    private static func isAddress(_ keys: String) throws -> Bool {
        guard keys.contains("://") else { return false }
        guard let url = URL(string: keys), let host = url.host, url.scheme == "https" || url.scheme == "http" else {
            throw CommandError("--jwt-keys is a file or an address like https://login.example.org/keys, not '\(keys)'")
        }
        guard url.scheme == "https" || WebServer.isLoopback(host) else {
            throw CommandError("--jwt-keys must be an https address: whoever can change the keys is let in")
        }
        return true
    }

    /// The options after every check.
    struct Checked {
        var rules: TokenRules
        var keys: String
        var isAddress: Bool

        /// A file must be there and sound. An identity provider may come up later than this server.
        func verifier(log: Logger) async throws -> JWTVerifier {
            let verifier = JWTVerifier(rules, keys: source, log: log)
            do {
                try await verifier.open(at: SystemClock().now)
            } catch {
                guard isAddress else { throw CommandError("--jwt-keys \(keys): \(error)") }
                log.warning("no keys of tokens from \(keys) yet, which is asked again with the next token: \(error)")
            }
            return verifier
        }

        private var source: JWTVerifier.Source {
            let keys = keys
            guard isAddress else {
                return JWTVerifier.Source(name: keys, maxAge: .seconds(5), pause: .seconds(1)) {
                    switch InputFile.read(keys) {
                    case .success(let bytes): return bytes
                    case .failure(let reason): throw CommandError("\(reason)")
                    }
                }
            }
            return JWTVerifier.Source(name: keys, maxAge: .seconds(600), pause: .seconds(10)) {
                try await Self.fetch(keys)
            }
        }

        /// Where it leads to is not followed: that might be no https any more.
        private static func fetch(_ address: String) async throws -> [UInt8] {
            var configuration = HTTPClient.Configuration()
            configuration.redirectConfiguration = .disallow
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let bytes: Result<[UInt8], any Error>
            do {
                let response = try await http.execute(HTTPClientRequest(url: address), timeout: .seconds(10))
                guard response.status == .ok else { throw CommandError("it answers \(response.status)") }
                bytes = .success(Array(buffer: try await response.body.collect(upTo: 1 << 20)))
            } catch {
                bytes = .failure(
                    CommandError((error as? CommandError)?.description ?? NetworkFailure.words(for: error)))
            }
            try await http.shutdown()
            return try bytes.get()
        }
    }
}
