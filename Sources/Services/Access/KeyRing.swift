package import Contracts
package import Values

/// The keys that open a server.
package struct KeyRing: Sendable, Hashable {
    /// What the key of `--token-file` is called.
    package static let tokenName = "token"

    package var keys: [AccessKey]

    package init(_ keys: [AccessKey]) {
        self.keys = keys
    }

    /// The key that was shown, if it is one of these and has not expired.
    ///
    /// Compared are hashes, in constant time, and with all keys, so that neither the place of a difference nor that of a key shows.
    /// - Parameter name: who says whose key it is has to be right about it.
    package func find(
        sha256: String, named name: String? = nil, at now: Timestamp,
        equal: (String, String) -> Bool = ConstantTime.equal
    ) -> Access? {
        var found: AccessKey?
        for key in keys where equal(key.sha256, sha256) { found = key }
        guard let found, !found.isExpired(at: now) else { return nil }
        // Clients of a server with one token give it any name.
        if let name, name != found.name, found.name != Self.tokenName { return nil }
        return found.access
    }

    // MARK: - Reading

    /// Reads the list of a keys file. Throws `Diagnostics` with everything wrong with it, each with its line and field.
    package init(_ source: LocatedValue) throws(Diagnostics) {
        var reading = KeyReading(source)
        keys = reading.keys()
        guard reading.problems.isEmpty else { throw Diagnostics(reading.problems) }
    }
}

private struct KeyReading {
    private static let fields = ["name", "role", "roles", "sha256", "expires", "workflows"]

    private let source: LocatedValue
    private(set) var problems: [Diagnostic] = []

    init(_ source: LocatedValue) {
        self.source = source
    }

    mutating func keys() -> [AccessKey] {
        guard let list = source.value.listValue else {
            report("", "a file of keys is a list: - name: …, roles: […], sha256: …")
            return []
        }
        var keys: [AccessKey] = []
        for (index, entry) in list.enumerated() {
            guard let key = key(entry, at: "/\(index)") else { continue }
            if keys.contains(where: { $0.name == key.name }) {
                report("/\(index)/name", "there is another key with the name '\(key.name)'")
            }
            if let other = keys.first(where: { $0.sha256 == key.sha256 }) {
                report("/\(index)/sha256", "the keys '\(other.name)' and '\(key.name)' are the same")
            }
            keys.append(key)
        }
        return keys
    }

    /// Nil where something is missing, which is reported.
    private mutating func key(_ entry: Value, at pointer: String) -> AccessKey? {
        guard let members = entry.members else {
            report(pointer, "a key is a mapping with name, roles and sha256")
            return nil
        }
        for (field, _) in members where !Self.fields.contains(field) {
            let hint = Spelling.suggestion(for: field, among: Self.fields)
            report(
                "\(pointer)/\(JSONPointer.escape(Self.shown(field)))",
                "unknown field '\(Self.shown(field))'; there are: \(Self.fields.joined(separator: ", "))", hint)
        }
        let name = name(entry, pointer)
        let roles = roles(entry, pointer)
        let hash = hash(entry, pointer)
        let expires = expiry(entry, pointer)
        let workflows = workflows(entry, pointer)
        guard let name, let roles, let hash else { return nil }
        return AccessKey(name: name, roles: roles, sha256: hash, expires: expires, workflows: workflows)
    }

    private mutating func name(_ entry: Value, _ pointer: String) -> String? {
        guard let text = entry["name"]?.stringValue, AccessKey.isName(text) else {
            report("\(pointer)/name", "name is \(AccessKey.nameRule)")
            return nil
        }
        return text
    }

    private mutating func roles(_ entry: Value, _ pointer: String) -> [KeyRole]? {
        let all = KeyRole.allCases.map(\.rawValue)
        let field = entry["role"] == nil ? "roles" : "role"
        guard entry["role"] == nil || entry["roles"] == nil else {
            report("\(pointer)/role", "give role or roles, not both")
            return nil
        }
        let texts: [Value]? = field == "role" ? entry["role"].map { [$0] } : entry["roles"]?.listValue
        guard let texts, !texts.isEmpty else {
            report("\(pointer)/\(field)", "roles is a list of: \(all.joined(separator: ", "))")
            return nil
        }
        var roles: [KeyRole] = []
        for (index, text) in texts.enumerated() {
            guard let role = text.stringValue.flatMap({ KeyRole(rawValue: $0) }) else {
                let word = text.stringValue ?? text.description
                report(
                    field == "role" ? "\(pointer)/role" : "\(pointer)/roles/\(index)",
                    "there is no role '\(Self.shown(word))'; there are: \(all.joined(separator: ", "))",
                    Spelling.suggestion(for: word, among: all))
                continue
            }
            roles.append(role)
        }
        return roles.count == texts.count ? roles : nil
    }

    /// The text is not repeated in the message: it may be a key that somebody put there by mistake.
    private mutating func hash(_ entry: Value, _ pointer: String) -> String? {
        guard let text = entry["sha256"]?.stringValue?.lowercased(), Hex.bytes(text)?.count == 32 else {
            report(
                "\(pointer)/sha256",
                "sha256 is the SHA-256 of the key, 64 hexadecimal digits, and never the key itself",
                "waybill key new prints the entry")
            return nil
        }
        return text
    }

    private mutating func expiry(_ entry: Value, _ pointer: String) -> Timestamp? {
        guard let value = entry["expires"], !value.isNull else { return nil }
        guard let time = value.stringValue.flatMap({ Timestamp(iso8601: $0) }) else {
            report("\(pointer)/expires", "expires is a date-time with a zone, like 2027-01-31T12:00:00Z")
            return nil
        }
        return time
    }

    private mutating func workflows(_ entry: Value, _ pointer: String) -> [NamePattern]? {
        guard let value = entry["workflows"], !value.isNull else { return nil }
        let texts = value.listValue ?? []
        let patterns = texts.compactMap { $0.stringValue.flatMap { NamePattern($0) } }
        // What cannot be read must never open everything.
        if texts.isEmpty || patterns.count != texts.count {
            report(
                "\(pointer)/workflows",
                "workflows is a list of names with * in them, like media-*; leave it out for all")
            return []
        }
        return patterns
    }

    /// Messages are logged: a key that somebody put in the wrong place is not repeated.
    private static func shown(_ text: String) -> String {
        text.contains(AccessKey.prefix) ? "\(AccessKey.prefix)…" : text
    }

    private mutating func report(_ pointer: String, _ message: String, _ suggestion: String? = nil) {
        problems.append(
            Diagnostic(
                code: "invalid-key", file: source.file, position: source.position(of: pointer),
                element: pointer.isEmpty
                    ? nil : pointer.dropFirst().split(separator: "/").joined(separator: "."),
                message: message, suggestion: suggestion))
    }
}
