import Foundation
import JWTKit
import Values

/// The public keys of an identity provider: a JSON Web Key Set (RFC 7517), as far as tokens can be verified with it.
///
/// A key verifies the algorithm that it names; one that names none, each that fits its type. So a token can choose among what its key
/// is for, and nothing else: not `none`, and no HMAC whose secret would be the public key.
struct TokenKeySet: Sendable {
    /// All that is taken.
    static let algorithms = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]
    /// More keys than this are no provider's.
    private static let maxKeys = 100
    /// 2048 bits in base64url. Shorter ones can be broken.
    private static let leastModulus = 342

    private struct Key: Sendable {
        /// Nil: the set names none.
        var id: String?
        var algorithm: String
        var verifier: any JWTAlgorithm
    }

    private let keys: [Key]

    /// Keys for encryption, of kinds that are not known, or too short ones are left out. Throws `TokenKeySetError` if none is left.
    init(_ bytes: [UInt8]) async throws(TokenKeySetError) {
        guard let set = try? JSON(validating: bytes), let list = set["keys"]?.elements() else {
            throw TokenKeySetError("it is no JSON Web Key Set: {\"keys\": […]}")
        }
        guard list.count <= Self.maxKeys else {
            throw TokenKeySetError("it has \(list.count) keys; \(Self.maxKeys) are the most")
        }
        var keys: [Key] = []
        for key in list where key["use"]?.stringValue ?? "sig" == "sig" {
            for algorithm in Self.algorithms(of: key) {
                guard let verifier = await Self.verifier(key, algorithm) else { continue }
                keys.append(Key(id: key["kid"]?.stringValue, algorithm: algorithm, verifier: verifier))
            }
        }
        guard !keys.isEmpty else {
            throw TokenKeySetError("it has no key that verifies \(Self.algorithms.joined(separator: ", "))")
        }
        self.keys = keys
    }

    /// Whether there are keys that a token of this header may be signed with.
    func knows(_ header: TokenHeader) -> Bool { !fitting(header).isEmpty }

    /// Whether one of the keys made the signature.
    func verifies(_ signature: [UInt8], of text: [UInt8], _ header: TokenHeader) -> Bool {
        fitting(header).contains { (try? $0.verifier.verify(signature, signs: text)) ?? false }
    }

    private func fitting(_ header: TokenHeader) -> [Key] {
        keys.filter { $0.algorithm == header.algorithm && (header.key == nil || $0.id == nil || $0.id == header.key) }
    }

    private static func algorithms(of key: JSON) -> [String] {
        let fitting: [String]
        switch (key["kty"]?.stringValue, key["crv"]?.stringValue) {
        case ("RSA", _):
            fitting =
                key["n"]?.stringValue?.utf8.count ?? 0 >= leastModulus
                ? algorithms.filter { "RP".contains($0.first!) } : []
        case ("EC", "P-256"): fitting = ["ES256"]
        case ("EC", "P-384"): fitting = ["ES384"]
        case ("EC", "P-521"): fitting = ["ES512"]
        case ("OKP", "Ed25519"): fitting = ["EdDSA"]
        default: fitting = []
        }
        guard let own = key["alg"]?.stringValue else { return fitting }
        return fitting.filter { $0 == own }
    }

    /// Only the public parts are handed on, whatever else is there.
    private static func verifier(_ key: JSON, _ algorithm: String) async -> (any JWTAlgorithm)? {
        var members = [("kid", JSON.string("key")), ("alg", JSON.string(algorithm))]
        for name in ["kty", "crv", "n", "e", "x", "y"] {
            if let value = key[name], value.isString { members.append((name, value)) }
        }
        let text = "{" + members.map { "\(JSON.string($0.0).text): \($0.1.text)" }.joined(separator: ", ") + "}"
        guard let jwk = try? JSONDecoder().decode(JWK.self, from: Data(text.utf8)) else { return nil }
        return try? await JWTKeyCollection().add(jwk: jwk).getKey(for: JWKIdentifier(string: "key"))
    }
}

struct TokenKeySetError: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
