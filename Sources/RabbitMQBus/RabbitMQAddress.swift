/// Where the bus is and who we are there, from an AMQP URL:
/// `amqp://user:password@host:5672,other:5672/vhost?heartbeat=20`.
///
/// `amqps` verifies the server's certificate and name; `cacertfile`, `certfile` and `keyfile` are its parameters.
/// The password is in no description of it.
package struct RabbitMQAddress: Sendable, Hashable {
    package struct Host: Sendable, Hashable {
        package var name: String
        package var port: Int
    }

    package struct TLS: Sendable, Hashable {
        /// Of the authorities to trust.
        package var authorityFile = "/etc/ssl/certs/ca-certificates.crt"
        package var certificateFile: String?
        package var keyFile: String?
    }

    /// Tried in turn; at least one.
    package var hosts: [Host]
    package var user: String
    package var password: String
    package var virtualHost: String
    /// Nil without TLS.
    package var tls: TLS?
    package var heartbeatSeconds: Int?
}

/// What is wrong with an AMQP URL. Never quotes the URL, which holds a password.
package struct RabbitMQAddressError: Error, Hashable, CustomStringConvertible {
    package var description: String

    init(_ text: String) {
        description = "AMQP URL: \(text)"
    }
}

extension RabbitMQAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let places = hosts.map(\.description).joined(separator: ",")
        return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(places)/\(virtualHost == "/" ? "" : virtualHost)"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension RabbitMQAddress.Host: CustomStringConvertible {
    package var description: String { name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)" }
}

extension RabbitMQAddress {
    /// Reads an AMQP URL; white space around it is left out, as a file has a last line end.
    package init(url: String) throws(RabbitMQAddressError) {
        let text = url.drop { $0.isWhitespace }.trimmingEnd { $0.isWhitespace }
        let secure: Bool
        let rest: Substring
        if text.lowercased().hasPrefix("amqp://") {
            (secure, rest) = (false, text.dropFirst("amqp://".count))
        } else if text.lowercased().hasPrefix("amqps://") {
            (secure, rest) = (true, text.dropFirst("amqps://".count))
        } else {
            throw RabbitMQAddressError("must begin with amqp:// or amqps://")
        }
        let (beforeQuery, query) = rest.cut(at: "?")
        let (authority, path) = beforeQuery.cut(at: "/")
        var user = "guest"
        var password = "guest"
        var hostPart = authority
        // The last @: a careless password may hold another one.
        if let at = authority.lastIndex(of: "@") {
            let (userPart, passwordPart) = authority[..<at].cut(at: ":")
            user = try Self.decoded(userPart, what: "user")
            password = try Self.decoded(passwordPart ?? "", what: "password")
            hostPart = authority[authority.index(after: at)...]
        }
        self.init(
            hosts: try Self.hosts(hostPart, defaultPort: secure ? 5671 : 5672), user: user, password: password,
            // `amqp://host` and `amqp://host/` both mean RabbitMQ's default virtual host, whose name is a slash.
            virtualHost: try Self.decoded(path ?? "", what: "virtual host").ifEmpty("/"), tls: secure ? TLS() : nil)
        try readParameters(query ?? "")
        // They travel as C strings, and the names as AMQP short strings.
        for (value, what) in [(user, "user"), (password, "password"), (virtualHost, "virtual host")]
        where value.utf8.contains(0) || value.utf8.count > 255 {
            throw RabbitMQAddressError("the \(what) is longer than 255 bytes or holds a zero byte")
        }
    }

    private static func hosts(_ text: Substring, defaultPort: Int) throws(RabbitMQAddressError) -> [Host] {
        var hosts: [Host] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var name = part
            var portText: Substring?
            if part.hasPrefix("["), let end = part.firstIndex(of: "]") {
                name = part[part.index(after: part.startIndex)..<end]
                let after = part[part.index(after: end)...]
                guard after.isEmpty || after.hasPrefix(":") else {
                    throw RabbitMQAddressError("after the bracket of a host comes a colon and the port")
                }
                portText = after.isEmpty ? nil : after.dropFirst()
            } else {
                (name, portText) = part.cut(at: ":")
            }
            let decodedName = try decoded(name, what: "host")
            guard !decodedName.isEmpty, !decodedName.utf8.contains(0) else {
                throw RabbitMQAddressError("a host is missing")
            }
            var port = defaultPort
            if let portText {
                guard let number = Int(portText), (1...65535).contains(number) else {
                    throw RabbitMQAddressError("the port of \(decodedName) is not a number from 1 to 65535")
                }
                port = number
            }
            hosts.append(Host(name: decodedName, port: port))
        }
        return hosts
    }

    private mutating func readParameters(_ query: Substring) throws(RabbitMQAddressError) {
        for parameter in query.split(separator: "&") {
            let (name, rawValue) = parameter.cut(at: "=")
            let value = try Self.decoded(rawValue ?? "", what: "parameter \(name)")
            switch name {
            case "heartbeat":
                guard let seconds = Int(value), (1...3600).contains(seconds) else {
                    throw RabbitMQAddressError("heartbeat is not a number of seconds from 1 to 3600")
                }
                heartbeatSeconds = seconds
            case "cacertfile" where tls != nil: tls?.authorityFile = value
            case "certfile" where tls != nil: tls?.certificateFile = value
            case "keyfile" where tls != nil: tls?.keyFile = value
            case "cacertfile", "certfile", "keyfile":
                throw RabbitMQAddressError("\(name) needs amqps://")
            default:
                throw RabbitMQAddressError("unknown parameter \(name); known: heartbeat, cacertfile, certfile, keyfile")
            }
        }
        if let tls, (tls.certificateFile == nil) != (tls.keyFile == nil) {
            throw RabbitMQAddressError("certfile and keyfile go together")
        }
    }

    private static func decoded(_ text: Substring, what: String) throws(RabbitMQAddressError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                throw RabbitMQAddressError("a % in the \(what) is not followed by two hexadecimal digits")
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RabbitMQAddressError("the \(what) is not UTF-8")
        }
        return decoded
    }
}

extension Substring {
    /// The parts before and after the first separator; nil after it if there is none.
    fileprivate func cut(at separator: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }

    fileprivate func trimmingEnd(where predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}

extension String {
    fileprivate func ifEmpty(_ other: String) -> String { isEmpty ? other : self }
}
