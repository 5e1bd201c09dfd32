package import Services

/// What keeps a server safe: its keys, whose tokens it takes, and its audit log.
package struct Security: Sendable {
    /// The keys of this moment; nil: there are none. If no tokens are taken either, who reaches the server on loopback may do everything.
    let keys: (@Sendable () -> KeyRing)?
    /// Nil: tokens of identity providers are not taken.
    let tokens: (any TokenVerifier)?
    let audit: (any AuditLog)?
    /// SHA-256, hexadecimal.
    let hash: @Sendable ([UInt8]) -> String
    let time: any TimeSource
    /// Nil: nobody is held back. On loopback without keys nobody is.
    let rateLimit: RateLimit?

    package init(
        keys: (@Sendable () -> KeyRing)?, tokens: (any TokenVerifier)? = nil, audit: (any AuditLog)?,
        hash: @escaping @Sendable ([UInt8]) -> String,
        time: any TimeSource, rateLimit: RateLimit? = nil
    ) {
        self.keys = keys
        self.tokens = tokens
        self.audit = audit
        self.hash = hash
        self.time = time
        self.rateLimit = rateLimit
    }

    /// Keys of a file and the one token of `--token-file`, which is an administrator's; nil if there is neither.
    package static func keys(
        token: String?, file: KeysFile?, hash: @Sendable ([UInt8]) -> String
    ) -> (@Sendable () -> KeyRing)? {
        guard token != nil || file != nil else { return nil }
        let own = token.map { AccessKey(name: KeyRing.tokenName, roles: [.admin], sha256: hash(Array($0.utf8))) }
        let always = own.map { [$0] } ?? []
        return { KeyRing(always + (file?.ring.keys ?? [])) }
    }
}
