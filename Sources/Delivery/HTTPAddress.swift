/// An address of HTTP that a person or a peer gave, known to be one.
///
/// Clients of HTTP trust what they are given, and end the process at a port over 65535: nothing goes to one that was not read
/// here. Stricter than RFC 3986 where nobody needs more: ASCII, and a host that is there.
package struct HTTPAddress: Sendable, Hashable {
    package let text: String
    package let isSecure: Bool
    /// Name and password, as they are there.
    package let credentials: String?
    /// Without the brackets of IPv6.
    package let host: String
    package let port: Int?
    package let hasQuery: Bool
    package let hasFragment: Bool

    /// What is wrong with it, to be said after it was named.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    package init(_ text: String) throws(Problem) {
        let lowercased = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else {
            throw Problem(description: "it must begin with http:// or https://")
        }
        guard text.utf8.allSatisfy(Self.isAllowed) else {
            throw Problem(description: "it has a character that an address cannot have")
        }
        self.text = text
        isSecure = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let behind = rest[end...]
        let fragment = behind.firstIndex(of: "#")
        hasFragment = fragment != nil
        hasQuery = behind[..<(fragment ?? behind.endIndex)].contains("?")
        let authority = rest[..<end].split(separator: "@", omittingEmptySubsequences: false)
        guard authority.count <= 2, let place = authority.last else {
            throw Problem(description: "it has more than one @ before the host")
        }
        credentials = authority.count == 2 ? String(authority[0]) : nil
        (host, port) = try Self.hostAndPort(place)
    }

    /// For messages: without name and password, whatever the text is.
    package static func withoutCredentials(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        // A password may hold what would end the authority.
        guard let at = rest.lastIndex(of: "@") else { return text }
        return text[..<scheme.upperBound] + "…" + text[at...]
    }

    private static func hostAndPort(_ place: Substring) throws(Problem) -> (String, Int?) {
        var host = place
        var number: Substring?
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { throw Problem(description: "its host has no ]") }
            host = place[place.index(after: place.startIndex)..<end]
            let behind = place[place.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw Problem(description: "its host cannot be read") }
            number = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = place.firstIndex(of: ":") {
            host = place[..<colon]
            number = place[place.index(after: colon)...]
        }
        guard !host.isEmpty else { throw Problem(description: "it has no host") }
        guard let number else { return (String(host), nil) }
        guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(number), (1...65535).contains(port)
        else { throw Problem(description: "the port must be 1 to 65535") }
        return (String(host), port)
    }

    /// Printable ASCII, but for what no address has unescaped.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        guard (0x21...0x7E).contains(byte) else { return false }
        return !#""<>\^`{|}"#.utf8.contains(byte)
    }
}
