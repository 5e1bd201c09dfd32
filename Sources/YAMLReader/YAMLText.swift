import OrderedCollections
package import Values

/// A value as YAML for people: block style, small objects and lists on one line, long texts as blocks.
///
/// Reading it again with `YAMLReader` gives an equal value. What could be read as anything but text is quoted.
package enum YAMLText {
    /// The longest line of a small object or list.
    private static let lineLimit = 100

    package static func text(_ value: Value) -> String {
        var text = ""
        write(value, indent: 0, to: &text)
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    /// Recursive, as values are. The position is at the beginning of a line, or behind `name:` or `-`.
    private static func write(_ value: Value, indent: Int, to text: inout String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for (name, member) in members {
                text += spaces(indent) + scalar(name) + ":"
                writeNested(member, indent: indent, isMember: true, to: &text)
            }
        case .list(let elements) where !elements.isEmpty:
            for element in elements {
                text += spaces(indent) + "-"
                writeNested(element, indent: indent, isMember: false, to: &text)
            }
        case .null, .bool, .number, .string, .list, .object: text += spaces(indent) + flow(value) + "\n"
        }
    }

    /// What follows a name or a dash.
    private static func writeNested(_ value: Value, indent: Int, isMember: Bool, to text: inout String) {
        if case .string(let string) = value, let block = block(string, indent: indent + 2) {
            text += block
            return
        }
        let line = flow(value)
        if isSmall(value), indent + line.utf8.count <= lineLimit {
            text += " " + line + "\n"
            return
        }
        switch value {
        case .object(let members) where !members.isEmpty && !isMember:
            // The first member stands behind the dash.
            var nested = ""
            write(value, indent: indent + 2, to: &nested)
            text += " " + nested.dropFirst(indent + 2)
        case .object(let members) where !members.isEmpty:
            text += "\n"
            write(value, indent: indent + 2, to: &text)
        case .list(let elements) where !elements.isEmpty:
            text += "\n"
            write(value, indent: indent + 2, to: &text)
        case .null, .bool, .number, .string, .list, .object: text += " " + line + "\n"
        }
    }

    /// A scalar, or an object or list of nothing but scalars and lists of scalars.
    private static func isSmall(_ value: Value) -> Bool {
        switch value {
        case .null, .bool, .number, .string: true
        case .list(let elements): elements.allSatisfy(isScalar)
        case .object(let members):
            members.values.allSatisfy { member in
                isScalar(member) || (member.listValue ?? [.object([:])]).allSatisfy(isScalar)
            }
        }
    }

    private static func isScalar(_ value: Value) -> Bool {
        switch value {
        case .null, .bool, .number, .string: true
        case .list, .object: false
        }
    }

    private static func flow(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.description
        case .string(let string): scalar(string)
        case .list(let elements): "[" + elements.map(flow).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(scalar($0.key)): \(flow($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    /// A text of several lines, kept as it is; nil if a block would not say it exactly.
    private static func block(_ string: String, indent: Int) -> String? {
        guard string.contains("\n"), !string.hasPrefix("\n"), !string.hasPrefix(" "), !string.hasSuffix("\n\n"),
            string.unicodeScalars.allSatisfy({ $0 == "\n" || ($0.value >= 0x20 && $0.value < 0x7F) })
        else { return nil }
        let endsWithBreak = string.hasSuffix("\n")
        let lines = (endsWithBreak ? string.dropLast() : string[...]).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.allSatisfy({ $0.last != " " }) else { return nil }
        let body = lines.map { $0.isEmpty ? "\n" : spaces(indent) + $0 + "\n" }.joined()
        return (endsWithBreak ? " |\n" : " |-\n") + body
    }

    private static let reserved: Set = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n",
    ]

    /// Bare where nothing else could be meant, else quoted as JSON, which YAML reads too.
    private static func scalar(_ string: String) -> String {
        let isBare =
            string.unicodeScalars.allSatisfy { isWord($0) || $0 == " " }
            && string.unicodeScalars.first.map { isLetter($0) } == true && string.last != " "
            && !reserved.contains(string.lowercased())
        if isBare { return string }
        var quoted = ""
        for scalar in JSON.string(string).text.unicodeScalars {
            if isUnprintable(scalar) {
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted
    }

    /// What YAML takes for the end of a line, or not at all, where JSON has it as it is.
    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || ("0"..."9").contains(scalar) || "_./-".unicodeScalars.contains(scalar)
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
