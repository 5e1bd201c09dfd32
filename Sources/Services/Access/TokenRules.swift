package import Values

/// What a signed token of an identity provider (a JSON Web Token, RFC 7519) must say to be let in, and what it opens.
///
/// A role counts only as `waybill:ROLE`: the claim often lists the roles of everything that the provider knows, and somebody
/// else's `admin` must not be ours.
package struct TokenRules: Sendable, Hashable {
    package static let rolePrefix = "waybill:"
    /// The claim with the workflows that may be touched: a list of names with `*` in them. Without it: all.
    package static let workflowsClaim = "waybill_workflows"
    /// Clocks differ.
    package static let leeway: Duration = .seconds(60)

    package var issuer: String
    package var audience: String
    /// Where the roles are, as the names of members from the outside in: `["realm_access", "roles"]`. A list, or one text with spaces.
    package var rolesClaim: [String]
    /// Who it is, for the audit log.
    package var nameClaim: String

    package init(issuer: String, audience: String, rolesClaim: [String], nameClaim: String) {
        self.issuer = issuer
        self.audience = audience
        self.rolesClaim = rolesClaim
        self.nameClaim = nameClaim
    }

    /// What the claims of a token open, whose signature was found to be good.
    package func access(for claims: JSON, at now: Timestamp) throws(TokenRefusal) -> Access {
        guard claims["iss"]?.stringValue == issuer else { throw TokenRefusal("it is of another issuer") }
        let audiences = claims["aud"].map { $0.elements() ?? [$0] } ?? []
        guard audiences.contains(where: { $0.stringValue == audience }) else {
            throw TokenRefusal("it is for another audience than \(audience)")
        }
        try checkTimes(of: claims, at: now)
        guard let name = claims[nameClaim]?.stringValue.flatMap(Self.shown) else {
            throw TokenRefusal("it has no claim '\(nameClaim)' that names who it belongs to")
        }
        return Access(name: "jwt:\(name)", rights: rights(claims), workflows: try workflows(claims))
    }

    private func checkTimes(of claims: JSON, at now: Timestamp) throws(TokenRefusal) {
        guard let end = claims["exp"].flatMap(Self.time) else { throw TokenRefusal("it does not say when it expires") }
        guard end.advanced(by: Self.leeway) > now else { throw TokenRefusal("it has expired at \(end.iso8601)") }
        if let value = claims["nbf"], !value.isNull {
            guard let begin = Self.time(value) else { throw TokenRefusal("its nbf is no time") }
            guard begin <= now.advanced(by: Self.leeway) else {
                throw TokenRefusal("it is not good before \(begin.iso8601)")
            }
        }
    }

    /// Seconds since 1970, whole or with decimals.
    private static func time(_ value: JSON) -> Timestamp? {
        guard let seconds = value.doubleValue, seconds.isFinite, abs(seconds) < 1e12 else { return nil }
        return Timestamp(millisecondsSinceEpoch: Int64(seconds * 1000))
    }

    private func rights(_ claims: JSON) -> Set<Right> {
        var found: JSON? = claims
        for name in rolesClaim { found = found?[name] }
        let texts =
            found?.elements()?.compactMap(\.stringValue)
            ?? found?.stringValue?.split(separator: " ").map(String.init) ?? []
        return texts.reduce(into: []) { rights, text in
            guard text.hasPrefix(Self.rolePrefix),
                let role = KeyRole(rawValue: String(text.dropFirst(Self.rolePrefix.count)))
            else { return }
            rights.formUnion(role.rights)
        }
    }

    /// What cannot be read must never open everything.
    private func workflows(_ claims: JSON) throws(TokenRefusal) -> [NamePattern]? {
        guard let claim = claims[Self.workflowsClaim], !claim.isNull else { return nil }
        let texts = claim.elements() ?? []
        let patterns = texts.compactMap { $0.stringValue.flatMap { NamePattern($0) } }
        guard claim.elements() != nil, patterns.count == texts.count else {
            throw TokenRefusal("its claim '\(Self.workflowsClaim)' is no list of names with * in them")
        }
        return patterns
    }

    /// A name stands in logs: no line feeds and the like, and not too long.
    private static func shown(_ text: String) -> String? {
        let plain = text.unicodeScalars.prefix(128).map {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format ? "?" : Character($0)
        }
        return plain.isEmpty ? nil : String(plain)
    }
}
