/// What the first bytes say about the encoding of an XML file.
enum XMLEncoding {
    /// The encoding that a byte order mark or the XML declaration names, if it is another; ASCII is a part of UTF-8.
    static func other(than expected: String, in document: [UInt8]) -> String? {
        let marks: [(bytes: [UInt8], name: String)] = [
            ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF], "UTF-32"), ([0xFF, 0xFE], "UTF-16"),
            ([0xFE, 0xFF], "UTF-16"),
            ([0x3C, 0, 0, 0], "UTF-32"), ([0, 0, 0, 0x3C], "UTF-32"), ([0x3C, 0], "UTF-16"), ([0, 0x3C], "UTF-16"),
            ([0x4C, 0x6F, 0xA7, 0x94], "EBCDIC"),
        ]
        for mark in marks where document.starts(with: mark.bytes) { return mark.name }
        guard let declared = declaredEncoding(document) else { return nil }
        let name = declared.uppercased()
        return [expected, "UTF8", "US-ASCII", "ASCII"].contains(name) ? nil : declared
    }

    /// The value of `encoding` in `<?xml … ?>`; nil without a declaration or without that attribute.
    private static func declaredEncoding(_ document: [UInt8]) -> String? {
        let body = document.starts(with: [0xEF, 0xBB, 0xBF]) ? document.dropFirst(3) : document[...]
        guard body.starts(with: Array("<?xml".utf8)) else { return nil }
        let head = body.prefix(512)
        guard let end = head.firstIndex(of: UInt8(ascii: "?"), after: head.startIndex + 2) else { return nil }
        let declaration = String(decoding: head[..<end], as: UTF8.self)
        guard let name = declaration.firstRange(of: "encoding") else { return nil }
        let rest = declaration[name.upperBound...].drop {
            $0 == " " || $0 == "=" || $0 == "\t" || $0 == "\n" || $0 == "\r"
        }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
        return String(rest.dropFirst().prefix { $0 != quote })
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}

extension ArraySlice<UInt8> {
    fileprivate func firstIndex(of byte: UInt8, after start: Int) -> Int? {
        guard start < endIndex else { return nil }
        return self[start...].firstIndex(of: byte)
    }
}
