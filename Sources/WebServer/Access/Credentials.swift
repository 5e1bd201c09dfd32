import Foundation
import HTTPTypes
import HummingbirdCore

/// The key that a request shows: as a bearer token, or, as clients made for Camunda 7 know best, as the password of Basic
/// authentication with the name of the key.
struct Credentials {
    /// Nil: who it belongs to was not said.
    var name: String?
    var key: String

    /// Whether it looks like a signed token of an identity provider, and not like a key of ours: three parts, of which the first is
    /// an object in base64url.
    var isToken: Bool {
        name == nil && key.hasPrefix("eyJ") && key.utf8.count { $0 == UInt8(ascii: ".") } == 2
    }

    init?(of request: Request) {
        guard let given = request.headers[.authorization] else { return nil }
        if given.hasPrefix("Bearer ") {
            key = String(given.dropFirst("Bearer ".count))
            return
        }
        // Browsers send it to whoever asks once they have it: only the dialect takes it.
        guard EngineREST.speaks(request), given.hasPrefix("Basic "),
            let decoded = Data(base64Encoded: String(given.dropFirst("Basic ".count)))
        else { return nil }
        let pair = String(decoding: decoded, as: UTF8.self)
        guard let colon = pair.firstIndex(of: ":") else { return nil }
        name = String(pair[..<colon])
        key = String(pair[pair.index(after: colon)...])
    }
}
