/// Just enough XML for the conformance kit's files: elements by local name, attributes, text, comments, CDATA,
/// entities.
struct TestXML {
    var name = ""
    var attributes: [String: String] = [:]
    var children: [TestXML] = []
    var text = ""

    func first(_ name: String) -> TestXML? { children.first { $0.name == name } }
    func all(_ name: String) -> [TestXML] { children.filter { $0.name == name } }

    /// The root element.
    static func parse(_ source: String) -> TestXML? {
        var rest = source.utf8[...]
        var stack = [TestXML()]
        while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
            stack[stack.count - 1].text += decode(rest[..<open])
            rest = rest[open...]
            if rest.starts(with: "<!--".utf8) {
                rest = after("-->", in: rest)
            } else if rest.starts(with: "<![CDATA[".utf8) {
                let end = after("]]>", in: rest)
                stack[stack.count - 1].text += String(rest.dropFirst(9)[..<end.startIndex].dropLast(3)) ?? ""
                rest = end
            } else if rest.starts(with: "<?".utf8) || rest.starts(with: "<!".utf8) {
                rest = after(">", in: rest)
            } else {
                let end = endOfTag(rest)
                apply(tag: String(rest[..<end].dropFirst()) ?? "", to: &stack)
                rest = rest[end...].dropFirst()
            }
        }
        return stack[0].children.first
    }

    private static func apply(tag: String, to stack: inout [TestXML]) {
        if tag.hasPrefix("/") {
            let closed = stack.removeLast()
            stack[stack.count - 1].children.append(closed)
            return
        }
        let isEmpty = tag.hasSuffix("/")
        var element = TestXML()
        let body = isEmpty ? tag.dropLast() : tag[...]
        let nameEnd = body.firstIndex(where: \.isWhitespace) ?? body.endIndex
        element.name = local(body[..<nameEnd])
        var rest = body[nameEnd...]
        while let equals = rest.firstIndex(of: "="),
            let open = rest[equals...].firstIndex(where: { $0 == "\"" || $0 == "'" }),
            let close = rest[rest.index(after: open)...].firstIndex(of: rest[open])
        {
            let key = rest[..<equals].filter { !$0.isWhitespace }
            element.attributes[local(key[...])] = decode(String(rest[rest.index(after: open)..<close]).utf8[...])
            rest = rest[rest.index(after: close)...]
        }
        if isEmpty { stack[stack.count - 1].children.append(element) } else { stack.append(element) }
    }

    private static func local(_ name: Substring) -> String {
        String(name.split(separator: ":").last ?? "")
    }

    /// The `>` that is not inside quotes.
    private static func endOfTag(_ text: Substring.UTF8View) -> Substring.UTF8View.Index {
        var quote: UInt8?
        for index in text.indices {
            let byte = text[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return index
            }
        }
        return text.endIndex
    }

    private static func after(_ mark: String, in text: Substring.UTF8View) -> Substring.UTF8View {
        var rest = text
        while !rest.isEmpty, !rest.starts(with: mark.utf8) { rest = rest.dropFirst() }
        return rest.dropFirst(mark.utf8.count)
    }

    private static func decode(_ bytes: Substring.UTF8View) -> String {
        let text = String(bytes) ?? ""
        guard text.contains("&") else { return text }
        var parts = text.split(separator: "&", omittingEmptySubsequences: false)
        var result = String(parts.removeFirst())
        for part in parts {
            let end = part.firstIndex(of: ";") ?? part.startIndex
            let entity = part[..<end]
            switch entity {
            case "lt": result += "<"
            case "gt": result += ">"
            case "amp": result += "&"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                let code = entity.hasPrefix("#x") ? UInt32(entity.dropFirst(2), radix: 16) : UInt32(entity.dropFirst())
                if let scalar = code.flatMap({ Unicode.Scalar($0) }) { result.unicodeScalars.append(scalar) }
            }
            result += part[part.index(after: end)...]
        }
        return result
    }
}
