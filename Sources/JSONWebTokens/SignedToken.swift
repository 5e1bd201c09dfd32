import Foundation
import Values

/// What the header of a token says of its signature.
struct TokenHeader: Sendable, Hashable {
    var algorithm: String
    /// Nil: any key of the set.
    var key: String?
}

/// A token in the compact form of RFC 7515, taken apart; nothing of it is believed yet.
struct SignedToken: Sendable {
    /// Far more than identity providers send, and than a header of HTTP may have.
    private static let maxLength = 16 << 10

    let header: TokenHeader
    let claims: JSON
    /// What was signed.
    let text: [UInt8]
    let signature: [UInt8]

    /// Nil for what is no token.
    init?(_ token: String) {
        guard token.utf8.count <= Self.maxLength else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.decoded(parts[2]), let algorithm = header["alg"]?.stringValue
        else { return nil }
        // Extensions that must be understood, and are not.
        guard header["crit"] == nil else { return nil }
        self.header = TokenHeader(algorithm: algorithm, key: header["kid"]?.stringValue)
        self.claims = claims
        text = Array((parts[0] + "." + parts[1]).utf8)
        self.signature = signature
    }

    private static func object(_ part: Substring) -> JSON? {
        guard let bytes = decoded(part), let json = try? JSON(validating: bytes), json.isObject else { return nil }
        return json
    }

    private static func decoded(_ part: Substring) -> [UInt8]? {
        guard !part.contains(where: { $0 == "+" || $0 == "/" || $0 == "=" }) else { return nil }
        var text = part.replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: String(text)).map { Array($0) }
    }
}
