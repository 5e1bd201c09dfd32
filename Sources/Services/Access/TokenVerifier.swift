package import Values

/// Who a token that an identity provider signed belongs to, and what it opens.
package protocol TokenVerifier: Sendable {
    /// Throws `TokenRefusal`, or `TokenKeysMissing` if it cannot be told now.
    func access(for token: String, at now: Timestamp) async throws -> Access
}

/// Why a token is not let in. Its reason is told to who sent it, and says nothing that the token does not.
package struct TokenRefusal: Error, Sendable, Hashable {
    package var reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

/// The keys of the identity provider could not be fetched yet.
package struct TokenKeysMissing: Error, Sendable, Hashable {
    package init() {}
}
