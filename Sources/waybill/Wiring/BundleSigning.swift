import Crypto
import Foundation
import Services
import Staging
import Values

/// Signatures of bundles: Ed25519. Keys are files with 64 hexadecimal digits.
enum BundleSigning {
    static func trust(keys: Set<String>) -> StagingService.Trust {
        StagingService.Trust(keys: keys) { signature, manifest in
            guard let key = bytes(signature.publicKey), let sign = bytes(signature.signature),
                let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
            else { return false }
            return publicKey.isValidSignature(sign, for: manifest)
        }
    }

    /// Signs with the private key in a file. Throws `CommandError`.
    static func sign(_ archive: [UInt8], keyFile: String) throws -> StagingBundle {
        let text = try InputFile.text(keyFile, of: "the private key")
        guard let raw = bytes(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
        else {
            throw CommandError(
                "\(keyFile) must hold a private key of 64 hexadecimal digits; `waybill stage key` makes one")
        }
        var signed = try read(archive)
        guard let signature = try? key.signature(for: signed.manifest.bytes) else {
            throw CommandError("the bundle cannot be signed with \(keyFile)")
        }
        signed.signature = StagingBundle.Signature(
            publicKey: hex(key.publicKey.rawRepresentation), signature: hex(signature))
        return signed
    }

    /// Reads what a server gave. Throws `CommandError`.
    static func read(_ archive: [UInt8]) throws -> StagingBundle {
        do {
            return try StagingBundle(archive, hash: Readers.sha256)
        } catch {
            throw CommandError("the server's bundle cannot be read: \(error)")
        }
    }

    /// A new private key with its public key, hexadecimal.
    static func newKey() -> (privateKey: String, publicKey: String) {
        let key = Curve25519.Signing.PrivateKey()
        return (hex(key.rawRepresentation), hex(key.publicKey.rawRepresentation))
    }

    /// The public keys in a file, one a line. Throws `CommandError`.
    static func publicKeys(file: String) throws -> Set<String> {
        let text = try InputFile.text(file, of: "the public keys")
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !lines.isEmpty, lines.allSatisfy({ bytes($0)?.count == 32 }) else {
            throw CommandError("\(file) must have public keys of 64 hexadecimal digits, one a line")
        }
        return Set(lines)
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
