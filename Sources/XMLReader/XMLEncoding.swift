/// The encodings that models come in: what the first bytes of a file say, and the way to UTF-8, in which it is parsed.
enum XMLEncoding: Sendable {
    case utf8
    case utf16(isBigEndian: Bool)
    /// ISO-8859-1: each byte is the character of its number.
    case latin1
    case windows1252
    /// By the name that the file gives it.
    case other(String)

    /// By a byte order mark, by how `<` is written, or by the XML declaration. ASCII is a part of UTF-8.
    init(of document: [UInt8]) {
        let marks: [(bytes: [UInt8], encoding: XMLEncoding)] = [
            ([0xFF, 0xFE, 0, 0], .other("UTF-32")), ([0, 0, 0xFE, 0xFF], .other("UTF-32")),
            ([0x3C, 0, 0, 0], .other("UTF-32")), ([0, 0, 0, 0x3C], .other("UTF-32")),
            ([0xFF, 0xFE], .utf16(isBigEndian: false)), ([0xFE, 0xFF], .utf16(isBigEndian: true)),
            ([0x3C, 0], .utf16(isBigEndian: false)), ([0, 0x3C], .utf16(isBigEndian: true)),
            ([0x4C, 0x6F, 0xA7, 0x94], .other("EBCDIC")),
        ]
        if let mark = marks.first(where: { document.starts(with: $0.bytes) }) {
            self = mark.encoding
            return
        }
        guard let declared = Self.declared(in: document) else {
            self = .utf8
            return
        }
        switch declared.uppercased() {
        case "UTF-8", "UTF8", "US-ASCII", "ASCII": self = .utf8
        case "ISO-8859-1", "ISO_8859-1", "ISO8859-1", "LATIN1", "LATIN-1": self = .latin1
        case "WINDOWS-1252", "CP1252", "CP-1252": self = .windows1252
        default: self = .other(declared)
        }
    }

    /// The document in UTF-8. Nil if it is not what its encoding allows, or in one that is not read.
    func utf8(_ document: [UInt8]) -> [UInt8]? {
        switch self {
        case .utf8: return document
        case .utf16(let isBigEndian): return Self.utf16(document, isBigEndian)
        case .latin1: return Self.recoded(document) { UInt16($0) }
        case .windows1252:
            return Self.recoded(document) { (0x80..<0xA0).contains($0) ? Self.quotes[Int($0) - 0x80] : UInt16($0) }
        case .other: return nil
        }
    }

    private static func recoded(_ document: [UInt8], _ unit: (UInt8) -> UInt16) -> [UInt8] {
        Array(String(decoding: document.map(unit), as: UTF16.self).utf8)
    }

    /// A byte order mark is left in: in UTF-8 it is one, too.
    private static func utf16(_ document: [UInt8], _ isBigEndian: Bool) -> [UInt8]? {
        guard document.count.isMultiple(of: 2) else { return nil }
        let units = stride(from: 0, to: document.count, by: 2).map { place in
            let (first, second) = (UInt16(document[place]), UInt16(document[place + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(units.count)
        let isBroken = transcode(units.makeIterator(), from: UTF16.self, to: UTF8.self, stoppingOnError: true) {
            bytes.append($0)
        }
        return isBroken ? nil : bytes
    }

    /// Windows-1252 from 0x80 to 0x9F; what it leaves open is a control character, as in ISO-8859-1.
    private static let quotes: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,
        0x017E, 0x0178,
    ]

    /// The value of `encoding` in `<?xml … ?>`; nil without a declaration or without that attribute.
    private static func declared(in document: [UInt8]) -> String? {
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
