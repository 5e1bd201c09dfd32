package import Values

/// A value read from a file, and where each part of it stands: what a contract is read from.
package struct LocatedValue: Sendable {
    /// The file as the user named it; empty for what comes from a store.
    package var file: String
    package var value: Value
    /// By JSON Pointer (`/input/properties/preset`): where a member's name or a list's element begins.
    package var positions: [String: SourcePosition]

    package init(file: String = "", value: Value, positions: [String: SourcePosition] = [:]) {
        self.file = file
        self.value = value
        self.positions = positions
    }

    /// The position of the part a JSON Pointer names, else of the nearest part around it that has one.
    package func position(of pointer: String) -> SourcePosition {
        var pointer = pointer[...]
        while true {
            if let position = positions[String(pointer)] { return position }
            guard let slash = pointer.lastIndex(of: "/") else { return SourcePosition(line: 0, column: 0) }
            pointer = pointer[..<slash]
        }
    }
}

/// JSON Pointer, RFC 6901: its reference tokens, escaped and plain.
package enum JSONPointer {
    package static func appending(_ token: String, to pointer: String) -> String {
        pointer + "/" + escape(token)
    }

    package static func escape(_ token: String) -> String {
        guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
        var escaped = ""
        for scalar in token.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The tokens of a pointer; nil if it is not one.
    package static func tokens(of pointer: String) -> [String]? {
        if pointer.isEmpty { return [] }
        guard pointer.hasPrefix("/") else { return nil }
        var tokens: [String] = []
        for part in pointer.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let token = unescape(part) else { return nil }
            tokens.append(token)
        }
        return tokens
    }

    private static func unescape(_ part: Substring.UnicodeScalarView) -> String? {
        var token = ""
        var rest = part[...]
        while let scalar = rest.popFirst() {
            guard scalar == "~" else {
                token.unicodeScalars.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "0": token.append("~")
            case "1": token.append("/")
            default: return nil
            }
        }
        return token
    }

    /// As people write a field: `input.properties.preset`, `errors[0].code`.
    package static func dotted(_ pointer: String) -> String {
        var text = ""
        for token in tokens(of: pointer) ?? [pointer] {
            if !token.isEmpty, token.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
                text += "[\(token)]"
            } else {
                text += text.isEmpty ? token : ".\(token)"
            }
        }
        return text
    }
}
