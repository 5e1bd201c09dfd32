import Foundation
import JWTKit
import Services
import Testing
import Values

@testable import JSONWebTokens

@Suite struct JWTVerifierTests {
    private let provider = Provider()

    private func refusal(_ token: String, _ verifier: JWTVerifier? = nil, at now: Timestamp = Provider.now) async
        -> String?
    {
        do {
            _ = try await (verifier ?? provider.verifier()).access(for: token, at: now)
            return nil
        } catch let refusal as TokenRefusal {
            return refusal.reason
        } catch {
            return "\(error)"
        }
    }

    @Test func `a signed token opens what its roles say`() async throws {
        let claims = Provider.claims { $0["roles"] = #"["waybill:operator", "admin", "waybill:king", 7]"# }
        let access = try await provider.verifier().access(for: provider.token(claims), at: Provider.now)
        #expect(access.name == "jwt:ann")
        for right in Right.allCases {
            #expect(((try? access.require(right)) != nil) == KeyRole.operator.rights.contains(right), "\(right)")
        }
    }

    @Test(arguments: [
        (#"{"alg": "none"}"#, "tokens are signed by"), (#"{"alg": "HS256", "kid": "first"}"#, "tokens are signed by"),
        (#"{"alg": "RS256", "kid": "first"}"#, "its key is not among"),
        (#"{"alg": "ES384", "kid": "first"}"#, "its key is not among"),
        (#"{"alg": "ES256", "kid": "other"}"#, "its key is not among"),
        (#"{"alg": "ES256", "kid": "first", "crit": ["exp"]}"#, "it is no JSON Web Token"),
        (#"{"kid": "first"}"#, "it is no JSON Web Token"), ("[]", "it is no JSON Web Token"),
    ])
    func `the header chooses nothing but a key of the set and what that key is for`(header: String, reason: String)
        async throws
    {
        let token = try await provider.token(header: header)
        #expect(await refusal(token)?.hasPrefix(reason) == true)
    }

    @Test func `what somebody else signed, or nobody, is refused`() async throws {
        #expect(await refusal(try await provider.token(key: ES256PrivateKey())) == "its signature is wrong")
        let token = try await provider.token()
        let parts = token.split(separator: ".").map(String.init)
        let king = Provider.part(Provider.claims { $0["roles"] = #"["waybill:admin"]"# })
        #expect(await refusal("\(parts[0]).\(king).\(parts[2])") == "its signature is wrong")
        #expect(await refusal("\(parts[0]).\(parts[1]).") == "its signature is wrong")
        #expect(await refusal("\(parts[0]).\(parts[1]).\(parts[2].dropLast(2))") == "its signature is wrong")
        for text in [
            "", ".", "..", "a.b.c", "\(token).x", "\(parts[0]).\(parts[1]).+/=", String(repeating: "a", count: 20_000),
        ] {
            #expect(await refusal(text) == "it is no JSON Web Token", "\(text.prefix(30))")
        }
    }

    /// The public key as the secret of an HMAC: whoever verifies with what the header names would take it.
    @Test func `the public key is no secret`() async throws {
        let secret = HMACKey(from: provider.ecdsa.publicKey.pemRepresentation)
        let signer = try await JWTKeyCollection().add(hmac: secret, digestAlgorithm: .sha256).getKey()
        for header in [#"{"alg": "HS256", "kid": "first"}"#, #"{"alg": "ES256", "kid": "first"}"#] {
            let text = "\(Provider.part(header)).\(Provider.part(Provider.claims()))"
            let signature = Provider.urlSafe(Data(try signer.sign(Array(text.utf8))).base64EncodedString())
            #expect(await refusal("\(text).\(signature)") != nil, "\(header)")
        }
    }

    @Test func `a key of any kind that is taken verifies, whether it names its algorithm or not`() async throws {
        for more in ["", #""alg": "ES256", "#, #""use": "sig", "#] {
            provider.publish([provider.key(provider.ecdsa, "first", more: more)])
            #expect(await refusal(try await provider.token()) == nil, "\(more)")
        }
        // A set with one key and without names, and a token that names none.
        provider.publish([provider.key(provider.ecdsa, nil)])
        #expect(await refusal(try await provider.token(header: #"{"alg": "ES256"}"#)) == nil)
        #expect(await refusal(try await provider.token()) == nil)
        for more in [#""use": "enc", "#, #""alg": "ECDH-ES", "#] {
            provider.publish([provider.key(provider.ecdsa, "first", more: more)])
            #expect(await refusal(try await provider.token()) == "\(TokenKeysMissing())", "\(more)")
        }
        let edwards = try EdDSA.PrivateKey(curve: .ed25519)
        let signer = try await JWTKeyCollection().add(eddsa: edwards).getKey()
        let x = Provider.urlSafe(edwards.publicKey.rawRepresentation.base64EncodedString())
        provider.publish([
            #"{"kty": "oct", "k": "c2VjcmV0"}"#, "7",
            #"{"kty": "OKP", "crv": "Ed25519", "kid": "first", "x": "\#(x)"}"#,
        ])
        let text = "\(Provider.part(#"{"alg": "EdDSA", "kid": "first"}"#)).\(Provider.part(Provider.claims()))"
        let signature = Provider.urlSafe(Data(try signer.sign(Array(text.utf8))).base64EncodedString())
        #expect(await refusal("\(text).\(signature)") == nil)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"keys": {}}"#, #"{"keys": []}"#, #"{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}"#,
    ])
    func `a set without a key that verifies is refused at the start`(text: String) async {
        provider.publish(text: text)
        await #expect(throws: TokenKeySetError.self) { try await provider.verifier().open(at: Provider.now) }
    }

    @Test func `a new key is fetched as soon as a token names it, and not for every name that is invented`()
        async throws
    {
        let verifier = provider.verifier()
        try await verifier.open(at: Provider.now)
        let next = ES256PrivateKey()
        provider.publish([provider.key(next, "second")])
        let new = try await provider.token(header: #"{"alg": "ES256", "kid": "second"}"#, key: next)
        let later = Provider.now.advanced(by: .seconds(11))
        #expect(await refusal(new, verifier) == "its key is not among those of the provider", "it was fetched just now")
        #expect(await refusal(new, verifier, at: later) == nil)
        #expect(await refusal(try await provider.token(), verifier, at: later) != nil, "the old key is gone")
        for name in 1...50 {
            let token = try await provider.token(header: #"{"alg": "ES256", "kid": "\#(name)"}"#)
            #expect(await refusal(token, verifier, at: later) != nil)
        }
        #expect(provider.fetches == 2)
    }

    @Test func `keys that are old are fetched again, and stay in force while that fails`() async throws {
        let verifier = provider.verifier()
        try await verifier.open(at: Provider.now)
        let token = try await provider.token(Provider.claims { $0["exp"] = "4000000000" })
        #expect(await refusal(token, verifier, at: Provider.now.advanced(by: .seconds(599))) == nil)
        #expect(provider.fetches == 1)
        provider.fail(true)
        #expect(await refusal(token, verifier, at: Provider.now.advanced(by: .seconds(601))) == nil)
        #expect(await refusal(token, verifier, at: Provider.now.advanced(by: .seconds(605))) == nil)
        #expect(provider.fetches == 2, "not with every request")
        provider.fail(false)
        provider.publish([provider.key(ES256PrivateKey(), "first")])
        #expect(
            await refusal(token, verifier, at: Provider.now.advanced(by: .seconds(612))) == "its signature is wrong")
    }

    @Test func `without keys nothing is taken, and they are asked for again`() async throws {
        provider.fail(true)
        let verifier = provider.verifier()
        await #expect(throws: Provider.Down.self) { try await verifier.open(at: Provider.now) }
        let token = try await provider.token()
        #expect(await refusal(token, verifier) == "\(TokenKeysMissing())")
        provider.fail(false)
        #expect(await refusal(token, verifier, at: Provider.now.advanced(by: .seconds(10))) == nil)
    }
}
