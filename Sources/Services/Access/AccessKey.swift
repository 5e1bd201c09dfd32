package import Values

/// A key as its file has it: what it opens, and the hash by which it is known. The key itself is nowhere.
package struct AccessKey: Sendable, Hashable {
    package static let prefix = "wb_"
    /// Names that have a meaning of their own.
    private static let reserved = [KeyRing.tokenName, Access.local.name, Access.nobody.name, "unknown"]
    package static let nameRule =
        "1 to 64 letters, digits, '-', '_' or '.', not \(reserved.joined(separator: ", ")), and not a key"

    package var name: String
    package var roles: [KeyRole]
    /// SHA-256 of the key, lower-case hexadecimal.
    package var sha256: String
    package var expires: Timestamp?
    /// The workflows that it may touch; nil: all.
    package var workflows: [NamePattern]?

    package init(
        name: String, roles: [KeyRole], sha256: String, expires: Timestamp? = nil, workflows: [NamePattern]? = nil
    ) {
        self.name = name
        self.roles = roles
        self.sha256 = sha256
        self.expires = expires
        self.workflows = workflows
    }

    package var access: Access {
        Access(name: name, rights: roles.reduce(into: []) { $0.formUnion($1.rights) }, workflows: workflows)
    }

    package func isExpired(at now: Timestamp) -> Bool { expires.map { $0 <= now } ?? false }

    /// Names are short and plain: they stand in logs, and before the colon of Basic authentication. A key is none.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && !text.hasPrefix(prefix) && !reserved.contains(text)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// The entry for the file of keys. The hash comes last: an entry that is cut off opens nothing, rather than too much.
    package var yaml: String {
        var lines = ["- name: \"\(name)\"", "  roles: [\(roles.map(\.rawValue).joined(separator: ", "))]"]
        if let expires { lines.append("  expires: \"\(expires.iso8601)\"") }
        if let workflows {
            let list = workflows.map { JSON.string($0.text).text }.joined(separator: ", ")
            lines.append("  workflows: [\(list)]")
        }
        lines.append("  sha256: \"\(sha256)\"")
        return lines.joined(separator: "\n") + "\n"
    }
}
