package import Logging
package import Services
package import Values

/// Verifies tokens with the keys that an identity provider publishes, which change now and then.
///
/// The keys are fetched again when they are old, and when a token names a key that is not among them, which may be new; then not more
/// often than `pause`, for anybody can invent names of keys. Keys that cannot be fetched again stay in force.
package actor JWTVerifier: TokenVerifier {
    /// Where the keys come from.
    package struct Source: Sendable {
        /// For messages: a path or an address.
        package var name: String
        /// Fetched again after so long.
        package var maxAge: Duration
        /// Between two tries.
        package var pause: Duration
        package var fetch: @Sendable () async throws -> [UInt8]

        package init(
            name: String, maxAge: Duration, pause: Duration, fetch: @escaping @Sendable () async throws -> [UInt8]
        ) {
            self.name = name
            self.maxAge = maxAge
            self.pause = pause
            self.fetch = fetch
        }
    }

    private let rules: TokenRules
    private let source: Source
    private let log: Logger
    private var keys: TokenKeySet?
    private var fetchedAt: Timestamp?
    private var triedAt: Timestamp?
    private var fetching: Task<Void, Never>?

    package init(_ rules: TokenRules, keys source: Source, log: Logger) {
        self.rules = rules
        self.source = source
        self.log = log
    }

    /// Fetches the keys for the first time. Throws what is wrong with them.
    package func open(at now: Timestamp) async throws {
        triedAt = now
        keys = try await TokenKeySet(source.fetch())
        fetchedAt = now
    }

    package func access(for token: String, at now: Timestamp) async throws -> Access {
        guard let token = SignedToken(token) else { throw TokenRefusal("it is no JSON Web Token") }
        guard TokenKeySet.algorithms.contains(token.header.algorithm) else {
            throw TokenRefusal("tokens are signed by \(TokenKeySet.algorithms.joined(separator: ", "))")
        }
        if isDue(at: now, for: token.header) { await refresh(at: now) }
        guard let keys else { throw TokenKeysMissing() }
        guard keys.knows(token.header) else { throw TokenRefusal("its key is not among those of \(source.name)") }
        guard keys.verifies(token.signature, of: token.text, token.header) else {
            throw TokenRefusal("its signature is wrong")
        }
        return try rules.access(for: token.claims, at: now)
    }

    private func isDue(at now: Timestamp, for header: TokenHeader) -> Bool {
        // A clock that went back is no reason to wait.
        if let triedAt, now >= triedAt, now.duration(since: triedAt) < source.pause { return false }
        guard let keys, let fetchedAt else { return true }
        return now < fetchedAt || now.duration(since: fetchedAt) >= source.maxAge || !keys.knows(header)
    }

    /// One fetch at a time; who comes meanwhile waits for it.
    private func refresh(at now: Timestamp) async {
        if let fetching { return await fetching.value }
        triedAt = now
        let task = Task { await fetch(at: now) }
        fetching = task
        await task.value
        fetching = nil
    }

    private func fetch(at now: Timestamp) async {
        do {
            keys = try await TokenKeySet(source.fetch())
            fetchedAt = now
        } catch {
            let rest = keys == nil ? "no token is taken until then" : "those before stay in force"
            log.error("the keys of tokens cannot be read from \(source.name), \(rest): \(error)")
        }
    }
}
