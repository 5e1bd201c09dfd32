/// A URI or relative reference, split as RFC 3986 says. Reading never fails; `isValid` says whether the characters are legal.
struct URIReference: Hashable {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = Substring(text)
        if let hash = rest.firstIndex(of: "#") {
            fragment = String(rest[rest.index(after: hash)...])
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: ":"), Self.isScheme(rest[..<colon]) {
            scheme = rest[..<colon].lowercased()
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        path = String(rest)
    }

    var text: String {
        var text = scheme.map { "\($0):" } ?? ""
        if let authority { text += "//\(authority)" }
        text += path
        if let query { text += "?\(query)" }
        if let fragment { text += "#\(fragment)" }
        return text
    }

    var withoutFragment: URIReference {
        var copy = self
        copy.fragment = nil
        return copy
    }

    /// RFC 3986, section 5.2.2.
    func resolved(against base: URIReference) -> URIReference {
        var target = self
        if scheme != nil {
            target.path = Self.removingDotSegments(path)
            return target
        }
        target.scheme = base.scheme
        if authority != nil {
            target.path = Self.removingDotSegments(path)
            return target
        }
        target.authority = base.authority
        if path.isEmpty {
            target.path = base.path
            target.query = query ?? base.query
        } else if path.hasPrefix("/") {
            target.path = Self.removingDotSegments(path)
        } else if base.authority != nil, base.path.isEmpty {
            target.path = Self.removingDotSegments("/" + path)
        } else {
            let directory = base.path.lastIndex(of: "/").map { String(base.path[...$0]) } ?? ""
            target.path = Self.removingDotSegments(directory + path)
        }
        return target
    }

    private static func removingDotSegments(_ path: String) -> String {
        var output: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for (number, segment) in segments.enumerated() {
            let isLast = number == segments.count - 1
            switch segment {
            case ".":
                if isLast { output.append("") }
            case "..":
                if output.count > 1 || (output.count == 1 && !output[0].isEmpty) { output.removeLast() }
                if isLast { output.append("") }
            default:
                output.append(segment)
            }
        }
        return output.joined(separator: "/")
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first.isASCIILetter else { return false }
        return text.utf8.allSatisfy {
            $0.isASCIILetter || $0.isASCIIDigit
                || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains($0)
        }
    }

    /// The text with `%XX` decoded; nil if an escape is broken or the bytes are not UTF-8.
    static func percentDecoded(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexDigitValue, let low = rest.popFirst()?.hexDigitValue else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

// MARK: validity

extension URIReference {
    /// Whether every part has only the characters that RFC 3986 allows there.
    static func isValid(_ text: String, allowsRelative: Bool) -> Bool {
        let uri = URIReference(text)
        if uri.scheme == nil {
            guard allowsRelative else { return false }
            // In a relative reference, the first segment must not look like a scheme.
            let first = uri.path.prefix { $0 != "/" }
            if uri.authority == nil, first.contains(":") { return false }
        }
        if let authority = uri.authority, !isValidAuthority(authority) { return false }
        return hasOnly(uri.path, extra: "/:@") && hasOnly(uri.query ?? "", extra: "/:@?")
            && hasOnly(uri.fragment ?? "", extra: "/:@?")
    }

    private static func isValidAuthority(_ authority: String) -> Bool {
        var rest = authority[...]
        if let at = rest.lastIndex(of: "@") {
            guard hasOnly(rest[..<at], extra: ":") else { return false }
            rest = rest[rest.index(after: at)...]
        }
        var host = rest
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return false }
            let address = rest[rest.index(after: rest.startIndex)..<end]
            guard IPAddress.isV6(String(address)) || address.lowercased().hasPrefix("v") else { return false }
            rest = rest[rest.index(after: end)...]
            host = ""
            guard rest.isEmpty || rest.hasPrefix(":") else { return false }
        }
        if let colon = rest.lastIndex(of: ":") {
            guard rest[rest.index(after: colon)...].utf8.allSatisfy(\.isASCIIDigit) else { return false }
            if !host.isEmpty { host = rest[..<colon] }
        }
        return hasOnly(host, extra: "")
    }

    /// Unreserved characters, sub-delimiters, escapes, and the extra ones.
    private static func hasOnly(_ text: some StringProtocol, extra: StaticString) -> Bool {
        var escaped = 0
        for byte in text.utf8 {
            if escaped > 0 {
                guard byte.hexDigitValue != nil else { return false }
                escaped -= 1
            } else if byte == UInt8(ascii: "%") {
                escaped = 2
            } else if !byte.isASCIILetter, !byte.isASCIIDigit, !contains("-._~!$&'()*+,;=", byte),
                !contains(extra, byte)
            {
                return false
            }
        }
        return escaped == 0
    }

    private static func contains(_ characters: StaticString, _ byte: UInt8) -> Bool {
        characters.withUTF8Buffer { $0.contains(byte) }
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isASCIILetter: Bool { (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") }
    var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
